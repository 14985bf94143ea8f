"""Modbus requests and answers in octets, for TCP (MBAP head) and for serial lines (RTU, CRC-16). Pure: no wire, no clock.

Source: Modbus Application Protocol 1.1b3 §6 (functions) and §7 (exceptions), Modbus over Serial Line 1.02 §2.5.1 (RTU),
Modbus Messaging on TCP/IP 1.0b §3.1.3 (MBAP).
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError

__all__ = ["EXCEPTIONS", "LATE_S", "Answer", "Function", "Request", "Rtu", "Tcp", "crc16"]

MAX_BITS, MAX_REGISTERS = 2000, 123
"""Most bits of one read, and most registers of one write. Source: §6.1, §6.12."""
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "no answer behind the gateway",
}
"""Source: §7."""
LATE_S = 0.1
"""A unit that has not answered by then has a slow way before it, or is not there: on the line itself it takes milliseconds. What has to
stop at once has the other half of its 200 ms yet."""
_FAULT = 0x80
_ON, _OFF = 0xFF00, 0x0000
_MOST_BESIDE = 8
"""Answers to what was said beside questions that may be on their way yet; one that is older was lost."""


class Function(IntEnum):
    """The functions in use here."""

    READ_COILS = 1
    READ_INPUTS = 2
    READ_HOLDING = 3
    READ_INPUT_REGISTERS = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_REGISTERS = 16


_BITS = (Function.READ_COILS, Function.READ_INPUTS)
_READS = (*_BITS, Function.READ_HOLDING, Function.READ_INPUT_REGISTERS)


class Request(msgspec.Struct, frozen=True):
    """One question to one unit (1 to 247). `at`: the protocol's address, from 0; `count`: how many a read wants;
    `values`: what a write puts there (a coil: 0 or 1; registers: 0 to 65535)."""

    unit: int
    function: Function
    at: int
    count: int = 1
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.unit <= 247:
            raise ValueError(f"unit {self.unit} is not one of 1 to 247")
        if not 0 <= self.at <= 0xFFFF:
            raise ValueError(f"address {self.at} is not one of 0 to 65535")

    @property
    def pdu(self) -> bytes:
        """Function and data, as both framings carry them."""
        head = struct.pack(">BH", self.function, self.at)
        match self.function:
            case Function.WRITE_COIL:
                return head + struct.pack(">H", _ON if self.values[0] else _OFF)
            case Function.WRITE_REGISTER:
                return head + struct.pack(">H", self.values[0])
            case Function.WRITE_REGISTERS:
                count = len(self.values)
                return head + struct.pack(f">HB{count}H", count, 2 * count, *self.values)
            case _:
                return head + struct.pack(">H", self.count)

    def read(self, pdu: bytes) -> Answer:
        """What an answer to this says. Raises: FrameError: it answers something else."""
        if len(pdu) == 2 and pdu[0] == self.function | _FAULT:
            return Answer(exception=pdu[1])
        if not pdu or pdu[0] != self.function:
            raise FrameError(f"function {self.function} was asked and {pdu[:1].hex() or 'nothing'} answered", code="modbus-function")
        if self.function not in _READS:
            return self._echoed(pdu)
        size = -(-self.count // 8) if self.function in _BITS else 2 * self.count
        if len(pdu) != 2 + size or pdu[1] != size:
            raise FrameError(f"{size} octets were asked for and {len(pdu) - 2} came", code="modbus-length")
        if self.function in _BITS:
            return Answer(tuple(pdu[2 + place // 8] >> place % 8 & 1 for place in range(self.count)))
        return Answer(struct.unpack(f">{self.count}H", pdu[2:]))

    def _echoed(self, pdu: bytes) -> Answer:
        if pdu != self.pdu[:5]:  # address and value, or address and count
            raise FrameError(f"a write of {self.pdu[1:5].hex()} was answered by {pdu[1:].hex()}", code="modbus-echo")
        return Answer()


class Answer(msgspec.Struct, frozen=True):
    """`values`: bits or registers that were read; `exception`: the code by which the unit refused, 0 if it did not."""

    values: Sequence[int] = ()
    exception: int = 0


class Tcp:
    """MBAP framing. An answer to an earlier question, given up meanwhile, is recognised by its number and dropped."""

    beside_after_s = 0.0

    def __init__(self) -> None:
        self._number = self._awaited = 0
        self._held = b""

    def encode(self, request: Request) -> bytes:
        octets = self.beside(request)
        self._awaited = self._number
        return octets

    def restart(self) -> None:
        """The line is a new one: what was held of an answer has no end any more."""
        self._held = b""

    def beside(self, request: Request) -> bytes:
        """One whose answer is dropped; that of the question before it is still awaited. Source: Modbus Messaging on TCP/IP 1.0b §4.4.1."""
        self._number = (self._number + 1) & 0xFFFF
        return struct.pack(">HHHB", self._number, 0, len(request.pdu) + 1, request.unit) + request.pdu

    def feed(self, octets: bytes, request: Request) -> Answer | None:
        """The answer once it is whole. Raises: FrameError: this is not Modbus."""
        self._held += octets
        while len(self._held) >= 8:
            number, protocol, length, unit = struct.unpack_from(">HHHB", self._held)
            if protocol or not 3 <= length <= 254:
                raise FrameError(f"no MBAP head: {self._held[:8].hex()}", code="modbus-head")
            if len(self._held) < 6 + length:
                return None
            pdu, self._held = self._held[7 : 6 + length], self._held[6 + length :]
            if number == self._awaited and unit == request.unit:
                return request.read(pdu)
        return None


class Rtu:
    """Frames of a serial line: unit, function, data, CRC. The length of an answer follows from its function."""

    beside_after_s = LATE_S  # whoever speaks while a unit on the line itself answers spoils both

    def __init__(self) -> None:
        self._held = b""
        self._beside: list[Request] = []

    def encode(self, request: Request) -> bytes:
        if not self._beside:  # else a part of its answer may be what is held
            self._held = b""
        return _sealed(request)

    def restart(self) -> None:
        """The line is a new one."""
        self._held = b""
        self._beside = []

    def beside(self, request: Request) -> bytes:
        """One whose answer is dropped, whenever it comes: answers have no number, and are told apart by whom and what they answer."""
        self._beside = [*self._beside, request][-_MOST_BESIDE:]
        return _sealed(request)

    def feed(self, octets: bytes, request: Request) -> Answer | None:
        """The answer once it is whole. Raises: FrameError: noise, another unit, or a broken CRC."""
        self._held += octets
        while len(self._held) >= 5 and len(self._held) >= (size := _size(self._held)):
            frame, self._held = self._held[:size], self._held[size:]
            body, (told,) = frame[:-2], struct.unpack("<H", frame[-2:])
            if crc16(body) != told:
                raise FrameError(f"CRC {told:04x} does not fit {body.hex()}", code="modbus-crc")
            try:
                return _read(body, request)
            except FrameError:
                if not self._was_beside(body):
                    raise
        return None

    def _was_beside(self, body: bytes) -> bool:
        """Whether it answers what was said beside a question; that is awaited no more."""
        for place, request in enumerate(self._beside):
            with contextlib.suppress(FrameError):
                _read(body, request)
                del self._beside[place]
                return True
        return False


def _sealed(request: Request) -> bytes:
    body = bytes((request.unit,)) + request.pdu
    return body + struct.pack("<H", crc16(body))


def _read(body: bytes, request: Request) -> Answer:
    """Raises: FrameError: it answers something else."""
    if body[0] != request.unit:
        raise FrameError(f"unit {request.unit} was asked and {body[0]} answered", code="modbus-unit")
    return request.read(body[1:])


def _size(held: bytes) -> int:
    """Octets of the answer that begins so."""
    if held[1] & _FAULT:
        return 5
    return 5 + held[2] if held[1] in _READS else 8


def crc16(octets: bytes) -> int:
    """CRC-16/MODBUS: polynomial A001 reflected, begun with FFFF. Check value of "123456789": 4B37."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
