"""The narrow link: sealed frames, fragments with selective repeat, slotted answers, airtime. Sans-I/O: no clock, no wire, no disk."""

from __future__ import annotations

from fenghuo.link.counters import Counters, Grant, Wanted
from fenghuo.link.frame import FrameKind, Head, Purpose
from fenghuo.link.keys import KeyRing, Lane, Root
from fenghuo.link.seal import Cause, Kept, Opened, Opener, Plain, Refusal, Sealer
from fenghuo.link.suite import FrameCipher, KeyProvider, SoftwareKeys
from fenghuo.link.window import Window

__all__ = [
    "Cause",
    "Counters",
    "FrameCipher",
    "FrameKind",
    "Grant",
    "Head",
    "Kept",
    "KeyProvider",
    "KeyRing",
    "Lane",
    "Opened",
    "Opener",
    "Plain",
    "Purpose",
    "Refusal",
    "Root",
    "Sealer",
    "SoftwareKeys",
    "Wanted",
    "Window",
]
