from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters.at_framing import PROMPT, AtReader, Direct, Final, Stored, final_of, listed, news_of, registration_of, tells_a_change

DIALOGUE = b'AT+CMGS=23\r\r\n> \r\n+CMTI: "SM",3\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n'
LINES = ["AT+CMGS=23", PROMPT, '+CMTI: "SM",3', "+CMGS: 7", "OK"]


def test_a_dialogue_is_lines_and_a_prompt() -> None:
    """The prompt has no end of its own, and is told at once."""
    reader = AtReader()
    assert LINES[:2] == reader.feed(DIALOGUE[:15])
    assert LINES[2:] == reader.feed(DIALOGUE[15:])


@given(st.lists(st.integers(0, len(DIALOGUE)), max_size=8))
def test_however_it_is_cut_it_is_the_same_dialogue(cuts: list[int]) -> None:
    """Octets come as they come."""
    reader, at = AtReader(), 0
    read: list[str] = []
    for cut in [*sorted(cuts), len(DIALOGUE)]:
        read += reader.feed(DIALOGUE[at:cut])
        at = cut
    assert LINES == read


def test_noise_without_an_end_is_dropped() -> None:
    """A wrong baud rate fills no memory, and the next line is whole."""
    reader = AtReader()
    assert [] == reader.feed(b"\xff" * 5000)
    assert ["OK"] == reader.feed(b"\r\nOK\r\n")


@pytest.mark.parametrize(
    ("line", "code"),
    [("OK", ""), ("ERROR", "error"), ("+CMS ERROR: 331", "cms-331"), ("+CME ERROR:10", "cme-10"), ("NO CARRIER", "no-carrier"),
     ("+CMS ERROR: No network service", "cms-no network service"), ("+CMS ERROR: ", "cms-?")],
)  # fmt: skip
def test_a_result_ends_a_command(line: str, code: str) -> None:
    """Numbers as words, and modems that leave either out."""
    assert Final(code) == final_of(line)


@pytest.mark.parametrize("line", ["+CMGS: 7", "OKAY", "0006AB", "+CSQ: 9,99"])
def test_an_answer_is_no_result(line: str) -> None:
    """It goes on."""
    assert final_of(line) is None


@pytest.mark.parametrize(
    ("line", "news"),
    [('+CMTI: "SM",3', Stored("SM", 3)), ("+CDSI: SR,12", Stored("SR", 12)), ('+CMT: "",24', Direct('+CMT: "",24')),
     ("+CDS: 24", Direct("+CDS: 24")), ("+CMGL: 1,1,,24", None), ("+CSQ: 9,99", None)],
)  # fmt: skip
def test_arrivals_are_told_whatever_is_asked(line: str, news: Stored | Direct | None) -> None:
    """TS 27.005 §3.4.1: stored ones by place, others with their PDU."""
    assert news == news_of(line)


def test_what_we_stored_to_send_is_not_listed() -> None:
    """States 2 and 3 are ours: they are left alone."""
    lines = ("+CMGL: 1,0,,24", "AA", "+CMGL: 2,2,,24", "BB", "+CMGL: 5,1,,24", "CC")
    assert [(1, "AA"), (5, "CC")] == listed(lines)
    assert [(None, "DD")] == listed(("+CMGR: 1,,24", "DD"))


@pytest.mark.parametrize(
    ("line", "stat"),
    [("+CREG: 0,1", 1), ("+CREG: 5", 5), ('+CREG: 2,1,"00A1","0102"', 1), ('+CREG: 1,"00A1","0102"', 1), ("+CEREG: 0,0", 0),
     ("+CREG: ", None), ("+CSQ: 1", None)],
)  # fmt: skip
def test_the_registration_is_read_asked_and_unasked(line: str, stat: int | None) -> None:
    """Asked it has the mode first, unasked the stat (TS 27.007 §7.2)."""
    assert stat == registration_of(line)


@pytest.mark.parametrize(
    ("line", "is_change"),
    [("+CREG: 0", True), ('+CEREG: 1,"00A1","0102"', True), ("+CREG: 0,1", False), ('+CREG: 2,1,"00A1"', False), ("+CREG: ", False),
     ("+CSQ: 1", False)],
)  # fmt: skip
def test_a_change_of_registration_is_told_from_an_answer(line: str, is_change: bool) -> None:
    """By its shape: an answer begins with the mode of telling."""
    assert is_change == tells_a_change(line)
