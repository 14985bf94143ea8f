"""HTTP/1.1 octet by octet: what is asked, and answers cut anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import LinkBroken
from fenghuo_adapters.bound_http_framing import ANSWER_MOST, Answer, AnswerReader, Request, Where, where

OK = b"HTTP/1.1 202 Accepted\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nDone"


def read(*pieces: bytes, is_head: bool = False) -> Answer | None:
    """What the last piece makes whole."""
    reader = AnswerReader(is_head=is_head)
    found = None
    for piece in pieces:
        found = reader.feed(piece)
    return found


def test_a_request_carries_the_session_s_headers_and_its_own() -> None:
    """Its own win; the length is always told."""
    request = Request("POST", "http://10.99.0.2:8080/to/1?a=b", {"X": "2"}, "转".encode())
    expected = "POST /to/1?a=b HTTP/1.1\r\nHost: 10.99.0.2:8080\r\nX: 2\r\nA: b\r\nContent-Length: 3\r\n\r\n转".encode()
    assert sorted(expected.split(b"\r\n")) == sorted(request.octets({"X": "1", "A": "b"}).split(b"\r\n"))


def test_a_header_with_a_line_break_is_refused() -> None:
    """It would begin a header, or a request, of somebody else's choice."""
    with pytest.raises(ValueError, match="line break"):
        Request("POST", "http://h/", {"X": "1\r\nY: 2"}).octets()


def test_where_a_url_leads() -> None:
    """The port is that of the scheme, unless it is named."""
    assert Where("https", "h", 443) == where("https://h/x")
    assert Where("http", "10.99.0.2", 8080) == where("http://10.99.0.2:8080")


@given(st.lists(st.integers(0, len(OK)), max_size=6))
def test_an_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    """Segments end where they like."""
    places = [0, *sorted(cuts), len(OK)]
    answer = read(*(OK[start:end] for start, end in itertools.pairwise(places) if start < end))
    assert answer is not None
    assert (202, b"Done", True, "7") == (answer.status, answer.body, answer.keeps, answer.headers["retry-after"])


def test_an_interim_answer_is_none() -> None:
    """100 Continue, and then the answer. Source: RFC 9110 §15.2."""
    answer = read(b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n" + OK)
    assert answer is not None
    assert (202, False) == (answer.status, "x" in answer.headers)


def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    """Its length is that of the body which GET would bring."""
    answer = read(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", is_head=True)
    assert answer is not None
    assert (200, b"", True) == (answer.status, answer.body, answer.keeps)


def test_a_connection_that_the_far_end_closes_is_not_kept() -> None:
    """Connection: close, and HTTP/1.0."""
    for head in (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"):
        answer = read(head + b"Content-Length: 0\r\n\r\n")
        assert answer is not None
        assert not answer.keeps


def test_an_answer_that_ends_with_its_connection() -> None:
    """No length is told: the end is the end."""
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.0 200 OK\r\n\r\nDone") is None
    answer = reader.at_end()
    assert answer is not None
    assert (200, b"Done", False) == (answer.status, answer.body, answer.keeps)


def test_a_cut_answer_is_none() -> None:
    """Length says four, three came."""
    reader = AnswerReader()
    assert reader.feed(OK[:-1]) is None
    assert reader.at_end() is None


def test_a_long_answer_is_cut_and_costs_the_connection() -> None:
    """The status has spoken."""
    answer = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", b"x" * (ANSWER_MOST + 1))
    assert answer is not None
    assert (200, ANSWER_MOST, False) == (answer.status, len(answer.body), answer.keeps)


@given(st.binary(min_size=1, max_size=60))
def test_octets_that_are_no_http_end_the_connection(octets: bytes) -> None:
    """LinkBroken, or nothing whole."""
    try:
        assert read(octets) is None
    except LinkBroken:
        pass
