"""The compact frame as the link carries it: one head octet in the open, and a body. Source: docs/compact-frame.md §2."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError
from fenghuo.model.traffic import Action, Kind, Traffic

__all__ = ["CompactKind", "Frame", "Rung"]


class Rung(IntEnum):
    """How much of a message is said. FULL: all of it; CORE: no description; LINE: one line to act on; CODE: figures only."""

    FULL = 0
    CORE = 1
    LINE = 2
    CODE = 3


class CompactKind(IntEnum):
    """What the body is: a message, by kind and action, or an answer to one."""

    ALERT = 0
    ALERT_UPDATE = 1
    ALERT_CANCEL = 2
    DISPATCH = 3
    DISPATCH_UPDATE = 4
    DISPATCH_CANCEL = 5
    REPORT = 6
    REPORT_UPDATE = 7
    REPORT_CANCEL = 8
    REPLY = 9
    REPLY_UPDATE = 10
    REPLY_CANCEL = 11
    ALERT_ACK = 12
    ALERT_ERROR = 13
    RECEIPT = 14
    BITMAP = 15

    @classmethod
    def of(cls, kind: Kind, action: Action) -> CompactKind:
        """The kind of a message's frame. Raises: FrameError("not-carried") for an Ack or Error of anything but an alert."""
        found = _BY_MEANING.get((kind, action))
        if found is None:
            raise FrameError(f"a {kind} with the action {action} has no compact frame", code="not-carried")
        return found

    @property
    def meaning(self) -> tuple[Kind, Action] | None:
        """Kind and action of a message; None for a receipt."""
        return _MEANINGS.get(self)

    @property
    def is_message(self) -> bool:
        """Whether the body is a message, and not a receipt or a bitmap of receipts."""
        return self in _MEANINGS


_MEANINGS = {
    CompactKind(3 * at + step): (kind, action)
    for at, kind in enumerate((Kind.ALERT, Kind.DISPATCH, Kind.REPORT, Kind.REPLY))
    for step, action in enumerate((Action.NEW, Action.UPDATE, Action.CANCEL))
} | {CompactKind.ALERT_ACK: (Kind.ALERT, Action.ACK), CompactKind.ALERT_ERROR: (Kind.ALERT, Action.ERROR)}
_BY_MEANING = {meaning: kind for kind, meaning in _MEANINGS.items()}
_TRAFFIC = (Traffic.ACTUAL, Traffic.EXERCISE, Traffic.SYSTEM, Traffic.TEST)


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What the codec gives to the link and takes from it. The head goes into the authenticated header, or before the body."""

    kind: CompactKind
    traffic: Traffic
    rung: Rung
    body: bytes

    @property
    def head(self) -> int:
        """Kind (4 bits), traffic (2), rung (2) as one octet: never compressed, so that a receiver judges before it reads."""
        return self.kind << 4 | _TRAFFIC.index(self.traffic) << 2 | self.rung

    @classmethod
    def from_head(cls, head: int, body: bytes) -> Frame:
        """The frame with this head octet; every value of an octet is one."""
        return cls(CompactKind(head >> 4 & 15), _TRAFFIC[head >> 2 & 3], Rung(head & 3), body)

    def octets(self) -> bytes:
        """Head and body in one string, for carriers that have no header of their own."""
        return bytes((self.head,)) + self.body

    @classmethod
    def from_octets(cls, octets: bytes) -> Frame:
        """What octets() wrote. Raises: FrameError("truncated") if there is no octet at all."""
        if not octets:
            raise FrameError("a frame of no octets", code="truncated", where="bit 0")
        return cls.from_head(octets[0], octets[1:])
