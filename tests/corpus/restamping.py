"""Real alerts made fit to be sent today, each under an identifier of its own."""

from __future__ import annotations

import re
from datetime import datetime

from fenghuo.rig import stamping

__all__ = ["restamped", "with_fact"]


def restamped(raw: bytes, taken: set[bytes], *, now: datetime) -> bytes:
    """The document as if its first alert were sent at `now`; identifiers in `taken` get a tail, and its own are added there."""

    def unique(name: bytes) -> bytes:
        while name in taken:
            name += b"-again"
        taken.add(name)
        return name

    return stamping.restamped(raw, now=now, rename=unique)


def with_fact(raw: bytes, name: str, value: str) -> bytes:
    """The document with another value in its first element of this name."""
    pattern = re.compile(rf"(<(?:\w+:)?{name}\s*>)[^<]*".encode())
    return pattern.sub(lambda match: match[1] + value.encode(), raw, count=1)
