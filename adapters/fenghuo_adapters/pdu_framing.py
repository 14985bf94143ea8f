"""SUBMIT, DELIVER and STATUS-REPORT as a modem takes and gives them in PDU mode: octets to values and back.

Pure: no I/O, no state. Source: 3GPP TS 23.040 §9.2.2.1 to §9.2.2.3; TS 27.005 §3.1 (the centre's address comes first).
"""

from __future__ import annotations

import binascii

import msgspec

from fenghuo.errors import FrameError
from fenghuo_adapters import gsm7_framing
from fenghuo_adapters import pdu_fields_framing as fields
from fenghuo_adapters.pdu_fields_framing import Octets
from fenghuo_adapters.short_message_framing import Coding, Concat, Part, read_part

__all__ = ["Delivered", "Encoded", "Reported", "Submit", "deliver_pdu", "read_incoming", "read_submit", "report_pdu", "submit_pdu"]

_DELIVER, _SUBMIT, _REPORT, _TYPE = 0x00, 0x01, 0x02, 0x03
_NO_MORE_TO_SEND = 0x04
_RELATIVE_VALIDITY, _VALIDITY_FORMAT = 0x10, 0x18
_WANTS_REPORT, _HAS_HEADER = 0x20, 0x40
_VALIDITY_OCTETS = {0x00: 0, 0x08: 7, 0x10: 1, 0x18: 7}
_GSM7, _UCS2 = 0x00, 0x08


class Encoded(msgspec.Struct, frozen=True):
    """A PDU for `AT+CMGS`: its hexadecimal digits, and how many octets follow the centre's address."""

    digits: str
    octets: int


class Submit(msgspec.Struct, frozen=True, kw_only=True):
    """One short message to send. `destination`: digits, `+` before an international one; `coding`, `part`: as split() gives them;
    `validity_s`: how long the centre may try, 0 for as long as it likes; `centre`: its number, empty for the SIM's."""

    destination: str
    coding: Coding
    part: Part
    validity_s: float = 0.0
    wants_report: bool = True
    centre: str = ""


class Delivered(msgspec.Struct, frozen=True):
    """A message from a telephone, or one part of it. `sent_at`: UTC seconds by the centre's clock, None if it gave no date."""

    sender: str
    text: str
    concat: Concat | None
    sent_at: float | None


class Reported(msgspec.Struct, frozen=True):
    """What became of a submission. `reference`: as the modem answered it; `taken_at`, `done_at`: UTC seconds; `status`: TP-Status."""

    reference: int
    recipient: str
    taken_at: float | None
    done_at: float | None
    status: int

    @property
    def is_delivered(self) -> bool:
        """The telephone has it. 01 and 02 do not say so: forwarded without confirmation, replaced (TS 23.040 §9.2.3.15)."""
        return self.status == 0x00

    @property
    def is_failed(self) -> bool:
        """The centre has given up, for good (4x, 5x) or after its last try (6x, 7x)."""
        return 0x40 <= self.status <= 0x7F


def submit_pdu(submit: Submit) -> Encoded:
    """A SUBMIT. Raises: ValueError for a destination that is no number."""
    first = _SUBMIT | (_RELATIVE_VALIDITY if submit.validity_s else 0) | (_WANTS_REPORT if submit.wants_report else 0)
    first |= _HAS_HEADER if submit.part.has_header else 0
    validity = bytes((fields.validity(submit.validity_s),)) if submit.validity_s else b""
    # Message reference 0: the modem puts its own.
    head = bytes((first, 0)) + fields.address(submit.destination) + bytes((0, submit.coding)) + validity
    return _encoded(submit.centre, head + _user_data(submit.coding, submit.part))


def deliver_pdu(sender: str, coding: Coding, part: Part, *, at: float, centre: str = "") -> Encoded:
    """A DELIVER, as a centre would send it."""
    first = _DELIVER | _NO_MORE_TO_SEND | (_HAS_HEADER if part.has_header else 0)
    head = bytes((first,)) + fields.address(sender) + bytes((0, coding)) + fields.stamp(at)
    return _encoded(centre, head + _user_data(coding, part))


