"""Real alerts made fit to be sent today: times moved with their durations kept, identifiers made unique, every octet else as it came."""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["restamped", "with_fact"]

# The facts that say when, in any dialect of namespace prefix; octets, because the files come in several encodings.
TIMES = re.compile(rb"(<(?:\w+:)?(?:sent|effective|onset|expires)\s*>\s*)([^<\s]+)(\s*<)")
SENT = re.compile(rb"<(?:\w+:)?sent\s*>\s*([^<\s]+)\s*<")
IDENTIFIER = re.compile(rb"(<(?:\w+:)?identifier\s*>\s*)([^<]*?)(\s*</(?:\w+:)?identifier)")


def restamped(raw: bytes, taken: set[bytes], *, now: datetime) -> bytes:
    """The document as if its first alert were sent at `now`; identifiers in `taken` get a tail, and its own are added there."""
    sent = SENT.search(raw)
    start = _instant(sent[1]) if sent else None
    if start is None:
        return raw
    first = start

    def moved(match: re.Match[bytes]) -> bytes:
        at = _instant(match[2])
        return match[0] if at is None else match[1] + _like(now + (at - first), match[2]) + match[3]

    def unique(match: re.Match[bytes]) -> bytes:
        name = match[2]
        while name in taken:
            name += b"-again"
        taken.add(name)
        return match[1] + name + match[3]

    return IDENTIFIER.sub(unique, TIMES.sub(moved, raw))


def with_fact(raw: bytes, name: str, value: str) -> bytes:
    """The document with another value in its first element of this name."""
    pattern = re.compile(rf"(<(?:\w+:)?{name}\s*>)[^<]*".encode())
    return pattern.sub(lambda match: match[1] + value.encode(), raw, count=1)


def _instant(text: bytes) -> datetime | None:
    """An instant with zone; None for what is none, which stays as it is."""
    try:
        at = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _like(at: datetime, original: bytes) -> bytes:
    """An instant in the zone of the original and to the second, as CAP wants it."""
    zone = _instant(original)
    assert zone is not None
    return at.astimezone(zone.tzinfo).replace(microsecond=0).isoformat().encode()
