"""RTP packets of G.711 A-law, 20 ms each: made and read. Pure.

Source: RFC 3550 §5.1 (header), RFC 3551 §4.5.14 and table 4 (PCMA, payload type 8, 8000 Hz, 20 ms).
"""

from __future__ import annotations

import struct

import msgspec

from fenghuo.errors import FrameError
from fenghuo_adapters.g711_framing import SILENCE

__all__ = ["PACKET_S", "SAMPLES", "WIRE_OCTETS", "RtpPacket", "RtpStream", "packets_of"]

SAMPLES, PACKET_S = 160, 0.02
PCMA = 8
_HEADER = struct.Struct(">BBHII")
_VERSION, _MARKER = 0x80, 0x80
WIRE_OCTETS = 20 + 8 + _HEADER.size + SAMPLES
"""Of one packet with the headers of IPv4 and UDP. Source: RFC 791, RFC 768."""


class RtpPacket(msgspec.Struct, frozen=True):
    """One packet as it came."""

    sequence: int
    timestamp: int
    source: int
    payload: bytes
    payload_type: int = PCMA
    marker: bool = False

    @classmethod
    def decode(cls, octets: bytes) -> RtpPacket:
        """Raises: FrameError: no RTP of version 2, or one that is shorter than it says."""
        if len(octets) < _HEADER.size or octets[0] >> 6 != 2:
            raise FrameError(f"no RTP: {octets[:4].hex()}", code="rtp-header")
        first, second, sequence, timestamp, source = _HEADER.unpack_from(octets)
        begin, end = _HEADER.size + 4 * (first & 0x0F), len(octets)
        if first & 0x10:
            begin = _behind_extension(octets, begin)
        if first & 0x20:
            end -= octets[-1]
        if begin > end:
            raise FrameError("an RTP packet is shorter than its header says", code="rtp-length")
        return cls(sequence, timestamp, source, octets[begin:end], second & 0x7F, bool(second & _MARKER))


def _behind_extension(octets: bytes, begin: int) -> int:
    if len(octets) < begin + 4:
        raise FrameError("an RTP extension is cut off", code="rtp-length")
    return begin + 4 + 4 * int.from_bytes(octets[begin + 2 : begin + 4], "big")


def packets_of(samples: int) -> int:
    """Packets for so many samples of one piece; the last one is filled up."""
    return -(-samples // SAMPLES)


class RtpStream:
    """One source: sequence and timestamp go on without a gap, from where chance put them. `source`: 32 bits, of this play alone."""

    def __init__(self, source: int, sequence: int, timestamp: int) -> None:
        self.source = source
        self._sequence = sequence
        self._timestamp = timestamp
        self._is_fresh = True

    def packet(self, octets: bytes) -> bytes:
        """The next 20 ms; what is missing of them is silence. The first after a pause is marked (RFC 3551 §4.1)."""
        payload = octets.ljust(SAMPLES, bytes((SILENCE,)))
        second = PCMA | (_MARKER if self._is_fresh else 0)
        head = _HEADER.pack(_VERSION, second, self._sequence, self._timestamp, self.source)
        self._sequence = self._sequence + 1 & 0xFFFF
        self._timestamp = self._timestamp + SAMPLES & 0xFFFFFFFF
        self._is_fresh = False
        return head + payload

    def pause(self, seconds: float) -> None:
        """Nothing is sent for so long: the timestamp goes on with the clock, the sequence waits."""
        self._timestamp = self._timestamp + round(seconds / PACKET_S) * SAMPLES & 0xFFFFFFFF
        self._is_fresh = True
