"""An alert of another day made fit to be sent now: times moved with their durations kept, every octet else as it came."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

__all__ = ["restamped"]

# The facts that say when, in any dialect of namespace prefix; octets, because the files come in several encodings.
TIMES = re.compile(rb"(<(?:\w+:)?(?:sent|effective|onset|expires)\s*>\s*)([^<\s]+)(\s*<)")
SENT = re.compile(rb"<(?:\w+:)?sent\s*>\s*([^<\s]+)\s*<")
IDENTIFIER = re.compile(rb"(<(?:\w+:)?identifier\s*>\s*)([^<]*?)(\s*</(?:\w+:)?identifier)")


def restamped(raw: bytes, *, now: datetime, rename: Callable[[bytes], bytes]) -> bytes:
    """The document as if its first alert were sent at `now`, each identifier given anew by `rename`.

    A document without a readable `sent` comes back as it is; so does each instant that is none or has no zone.
    """
    sent = SENT.search(raw)
    start = _instant(sent[1]) if sent else None
    if start is None:
        return raw
    first = start

    def moved(match: re.Match[bytes]) -> bytes:
        at = _instant(match[2])
        return match[0] if at is None else match[1] + _like(now + (at - first), match[2]) + match[3]

    return IDENTIFIER.sub(lambda match: match[1] + rename(match[2]) + match[3], TIMES.sub(moved, raw))


def _instant(text: bytes) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _like(at: datetime, original: bytes) -> bytes:
    """An instant in the zone of the original and to the second, as CAP wants it (CAP 1.2 §3.3.2)."""
    zone = _instant(original)
    assert zone is not None
    return at.astimezone(zone.tzinfo).replace(microsecond=0).isoformat().encode()
