"""Frames of the IP protocol between a broadcast platform and its terminals: octets in, frames out, no wire.

Head `FE FD`, version, session u32, type u8 (1 request, 2 answer), signed u8, length u16; body: source, targets, operation, data; tail:
signature and CRC. Source: GD/J 089-2018 annex D, as seen in working decoders. Not known, and so our reading: big-endian throughout, the
length counts the whole frame, the CRC covers all before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fenghuo.errors import FrameError

__all__ = ["ANSWER", "REQUEST", "Codec", "Crc", "Frame", "FrameReader", "Seal", "bcd", "crc32_mpeg2", "digits_of"]

Crc = Literal["ieee", "mpeg2"]
REQUEST, ANSWER = 1, 2
_MAGIC = b"\xfe\xfd"
_VERSION = b"\x01\x00"
_HEAD, _CRC = 12, 4
_STAMP, _SIGNATURE = 10, 64
_MOST = 0xFFFF
_SHORTEST = _HEAD + 9 + 2 + 1 + 2 + 2 + _CRC
_POLYNOMIAL = 0x04C11DB7


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature: UTC seconds, a certificate number of 12 digits, 64 octets of SM2 over `covered` of its frame."""

    at: int
    certificate: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `source`, `targets`: resource codes; `covered`: of one that was read, the octets that its seal is over."""

    session: int
    kind: int
    source: str
    targets: tuple[str, ...]
    operation: int
    data: bytes = b""
    seal: Seal | None = None
    covered: bytes = b""


def bcd(digits: str) -> bytes:
    """Two digits an octet; an odd number of them has F before it, as in codes of 23 digits. Raises: FrameError."""
    if not (digits.isascii() and digits.isdigit()):
        raise FrameError(f"{digits!r} is no number", code="digits")
    return bytes.fromhex(digits if len(digits) % 2 == 0 else f"f{digits}")


def digits_of(octets: bytes) -> str:
    """What bcd() wrote. Raises: FrameError."""
    text = octets.hex().removeprefix("f")
    if not text.isdigit():
        raise FrameError(f"{octets.hex()} holds no digits", code="digits")
    return text


def crc32_mpeg2(octets: bytes) -> int:
    """CRC-32/MPEG-2, as in broadcast tables: check value 0x0376E6E7 over `123456789`."""
    value = 0xFFFFFFFF
    for octet in octets:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ octet]
    return value


def _divided(octet: int) -> int:
    """What one octet leaves behind."""
    value = octet << 24
    for _ in range(8):
        value = (value << 1 ^ _POLYNOMIAL if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


_TABLE = tuple(map(_divided, range(256)))  # 64 kB bit by bit would hold the loop up for 50 ms


_CRCS: dict[Crc, Callable[[bytes], int]] = {"ieee": zlib.crc32, "mpeg2": crc32_mpeg2}


class Codec:
    """`code_digits`: of a resource code, 18 (9 octets) or 23 (12 octets)."""

    def __init__(self, code_digits: int, crc: Crc) -> None:
        self.code_octets = (code_digits + 1) // 2
        self._crc = _CRCS[crc]

    def covered(self, frame: Frame, *, is_signed: bool) -> bytes:
        """Head and body: what a signature is over. Raises: FrameError("too-long")."""
        targets = b"".join(map(bcd, frame.targets))
        body = bcd(frame.source) + len(frame.targets).to_bytes(2, "big") + targets + bytes((frame.operation,))
        body += len(frame.data).to_bytes(4, "big")[2:] + frame.data
        tail = 2 + (_STAMP + _SIGNATURE if is_signed else 0) + _CRC
        length = _HEAD + len(body) + tail
        if length > _MOST or len(frame.data) > _MOST:
            raise FrameError(f"a frame of {length} octets; at most {_MOST} fit", code="too-long")
        head = _MAGIC + _VERSION + frame.session.to_bytes(4, "big") + bytes((frame.kind, is_signed)) + length.to_bytes(2, "big")
        return head + body

    def closed(self, covered: bytes, seal: Seal | None) -> bytes:
        """The whole frame, around what covered() gave."""
        stamp = seal.at.to_bytes(4, "big") + bcd(seal.certificate) + seal.octets if seal is not None else b""
        whole = covered + len(stamp).to_bytes(2, "big") + stamp
        return whole + self._crc(whole).to_bytes(_CRC, "big")

    def read(self, octets: bytes) -> Frame:
        """One whole frame. Raises: FrameError with code crc, or short where its lengths contradict each other."""
        if len(octets) < _SHORTEST or self._crc(octets[:-_CRC]) != int.from_bytes(octets[-_CRC:], "big"):
            raise FrameError("the CRC does not fit", code="crc")
        rest = _Octets(octets[_HEAD:-_CRC])
        source = digits_of(rest.take(self.code_octets))
        targets = tuple(digits_of(rest.take(self.code_octets)) for _ in range(rest.number(2)))
        operation = rest.number(1)
        data = rest.take(rest.number(2))
        covered = octets[: _HEAD + rest.at]
        stamp = rest.take(rest.number(2))
        if len(stamp) not in (0, _STAMP + _SIGNATURE) or rest.left:
            raise FrameError("its lengths do not fit", code="short")
        seal = Seal(int.from_bytes(stamp[:4], "big"), digits_of(stamp[4:_STAMP]), stamp[_STAMP:]) if stamp else None
        session = int.from_bytes(octets[4:8], "big")
        return Frame(session, octets[8], source, targets, operation, data, seal, covered)


class _Octets:
    """What is left of a frame, from the front."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.at = 0

    @property
    def left(self) -> int:
        return len(self._octets) - self.at

    def take(self, size: int) -> bytes:
        """Raises: FrameError: there are fewer."""
        if size > self.left:
            raise FrameError("it ends too soon", code="short")
        self.at += size
        return self._octets[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")


class FrameReader:
    """Frames out of a stream. `faults` counts what was thrown away to find the next one."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._held = bytearray()
        self.faults = 0

    def feed(self, octets: bytes) -> list[Frame]:
        """The frames that are whole now."""
        self._held += octets
        found: list[Frame] = []
        while (size := self._next()) is not None:
            try:
                found.append(self._codec.read(bytes(self._held[:size])))
                del self._held[:size]
            except FrameError:
                self.faults += 1
                del self._held[: len(_MAGIC)]  # its length may be a lie: look for the next head right behind this one
        return found

    def _next(self) -> int | None:
        """Octets of the frame at the front, None until it is whole."""
        while True:
            at = self._held.find(_MAGIC)
            del self._held[: at if at >= 0 else max(0, len(self._held) - 1)]
            if at < 0 or len(self._held) < _HEAD:
                return None
            size = int.from_bytes(self._held[10:12], "big")
            if size >= _SHORTEST:
                return size if len(self._held) >= size else None
            self.faults += 1
            del self._held[: len(_MAGIC)]
