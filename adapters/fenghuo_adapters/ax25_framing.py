"""AX.25 unnumbered information (UI) frames: the datagrams of packet radio, without the check sum, which the TNC adds.

Source: AX.25 Link Access Protocol 2.2, §3 (frame, addresses) and §4.3.3.6 (UI).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from fenghuo.errors import FrameError

__all__ = ["MAX_INFO", "Address", "UiFrame", "airtime_s"]

# Octets of information in one frame, the default N1. Source: AX.25 2.2 §6.7.2.3. Longer frames are lost whole on a noisy channel.
MAX_INFO = 256
MAX_PATH = 8  # digipeaters; 2.2 has two, older stations eight

_UI = 0x03
_POLL = 0x10
_NO_LAYER_3 = 0xF0
_ADDRESS = 7  # octets
_RESERVED = 0x60  # bits 5 and 6 of an SSID octet are set where nobody uses them (§3.12.2)
_LAST = 0x01
_HIGH = 0x80  # the command bit of source and destination, the has-been-repeated bit of a digipeater
_CALLSIGN = re.compile(r"([A-Z0-9]{1,6})(?:-([0-9]{1,2}))?")


class Address(msgspec.Struct, frozen=True, order=True):
    """A station: callsign of 1 to 6 letters and digits, and the secondary identifier (SSID) 0 to 15, written `BJ1CMD-7`."""

    call: str
    ssid: int = 0

    def __str__(self) -> str:
        return f"{self.call}-{self.ssid}" if self.ssid else self.call

    @classmethod
    def parse(cls, text: str) -> Address:
        """`bj1cmd-7` as an Address, in upper case. Raises: ValueError with a sentence for the operator."""
        match = _CALLSIGN.fullmatch(text.strip().upper())
        if match is None:
            raise ValueError(f"callsign {text!r} is not 1 to 6 letters and digits, with -0 to -15 behind if need be")
        ssid = int(match[2] or 0)
        if ssid > 15:
            raise ValueError(f"callsign {text!r} has the SSID {ssid}; it goes from 0 to 15")
        return cls(match[1], ssid)

    def encode(self, *, high: bool = False, last: bool = False) -> bytes:
        """Seven octets: the characters shifted left by one, padded with spaces, then the SSID octet."""
        shifted = bytes(ord(char) << 1 for char in self.call.ljust(6))
        return shifted + bytes((_RESERVED | self.ssid << 1 | (_HIGH if high else 0) | (_LAST if last else 0),))

    @classmethod
    def decode(cls, octets: bytes) -> Address:
        """Seven octets as an Address. Raises: FrameError: not a callsign, so not an AX.25 frame."""
        call = bytes(octet >> 1 for octet in octets[:6]).decode("ascii").rstrip(" ")
        if any(octet & 1 for octet in octets[:6]) or _CALLSIGN.fullmatch(call) is None:
            raise FrameError(f"an AX.25 address holds {octets.hex()}, which is no callsign", code="ax25-address")
        return cls(call, octets[6] >> 1 & 0x0F)


class UiFrame(msgspec.Struct, frozen=True):
    """One datagram: from `source` to `destination` by way of the digipeaters in `path`, of which the first `repeated` have said it;
    `info`: up to 256 octets of any value."""

    destination: Address
    source: Address
    info: bytes
    path: tuple[Address, ...] = ()
    pid: int = _NO_LAYER_3
    repeated: int = 0

    def __str__(self) -> str:
        hops = (f"{hop}*" if index < self.repeated else str(hop) for index, hop in enumerate(self.path))
        route = ",".join((str(self.destination), *hops))
        return f"{self.source}>{route}: {self.info.decode('utf-8', 'replace')!r}"

    def encode(self) -> bytes:
        """The frame without flags and check sum. Raises: FrameError: too much information, or too many digipeaters."""
        if len(self.info) > MAX_INFO:
            raise FrameError(f"{len(self.info)} octets of information do not fit one AX.25 frame of {MAX_INFO}", code="ax25-too-long")
        if len(self.path) > MAX_PATH:
            raise FrameError(f"{len(self.path)} digipeaters are more than the {MAX_PATH} that AX.25 allows", code="ax25-path")
        final = len(self.path) - 1
        hops = [hop.encode(high=index < self.repeated, last=index == final) for index, hop in enumerate(self.path)]
        addresses = [self.destination.encode(high=True), self.source.encode(last=not hops), *hops]
        return b"".join(addresses) + bytes((_UI, self.pid)) + self.info

    @classmethod
    def decode(cls, octets: bytes) -> UiFrame:
        """A UI frame without flags and check sum. Raises: FrameError: cut off, another type of frame, or not AX.25."""
        addresses = list(_addresses(octets))
        rest = octets[_ADDRESS * len(addresses) :]
        if not rest or rest[0] & ~_POLL != _UI:
            raise FrameError("an AX.25 frame that is no UI frame", code="ax25-not-ui", where=str(_ADDRESS * len(addresses)))
        if len(rest) < 2:
            raise FrameError("an AX.25 UI frame ends before its protocol identifier", code="ax25-short", where=str(len(octets)))
        if len(rest) > MAX_INFO + 2:
            raise FrameError(f"an AX.25 frame brings {len(rest) - 2} octets, more than {MAX_INFO}", code="ax25-too-long")
        destination, source, *path = addresses
        marks = [octets[index * _ADDRESS + 6] & _HIGH for index in range(2, len(addresses))]
        repeated = max((index for index, mark in enumerate(marks, 1) if mark), default=0)
        return cls(destination, source, rest[2:], path=tuple(path), pid=rest[1], repeated=repeated)


def _addresses(octets: bytes) -> Iterator[Address]:
    """The address field: at least two, until the one whose last bit is set."""
    for index in range(2 + MAX_PATH):
        field = octets[index * _ADDRESS : (index + 1) * _ADDRESS]
        if len(field) < _ADDRESS:
            raise FrameError("an AX.25 frame ends within its addresses", code="ax25-short", where=str(len(octets)))
        yield Address.decode(field)
        if field[6] & _LAST:
            if index == 0:
                raise FrameError("an AX.25 frame has a destination and no source", code="ax25-address", where="6")
            return
    raise FrameError("an AX.25 address field has no end", code="ax25-address", where=str(len(octets)))


def airtime_s(octets: bytes, bitrate: float) -> float:
    """Seconds an encoded frame takes at `bitrate` bit/s: flags, stuffed bits and the check sum, without keying up and down."""
    ones = stuffed = 0
    for octet in octets:
        for bit in range(8):
            ones = ones + 1 if octet >> bit & 1 else 0
            if ones == 5:  # a zero is put in after five ones (§3.6)
                stuffed += 1
                ones = 0
    flags_and_check = 8 * (2 + 2)
    return (8 * len(octets) + stuffed + flags_and_check) / bitrate
