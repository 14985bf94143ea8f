"""What a frame costs on a medium, and how large a piece may be. Pure."""

from __future__ import annotations

import msgspec

from fenghuo.link.frame import FrameKind
from fenghuo.link.pieces import PIECE_HEAD
from fenghuo.link.seal import sealed_octets

__all__ = ["Air"]

# One bit in sixty-two of random octets follows five ones and is stuffed.
_STUFFED = 1.02


class Air(msgspec.Struct, frozen=True):
    """A medium, by default packet radio at 1,200 bit/s.

    `keying_s`: transmitter up and down, paid by each frame; `carrier`: octets that the bearer adds to a frame (AX.25: addresses,
    control, check, flags); `mtu`: octets of a sealed frame; `fragment_s`: longest that a frame may hold the medium, which is
    what a P0 may have to wait; `access_s`: how long a modem may take to get a free channel; `turnaround_s`: from the end of a
    frame to the start of the answer, in the far station.
    """

    bitrate: float = 1200.0
    keying_s: float = 0.4
    carrier: int = 20
    mtu: int = 256
    fragment_s: float = 2.0
    access_s: float = 0.5
    turnaround_s: float = 0.3

    def airtime_s(self, octets: int) -> float:
        """Seconds from key up to key down for a sealed frame of so many octets."""
        return self.keying_s + (octets + self.carrier) * 8 * _STUFFED / self.bitrate

    def room(self, kind: FrameKind) -> int:
        """Octets of a message in one frame; at least 16, however slow the medium."""
        in_time = int((self.fragment_s - self.keying_s) * self.bitrate / (8 * _STUFFED)) - self.carrier
        return max(16, min(self.mtu, in_time) - sealed_octets(kind, PIECE_HEAD))

    def answer_s(self) -> float:
        """From the end of our frame to the end of a receipt, if nobody is in the way."""
        return self.turnaround_s + self.access_s + self.receipt_s()

    def receipt_s(self) -> float:
        """Airtime of a receipt that names one transfer, and what is missing of another."""
        return self.airtime_s(sealed_octets(FrameKind.RECEIPT, 14))

    @property
    def margin_s(self) -> float:
        """What a receipt may be late before a poll is worth its airtime: another station's frame may have been in the way."""
        return max(1.0, self.fragment_s / 2)
