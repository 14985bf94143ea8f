"""HRNP and TMP: how a dispatcher and a DMR radio or gateway hand each other text messages. Octets in, values out; no I/O.

HRNP wraps one HDAP message a frame: 7E, version 04, block, operation, source, destination, packet number (2), length of all (2), check (2).
HDAP: service, flags, operation, length (2), payload, check, 03. TMP (service 09): request (4), destination (4), source (4), then text in
UTF-16LE or a result. A radio is 10.x.y.z with its number in x.y.z; a group is its number alone. No standard is public: the forms are
those that implementations agree on.
"""

from __future__ import annotations

import struct
from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError

__all__ = ["MAX_NUMBER", "Frame", "Operation", "Result", "StreamDecoder", "Tmp", "TmpKind"]

HEADER = 0x7E
VERSION = 4
_HEAD = struct.Struct(">BBBBBBHHH")
_LONGEST = 4096
"""Octets of a frame: without a limit a stream of noise would make us wait for 64 KiB that never come."""

SERVICE_TMP = 0x09
_RELIABLE, _NO_ACK, _HAS_OPTION = 0x80, 0x80, 0x40
_END = 0x03
MAX_NUMBER = 0xFFFFFF
"""The highest number of a radio or group: three octets."""


class Operation(IntEnum):
    """What an HRNP frame is."""

    DATA = 0x00
    DATA_ACK = 0x10
    CLOSE_ACK = 0xFA
    CLOSE = 0xFB
    REJECT = 0xFC
    ACCEPT = 0xFD
    CONNECT = 0xFE


class TmpKind(IntEnum):
    """What a text message frame is. A group's acknowledgement is the gateway's: it was on the air."""

    PRIVATE = 0xA1
    PRIVATE_ACK = 0xA2
    GROUP = 0xB1
    GROUP_ACK = 0xB2


class Result(IntEnum):
    """What an acknowledgement says."""

    OK = 0
    FAIL = 1
    BAD_PARAMETER = 3
    CHANNEL_BUSY = 4
    RECEIVE_ONLY = 5
    LOW_BATTERY = 6
    PLL_UNLOCKED = 7
    NO_ACK = 8
    REPEATER_ASLEEP = 9
    NO_CONTACT = 10
    TRANSMIT_DENIED = 11
    INTERRUPTED = 12


class Frame(msgspec.Struct, frozen=True):
    """One HRNP frame. `packet`: 0 to 65535; `data`: an HDAP message where `operation` is DATA."""

    operation: Operation
    packet: int = 0
    data: bytes = b""
    source: int = 0x20
    destination: int = 0x10
    block: int = 0

    def encode(self) -> bytes:
        """The frame as it goes on the wire."""
        length = _HEAD.size + len(self.data)
        check = _sum16(self._head(length, 0) + self.data)
        return self._head(length, check) + self.data

    @classmethod
    def decode(cls, octets: bytes) -> Frame:
        """A frame of exactly these octets. Raises: FrameError."""
        if len(octets) < _HEAD.size or octets[0] != HEADER:
            raise FrameError("no HRNP frame: it does not begin with 7E, or is shorter than 12 octets", code="hrnp-header")
        _, _, block, operation, source, destination, packet, length, check = _HEAD.unpack_from(octets)
        if length != len(octets):
            raise FrameError(f"an HRNP frame of {len(octets)} octets says that it has {length}", code="hrnp-length")
        if _sum16(octets[:10] + b"\0\0" + octets[12:]) != check:
            raise FrameError("the check of an HRNP frame does not fit", code="hrnp-check")
        if operation not in Operation.__members__.values():
            raise FrameError(f"HRNP knows no operation {operation:02X}", code="hrnp-operation")
        return cls(Operation(operation), packet, octets[_HEAD.size :], source, destination, block)

    def _head(self, length: int, check: int) -> bytes:
        return _HEAD.pack(HEADER, VERSION, self.block, self.operation, self.source, self.destination, self.packet, length, check)


