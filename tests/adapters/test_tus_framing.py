"""Uploads by tus 1.0 as octets: what we ask, and what an answer may say. Source: tus.io, protocol 1.0.0."""

from __future__ import annotations

import pytest

from fenghuo.errors import FrameError
from fenghuo_adapters.bound_http_framing import Answer
from fenghuo_adapters.tus_framing import Declined, Gone, asking, confirmed, creating, elsewhere, made, patching

URL = "http://10.99.0.2:1080/files/"


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", keeps=True)


def test_an_upload_is_made_with_its_size_and_what_it_is() -> None:
    """Creation: POST with Upload-Length, and metadata as names with base64."""
    octets = creating(URL, 100, {"filename": "堤.jpg", "sha256": "ab"}).octets()
    assert octets == (
        b"POST /files/ HTTP/1.1\r\nHost: 10.99.0.2:1080\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 100\r\n"
        b"Upload-Metadata: filename 5aCkLmpwZw==,sha256 YWI=\r\nContent-Length: 0\r\n\r\n"
    )


def test_the_offset_is_asked_for_and_octets_are_put_behind_it() -> None:
    """Core protocol: HEAD, and PATCH of application/offset+octet-stream."""
    assert b"HEAD /files/7 HTTP/1.1\r\nHost: 10.99.0.2:1080\r\nTus-Resumable: 1.0.0\r\n\r\n" == asking(f"{URL}7").octets()
    assert patching(f"{URL}7", 70, b"abc").octets() == (
        b"PATCH /files/7 HTTP/1.1\r\nHost: 10.99.0.2:1080\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 70\r\n"
        b"Content-Type: application/offset+octet-stream\r\nContent-Length: 3\r\n\r\nabc"
    )


@pytest.mark.parametrize(
    ("location", "place"),
    [(f"{URL}7", f"{URL}7"), ("/files/7", f"{URL}7"), ("7", f"{URL}7"), ("//10.99.0.2:1080/u/7", "http://10.99.0.2:1080/u/7")],
)
def test_its_place_is_what_the_far_end_says(location: str, place: str) -> None:
    """Absolute or relative, as RFC 9110 §10.2.2 has it."""
    assert place == made(answer(201, location=location), URL)


@pytest.mark.parametrize(
    "location",
    ["http://10.99.0.3:1080/files/7", "https://10.99.0.2:1080/7", "http://10.99.0.2/7", "ftp://10.99.0.2/7", "http://h:x/", "", "7 8"],
)
def test_a_place_on_another_host_is_none(location: str) -> None:
    """Each request carries our secret, which is for this host alone; and no request line can be made of a name with a space."""
    with pytest.raises(FrameError, match="is no place on the host of"):
        made(answer(201, location=location), URL)


@pytest.mark.parametrize(
    ("status", "kind"), [(413, Declined), (415, Declined), (400, Declined), (401, FrameError), (200, FrameError), (503, FrameError)]
)
def test_an_upload_that_is_not_made_is_declined_or_asked_for_again(status: int, kind: type[FrameError]) -> None:
    """What is too large stays so; a wrong secret or a server in trouble may be mended."""
    with pytest.raises(FrameError, match=f"the far end answered {status}") as refusal:
        made(answer(status, location="7"), URL)
    assert kind is refusal.type


def test_what_the_far_end_has_is_its_word() -> None:
    """By HEAD with the length, by PATCH without it."""
    assert (0, 70, 100) == (
        confirmed(answer(200, upload_offset="0", upload_length="100"), 100),
        confirmed(answer(200, upload_offset="70", upload_length="100"), 100),
        confirmed(answer(204, upload_offset="100"), 100),
    )


@pytest.mark.parametrize("offset", ["101", "-1", "", "1e2", "٣", "9" * 40])
def test_an_offset_that_cannot_be_is_not_believed(offset: str) -> None:
    """Past the end, no number, or none at all."""
    with pytest.raises(FrameError, match="of 100 octets"):
        confirmed(answer(204, upload_offset=offset), 100)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(404), Gone),
        (answer(410), Gone),
        (answer(200, upload_offset="3", upload_length="99"), Gone),
        (answer(409), FrameError),
        (answer(423), FrameError),
        (answer(500), FrameError),
    ],
)
def test_an_upload_that_is_not_there_is_begun_anew_and_any_other_trouble_waits(said: Answer, kind: type[FrameError]) -> None:
    """One of another length is not ours, whoever it belongs to; a conflict or a lock is asked about again."""
    with pytest.raises(FrameError) as refusal:
        confirmed(said, 100)
    assert kind is refusal.type


def test_an_upload_is_found_by_another_address_of_its_server() -> None:
    """Below the place where uploads are made it is below the other one; beside it, at the same path."""
    by = ("http://10.98.0.2:80/files", "http://10.99.0.2:81/pictures/")
    assert "http://10.99.0.2:81/pictures/7?a=b" == elsewhere("http://10.98.0.2:80/files/7?a=b", *by)
    assert "http://10.99.0.2:81/kept/7?a=b" == elsewhere("http://10.98.0.2:80/kept/7?a=b", *by)
