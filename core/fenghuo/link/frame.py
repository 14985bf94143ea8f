"""The head of a sealed frame: seven octets in the clear, all of them under the tag. Source: security.md §4.

version 2 bits | traffic 2 | wide 1 | kind 3 || key id 8 || source 8 || counter 32 || sealed payload || tag 4, 8 or 16
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError
from fenghuo.model.traffic import Traffic

__all__ = ["HEAD", "MAX_COUNTER", "VERSION", "FrameKind", "Head", "Purpose", "is_transferred", "purpose_of", "tag_octets"]

VERSION = 2
HEAD = 7  # octets
MAX_COUNTER = 2**32 - 1
_WIDE_TAG = 16


class FrameKind(IntEnum):
    """What a frame is, readable before it is opened and covered by its tag. The number stands on the air."""

    ALERT = 0
    DISPATCH = 1
    REPORT = 2
    REPLY = 3
    COMMAND = 4
    """Whatever actuates, releases, cancels or changes a mode."""
    CONTROL = 5
    """The link's own questions of freshness."""
    RECEIPT = 6
    TELEMETRY = 7


class Purpose(IntEnum):
    """What a key is for: each has its own key, counter and window, so that none can be used in another's place."""

    MESSAGE = 0
    COMMAND = 1
    CONTROL = 2
    RECEIPT = 3
    TELEMETRY = 4


_PURPOSES = {
    FrameKind.ALERT: Purpose.MESSAGE,
    FrameKind.DISPATCH: Purpose.MESSAGE,
    FrameKind.REPORT: Purpose.MESSAGE,
    FrameKind.REPLY: Purpose.MESSAGE,
    FrameKind.COMMAND: Purpose.COMMAND,
    FrameKind.CONTROL: Purpose.CONTROL,
    FrameKind.RECEIPT: Purpose.RECEIPT,
    FrameKind.TELEMETRY: Purpose.TELEMETRY,
}

# A forged receipt delays or hurries a repetition; anything else may move people. Guessing 4 octets at 9,600 bit/s takes years,
# guessing 8 takes more than 10^10.
_TAGS = {Purpose.MESSAGE: 8, Purpose.COMMAND: 8, Purpose.CONTROL: 8, Purpose.RECEIPT: 4, Purpose.TELEMETRY: 4}

_TRAFFIC = (Traffic.ACTUAL, Traffic.EXERCISE, Traffic.SYSTEM, Traffic.TEST)


def purpose_of(kind: FrameKind) -> Purpose:
    """The key that seals this kind."""
    return _PURPOSES[kind]


def tag_octets(kind: FrameKind, *, wide: bool = False) -> int:
    """Length of the tag: the kind alone decides, so no sender or forger can choose a shorter one. `wide`: 16, where it fits."""
    return _WIDE_TAG if wide else _TAGS[_PURPOSES[kind]]


def is_transferred(kind: FrameKind) -> bool:
    """Whether frames of this kind carry a piece of a transfer, which the far end acknowledges."""
    return kind <= FrameKind.COMMAND


class Head(msgspec.Struct, frozen=True):
    """The seven octets. `source`: node code of the sender, 1-255; `counter`: never used twice in a lane."""

    traffic: Traffic
    kind: FrameKind
    key_id: int
    source: int
    counter: int
    wide: bool = False

    @property
    def tag(self) -> int:
        return tag_octets(self.kind, wide=self.wide)

    def encode(self) -> bytes:
        first = VERSION << 6 | _TRAFFIC.index(self.traffic) << 4 | self.wide << 3 | self.kind
        return bytes((first, self.key_id, self.source)) + self.counter.to_bytes(4, "big")

    @classmethod
    def decode(cls, octets: bytes) -> Head:
        """The head of a frame. Raises: FrameError: cut off, or of a version that is not known here."""
        if len(octets) < HEAD:
            raise FrameError(f"a frame of {len(octets)} octets has no whole head", code="frame-short", where=str(len(octets)))
        first = octets[0]
        if first >> 6 != VERSION:
            raise FrameError(f"a frame of version {first >> 6}, and version {VERSION} is known here", code="frame-version", where="0")
        kind = FrameKind(first & 0x07)
        head = cls(_TRAFFIC[first >> 4 & 0x03], kind, octets[1], octets[2], int.from_bytes(octets[3:7], "big"), bool(first & 0x08))
        if len(octets) < HEAD + head.tag:
            raise FrameError(f"a frame of {len(octets)} octets has no whole tag", code="frame-short", where=str(len(octets)))
        return head
