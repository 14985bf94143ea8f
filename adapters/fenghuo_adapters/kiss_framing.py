"""KISS: how a packet-radio controller (TNC) and its host hand each other frames on a byte stream.

Source: M. Chepponis K3MC, P. Karn KA9Q, "The KISS TNC", 1987. KISS has no check sum: a frame with a broken escape is dropped,
never guessed, and the next FEND starts afresh.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError

__all__ = ["FEND", "MAX_FRAME", "Command", "KissDecoder", "KissFrame"]

FEND, FESC, TFEND, TFESC = 0xC0, 0xDB, 0xDC, 0xDD

# Octets of one frame before escaping: the largest AX.25 frame with ten addresses and 256 octets of information is 328.
# Without a limit a stream of noise that never holds a FEND would fill the memory.
MAX_FRAME = 512

_ESCAPED = {FEND: bytes((FESC, TFEND)), FESC: bytes((FESC, TFESC))}
_PLAIN = {TFEND: FEND, TFESC: FESC}


class Command(IntEnum):
    """What the low half of the type octet asks of the TNC. Source: The KISS TNC, §4."""

    DATA = 0
    TXDELAY = 1
    PERSISTENCE = 2
    SLOT_TIME = 3
    TX_TAIL = 4
    FULL_DUPLEX = 5
    HARDWARE = 6


class KissFrame(msgspec.Struct, frozen=True):
    """One KISS frame: the TNC's radio port (0-15), the command (0-15) and its octets, not escaped."""

    data: bytes
    command: int = Command.DATA
    port: int = 0

    def encode(self) -> bytes:
        """The frame as it goes on the wire, between two FENDs. Raises: FrameError: a field is out of range or too long."""
        if not (0 <= self.port <= 15 and 0 <= self.command <= 15):
            raise FrameError(f"KISS port {self.port} and command {self.command} must each be 0 to 15", code="kiss-type")
        if len(self.data) >= MAX_FRAME:
            raise FrameError(f"a KISS frame of {len(self.data)} octets is longer than {MAX_FRAME - 1}", code="kiss-too-long")
        body = bytes((self.port << 4 | self.command,)) + self.data
        escaped = b"".join(_ESCAPED.get(octet, bytes((octet,))) for octet in body)
        return bytes((FEND,)) + escaped + bytes((FEND,))


class KissDecoder:
    """Bytes in, whole frames out, in any cut; what does not hold together is dropped and counted in `dropped`."""

    def __init__(self) -> None:
        self.dropped = 0
        self._body = bytearray()
        self._is_escaped = False
        self._is_damaged = False
        self._is_in_step = False  # from the first FEND on: before it we may have come in the middle of a frame

    def feed(self, data: bytes) -> list[KissFrame]:
        """The frames that `data` completes, in order. Never raises, whatever the bytes."""
        frames: list[KissFrame] = []
        for octet in data:
            if octet == FEND:
                frames.extend(self._end())
            elif self._is_in_step and not self._is_damaged:
                self._take(octet)
        return frames

    def _take(self, octet: int) -> None:
        if self._is_escaped:
            self._is_escaped = False
            self._is_damaged = octet not in _PLAIN
            self._body.append(_PLAIN.get(octet, octet))
        elif octet == FESC:
            self._is_escaped = True
        else:
            self._body.append(octet)
        self._is_damaged = self._is_damaged or len(self._body) > MAX_FRAME

    def _end(self) -> list[KissFrame]:
        """Close the frame at a FEND; two FENDs in a row enclose nothing, which is lawful and no frame."""
        body, is_whole = bytes(self._body), not (self._is_damaged or self._is_escaped)
        self._body.clear()
        self._is_escaped = self._is_damaged = False
        self._is_in_step = True
        self.dropped += not is_whole
        return [KissFrame(body[1:], command=body[0] & 0x0F, port=body[0] >> 4)] if body and is_whole else []