class Tmp(msgspec.Struct, frozen=True):
    """One text message or its acknowledgement. `request`: 32 bits, by which an acknowledgement names its message; `destination`,
    `source`: radios, or a group as the destination of GROUP and GROUP_ACK, which has no source; `subnet`: the first octet of radios."""

    kind: TmpKind
    request: int
    destination: int
    source: int = 0
    text: str = ""
    result: int = Result.OK
    subnet: int = 10
    wants_ack: bool = True

    @property
    def is_group(self) -> bool:
        return self.kind in (TmpKind.GROUP, TmpKind.GROUP_ACK)

    @property
    def is_ack(self) -> bool:
        return self.kind in (TmpKind.PRIVATE_ACK, TmpKind.GROUP_ACK)

    def encode(self) -> bytes:
        """The HDAP message."""
        radios = self.subnet << 24
        payload = struct.pack(">II", self.request, self.destination | (0 if self.is_group else radios))
        if self.kind is not TmpKind.GROUP_ACK:
            payload += struct.pack(">I", self.source | radios)
        payload += bytes((self.result,)) if self.is_ack else self.text.encode("utf-16-le", "surrogatepass")
        checked = bytes((0 if self.wants_ack else _NO_ACK, self.kind)) + len(payload).to_bytes(2, "big") + payload
        return bytes((SERVICE_TMP,)) + checked + bytes((_sum8(checked), _END))

    @classmethod
    def decode(cls, octets: bytes) -> Tmp | None:
        """A TMP message; None for one of another service, or of a kind that carries no text. Raises: FrameError."""
        if len(octets) < 7 or octets[-1] != _END:
            raise FrameError("no HDAP message: too short, or it does not end with 03", code="hdap-end")
        length = int.from_bytes(octets[3:5], "big")
        has_option = octets[1] & _HAS_OPTION
        option = int.from_bytes(octets[5:7], "big") if has_option else 0
        if octets[0] & ~_RELIABLE != SERVICE_TMP or octets[2] not in TmpKind.__members__.values():
            return None
        if len(octets) != 7 + length:
            raise FrameError(f"an HDAP message of {len(octets)} octets says that its payload has {length}", code="hdap-length")
        if octets[-2] != _sum8(octets[1:-2]):
            raise FrameError("the check of an HDAP message does not fit", code="hdap-check")
        payload = octets[7:-2] if has_option else octets[5:-2]
        return _read(TmpKind(octets[2]), payload[: len(payload) - option], wants_ack=not octets[1] & _NO_ACK)


class StreamDecoder:
    """A byte stream in, whole frames out, in any cut; octets that are no frame are passed over and counted in `dropped`."""

    def __init__(self) -> None:
        self.dropped = 0
        self._held = b""

    def feed(self, octets: bytes) -> list[Frame]:
        """Every frame that is whole by now."""
        self._held += octets
        found: list[Frame] = []
        while (start := self._held.find(HEADER)) >= 0:
            self._skip(start)
            if len(self._held) < _HEAD.size:
                return found
            length = int.from_bytes(self._held[8:10], "big")
            if not _HEAD.size <= length <= _LONGEST:
                self._skip(1)
                continue
            if len(self._held) < length:
                return found
            self._take(length, found)
        self._skip(len(self._held))
        return found

    def _take(self, length: int, found: list[Frame]) -> None:
        try:
            found.append(Frame.decode(self._held[:length]))
        except FrameError:
            self._skip(1)  # a 7E inside of something else
        else:
            self._held = self._held[length:]

    def _skip(self, count: int) -> None:
        self.dropped += count
        self._held = self._held[count:]


def _read(kind: TmpKind, payload: bytes, *, wants_ack: bool) -> Tmp:
    is_ack = kind in (TmpKind.PRIVATE_ACK, TmpKind.GROUP_ACK)
    at = 8 if kind is TmpKind.GROUP_ACK else 12
    if len(payload) < at + is_ack:
        raise FrameError(f"a text message of {len(payload)} octets has no room for its addresses", code="tmp-short")
    request, destination = struct.unpack_from(">II", payload)
    source = int.from_bytes(payload[8:12], "big") if at == 12 else 0
    rest = payload[at:]
    if not is_ack and len(rest) % 2:
        raise FrameError("the text of a message is no UTF-16: it has an odd number of octets", code="tmp-text")
    return Tmp(
        kind,
        request,
        destination & MAX_NUMBER,
        source & MAX_NUMBER,
        text="" if is_ack else rest.decode("utf-16-le", "replace"),
        result=rest[0] if is_ack else Result.OK,
        subnet=(source or destination) >> 24,
        wants_ack=wants_ack,
    )


def _sum16(octets: bytes) -> int:
    """The one's complement of the one's complement sum of 16-bit words, as IP has it."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _sum8(octets: bytes) -> int:
    return (~sum(octets) + 0x33) & 0xFF
