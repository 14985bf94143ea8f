"""A PIN before it is given, and what may be remembered of one that a SIM has refused, so that it is never given a third time. Pure."""

from __future__ import annotations

import hashlib
import re

__all__ = ["pin_fault", "trace_of"]


def pin_fault(pin: str) -> str:
    """Why this is no PIN, to go on after the name of its file; empty when it is one. Source: TS 31.101 §9.1, 4 to 8 digits."""
    return "" if re.fullmatch(r"\d{4,8}", pin, re.ASCII) else "holds no PIN; it must be 4 to 8 digits and nothing else"


def trace_of(pin: str) -> str:
    """One octet of a digest: enough to see that the file was changed, and too little to find the PIN by."""
    return hashlib.blake2b(pin.encode(), digest_size=1, person=b"fenghuo-pin").hexdigest()
