"""Reading what the user named: a file or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from fenghuo.errors import FormatError

__all__ = ["raw_of"]

# Above the intake's own limit (4 MiB), so that the daemon's refusal is the one that is read; below what fills the memory.
LONGEST = 6 * 1024 * 1024


def raw_of(file: str) -> bytes:
    """The bytes of FILE, `-` for stdin. Raises: FormatError, a sentence, when it cannot be read or is far too long."""
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LONGEST + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(LONGEST + 1)
    except OSError as error:
        raise FormatError(f"{file} cannot be read: {error.strerror or error}", code="unreadable", where=file) from error
    if len(raw) > LONGEST:
        raise FormatError(f"{file} is longer than {LONGEST} octets, which no message may be", code="too-large", where=file)
    return raw
