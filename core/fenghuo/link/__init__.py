"""The narrow link: sealed frames, fragments with selective repeat, slotted answers, airtime. Sans-I/O: no clock, no wire, no disk.

`Station` is one post on one medium; docs/narrow-link.md says what goes over the air, octet by octet.
"""

from __future__ import annotations

from fenghuo.link.air import Air
from fenghuo.link.counters import Grant, Reservation, Wanted
from fenghuo.link.disk import Disk
from fenghuo.link.events import Apart, Changes, Delivered, Event, Finished, Frame, Hostile, Measured, NotTaken, Reached, Tallied, Unreached
from fenghuo.link.frame import FrameKind, Head, Purpose
from fenghuo.link.keys import KeyRing, Lane, Root
from fenghuo.link.ledger import Aired, Caps, Ledger, Ledgers
from fenghuo.link.parcels import Ending, Incoming, Outgoing, Parcel
from fenghuo.link.receipts import Tally
from fenghuo.link.seal import Cause, Kept
from fenghuo.link.station import Memory, Station
from fenghuo.link.suite import FrameCipher, KeyProvider, SoftwareKeys
from fenghuo.link.window import Window

__all__ = [
    "Air",
    "Aired",
    "Apart",
    "Caps",
    "Cause",
    "Changes",
    "Delivered",
    "Disk",
    "Ending",
    "Event",
    "Finished",
    "Frame",
    "FrameCipher",
    "FrameKind",
    "Grant",
    "Head",
    "Hostile",
    "Incoming",
    "Kept",
    "KeyProvider",
    "KeyRing",
    "Lane",
    "Ledger",
    "Ledgers",
    "Measured",
    "Memory",
    "NotTaken",
    "Outgoing",
    "Parcel",
    "Purpose",
    "Reached",
    "Reservation",
    "Root",
    "SoftwareKeys",
    "Station",
    "Tallied",
    "Tally",
    "Unreached",
    "Wanted",
    "Window",
]
