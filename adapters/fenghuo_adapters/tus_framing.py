"""Uploads that go on where they broke off: the core protocol and creation of tus 1.0 as requests and answers of HTTP. No I/O.

Source: tus resumable upload protocol 1.0.0 (tus.io), Core Protocol and Creation. Whatever the far end may not say is a sentence.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from fenghuo.errors import FrameError
from fenghuo_adapters.bound_http_framing import Answer, Request, Where, where

__all__ = ["VERSION", "Declined", "Gone", "asking", "confirmed", "creating", "elsewhere", "made", "patching"]

VERSION = "1.0.0"
_RESUMABLE = {"Tus-Resumable": VERSION}
_CREATED, _NO_CONTENT, _OK = 201, 204, 200
_NEVER = frozenset({400, 413, 415, 422})
_GONE = frozenset({404, 410})
_MOST_DIGITS = 12


class Declined(FrameError):
    """The far end will not take it, however often it is asked."""


class Gone(FrameError):
    """The far end knows nothing of this upload, or not any more: it is begun anew."""


def creating(url: str, size: int, metadata: Mapping[str, str]) -> Request:
    """Ask for an upload of `size` octets to be made at `url`. Names of metadata: ASCII without spaces and commas."""
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    return Request("POST", url, {**_RESUMABLE, "Upload-Length": str(size), "Upload-Metadata": pairs})


def asking(place: str) -> Request:
    """Ask how many octets of an upload the far end has."""
    return Request("HEAD", place, _RESUMABLE)


def patching(place: str, offset: int, octets: bytes) -> Request:
    """Octets of an upload from `offset` on."""
    headers = {**_RESUMABLE, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return Request("PATCH", place, headers, octets)


def made(answer: Answer, url: str) -> str:
    """The place of the upload that was made. Raises: Declined; FrameError: none was made, or at another host, which is not given our
    secret."""
    if answer.status in _NEVER:
        raise Declined(f"the far end answered {answer.status}: it does not take this upload", code="declined")
    if answer.status != _CREATED:
        raise FrameError(f"the far end answered {answer.status} where an upload was to be made", code="not-made")
    said = answer.headers.get("location", "")
    place = urljoin(url, said)
    if not said or not place.isascii() or any(mark.isspace() for mark in place) or _whom(place) != where(url):
        raise FrameError(f"the far end made an upload at {said[:200]!r}, which is no place on the host of {url}", code="bad-place")
    return place


def confirmed(answer: Answer, size: int) -> int:
    """How many octets of `size` the far end says that it has. Raises: Gone; FrameError: it says no such number."""
    if answer.status in _GONE:
        raise Gone(f"the far end answered {answer.status}: it has no such upload", code="gone")
    if answer.status not in {_OK, _NO_CONTENT}:
        raise FrameError(f"the far end answered {answer.status} where an offset was to be confirmed", code="not-confirmed")
    length = answer.headers.get("upload-length", str(size))
    if length != str(size):
        raise Gone(f"the upload there is of {length[:20]} octets and not of {size}", code="gone")
    said = answer.headers.get("upload-offset", "")
    if not (said.isascii() and said.isdigit()) or len(said) > _MOST_DIGITS or int(said) > size:
        raise FrameError(f"the far end confirmed {said[:20]!r} of {size} octets", code="bad-offset")
    return int(said)


def elsewhere(place: str, of: str, to: str) -> str:
    """Where the upload `place`, which was made at the address `of` of a server, is by its other address `to`: what follows the one follows
    the other, and what lies beside it has the same path on the other host."""
    lead = of.rstrip("/") + "/"
    if place.startswith(lead):
        return to.rstrip("/") + "/" + place.removeprefix(lead)
    parts = urlsplit(place)
    return urljoin(to, parts.path + (f"?{parts.query}" if parts.query else ""))


def _whom(place: str) -> Where | None:
    try:
        return where(place)
    except (KeyError, ValueError):
        return None
