"""The fields that short message PDUs are made of: addresses, time stamps, validity, the alphabet of a text, and a reader over octets.

Pure: no I/O, no state. Source: 3GPP TS 23.040 §9.1.2 and §9.2.3, TS 23.038 §4.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from fenghuo.errors import FrameError
from fenghuo_adapters import gsm7_framing

__all__ = ["Alphabet", "Octets", "address", "alphabet", "centre", "stamp", "validity"]

Alphabet = Literal["gsm7", "octets", "ucs2"]

_INTERNATIONAL, _UNKNOWN, _ALPHANUMERIC = 0x91, 0x81, 0x50
_TYPE_OF_NUMBER = 0x70
_ALPHABETS: tuple[Alphabet, ...] = ("gsm7", "octets", "ucs2", "gsm7")
_DIGITS = "0123456789*#abc"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_CENTURY = 2000


class Octets:
    """Reads a PDU from its front. Every method raises FrameError where the octets end too early."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        end = self._at + count
        if end > len(self._octets):
            raise FrameError(f"a short message PDU ends after {len(self._octets)} octets", code="pdu-short", where=f"octet {self._at}")
        taken, self._at = self._octets[self._at : end], end
        return taken

    def one(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        return self.take(len(self._octets) - self._at)

    def address(self) -> str:
        """An originating, destination or recipient address: digits, `+` before an international one, or a name in letters."""
        length, kind = self.one(), self.one()
        octets = self.take((length + 1) // 2)
        if kind & _TYPE_OF_NUMBER == _ALPHANUMERIC:
            return gsm7_framing.decode(gsm7_framing.unpack(octets, length * 4 // 7))
        return _plus(kind) + _digits(octets)[:length]

    def centre(self) -> str:
        """The address of the centre before a PDU, of which the length counts octets; empty if it is left out (TS 27.005 §3.1)."""
        length = self.one()
        if length == 0:
            return ""
        kind = self.one()
        return _plus(kind) + _digits(self.take(length - 1))

    def stamp(self) -> float | None:
        """A service centre time stamp as UTC seconds; None if it is no date. The last octet counts quarters of an hour east."""
        year, month, day, hour, minute, second, zone = self.take(7)
        quarters = 10 * (zone & 0x07) + (zone >> 4)
        offset_s = 900 * (-quarters if zone & 0x08 else quarters)
        try:
            local = dt.datetime(
                _CENTURY + _swapped(year),
                _swapped(month),
                _swapped(day),
                _swapped(hour),
                _swapped(minute),
                _swapped(second),
                tzinfo=dt.UTC,
            )
        except ValueError:
            return None
        return local.timestamp() - offset_s


def address(number: str) -> bytes:
    """A number as an address field: `+` makes it international. Raises: ValueError for what is not 1 to 20 digits."""
    digits = number.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        raise ValueError(f"{number!r} is not a number of 1 to 20 digits")
    return bytes((len(digits), _INTERNATIONAL if number.startswith("+") else _UNKNOWN)) + _semi_octets(digits)


def centre(number: str) -> bytes:
    """The address of a centre before a PDU; a single 0 octet leaves it to the SIM."""
    if not number:
        return b"\0"
    field = address(number)
    return bytes((len(field) - 1,)) + field[1:]


def stamp(at: float, *, quarters: int = 32) -> bytes:
    """UTC seconds as a time stamp in a zone so many quarters of an hour east; 32 is China's."""
    local = dt.datetime.fromtimestamp(at, dt.timezone(dt.timedelta(minutes=15 * quarters)))
    east = abs(quarters)
    zone = ((east % 10) << 4 | east // 10) | (0x08 if quarters < 0 else 0)
    fields = (local.year % 100, local.month, local.day, local.hour, local.minute, local.second)
    return bytes((field % 10) << 4 | field // 10 for field in fields) + bytes((zone,))


def validity(seconds: float) -> int:
    """The longest relative validity period that ends within so many seconds, at least its shortest, 5 minutes. TS 23.040 §9.2.3.12.1."""
    if seconds < 12 * _HOUR_S + 30 * _MINUTE_S:
        return min(143, max(0, int(seconds // (5 * _MINUTE_S)) - 1))
    if seconds < 2 * _DAY_S:
        return min(167, 143 + int((seconds - 12 * _HOUR_S) // (30 * _MINUTE_S)))
    if seconds < 5 * 7 * _DAY_S:
        return min(196, 166 + int(seconds // _DAY_S))
    return min(255, 192 + int(seconds // (7 * _DAY_S)))


def alphabet(coding: int) -> Alphabet:
    """What a data coding scheme says of the text. Reserved schemes read as the GSM alphabet (TS 23.038 §4)."""
    group, bits = coding >> 4, (coding >> 2) & 3
    if group < 8:
        return _ALPHABETS[bits]
    if group == 0xE:
        return "ucs2"
    return "octets" if group == 0xF and coding & 4 else "gsm7"


def _plus(kind: int) -> str:
    return "+" if kind & _TYPE_OF_NUMBER == _INTERNATIONAL & _TYPE_OF_NUMBER else ""


def _digits(octets: bytes) -> str:
    nibbles = (nibble for octet in octets for nibble in (octet & 0x0F, octet >> 4))
    return "".join(_DIGITS[nibble] for nibble in nibbles if nibble < len(_DIGITS))


def _semi_octets(digits: str) -> bytes:
    padded = digits if len(digits) % 2 == 0 else digits + "F"
    return bytes.fromhex("".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2)))


def _swapped(octet: int) -> int:
    return 10 * (octet & 0x0F) + (octet >> 4)