def report_pdu(reported: Reported, *, centre: str = "") -> Encoded:
    """A STATUS-REPORT, as a centre would send it."""
    head = bytes((_REPORT | _NO_MORE_TO_SEND, reported.reference)) + fields.address(reported.recipient)
    stamps = fields.stamp(reported.taken_at or 0.0) + fields.stamp(reported.done_at or 0.0)
    return _encoded(centre, head + stamps + bytes((reported.status,)))


def read_incoming(digits: str) -> Delivered | Reported:
    """What a modem received. Raises: FrameError where it does not hold together or is neither of the two."""
    octets = _octets(digits)
    octets.centre()
    first = octets.one()
    match first & _TYPE:
        case 0x00:
            return _delivered(octets, has_header=bool(first & _HAS_HEADER))
        case 0x02:
            return Reported(octets.one(), octets.address(), octets.stamp(), octets.stamp(), octets.one())
        case kind:
            raise FrameError(f"a received PDU of type {kind} is neither a message nor a report", code="pdu-type", where="first octet")


def read_submit(digits: str) -> tuple[Submit, str]:
    """A SUBMIT and its text, as a centre reads it; for far ends. Raises: FrameError."""
    octets = _octets(digits)
    centre = octets.centre()
    first = octets.one()
    if first & _TYPE != _SUBMIT:
        raise FrameError(f"a PDU of type {first & _TYPE} cannot be submitted", code="pdu-type", where="first octet")
    octets.one()
    destination, _, coding = octets.address(), octets.one(), octets.one()
    octets.take(_VALIDITY_OCTETS[first & _VALIDITY_FORMAT])
    has_header = bool(first & _HAS_HEADER)
    user_data = _read_user_data(octets, coding, has_header=has_header)
    _, text = read_part(user_data, has_header=has_header)
    part = Part(user_data, has_header=has_header)
    submit = Submit(
        destination=destination,
        coding=0 if fields.alphabet(coding) == "gsm7" else 8,
        part=part,
        wants_report=bool(first & _WANTS_REPORT),
        centre=centre,
    )
    return submit, _text(text, coding)


def _delivered(octets: Octets, *, has_header: bool) -> Delivered:
    sender, _, coding, at = octets.address(), octets.one(), octets.one(), octets.stamp()
    user_data = _read_user_data(octets, coding, has_header=has_header)
    concat, text = read_part(user_data, has_header=has_header)
    return Delivered(sender, _text(text, coding), concat, at)


def _user_data(coding: Coding, part: Part) -> bytes:
    """Length and user data: packed for the GSM alphabet, of which the length counts septets, the header's included."""
    if coding != _GSM7:
        return bytes((len(part.octets),)) + part.octets
    header = part.octets[: part.octets[0] + 1] if part.has_header else b""
    septets = part.octets[len(header) :]
    taken, fill = _header_septets(header)
    return bytes((taken + len(septets),)) + header + gsm7_framing.pack(septets, fill=fill)


def _read_user_data(octets: Octets, coding: int, *, has_header: bool) -> bytes:
    """User data as read_part() takes it: header first, then the text, one septet an octet where it is the GSM alphabet."""
    length = octets.one()
    if fields.alphabet(coding) != "gsm7":
        return octets.take(length)
    packed = octets.take((7 * length + 7) // 8)
    header = packed[: packed[0] + 1] if has_header and packed else b""
    taken, fill = _header_septets(header)
    return header + gsm7_framing.unpack(packed[len(header) :], max(0, length - taken), fill=fill)


def _header_septets(header: bytes) -> tuple[int, int]:
    """(septets that a header takes, empty bits between it and the text). Source: TS 23.040 §9.2.3.24, figure 9.2.3.24(a)."""
    taken = (8 * len(header) + 6) // 7
    return taken, 7 * taken - 8 * len(header)


def _text(octets: bytes, coding: int) -> str:
    match fields.alphabet(coding):
        case "ucs2":
            return octets.decode("utf-16-be", "replace")
        case "octets":
            return octets.decode("utf-8", "replace")
        case _:
            return gsm7_framing.decode(octets)


def _encoded(centre: str, tpdu: bytes) -> Encoded:
    return Encoded((fields.centre(centre) + tpdu).hex().upper(), len(tpdu))


def _octets(digits: str) -> Octets:
    try:
        return Octets(binascii.unhexlify(digits.strip()))
    except (binascii.Error, ValueError) as exc:
        raise FrameError(f"a PDU that is no hexadecimal: {exc}", code="pdu-hex", where="line") from exc
