"""SMPP 3.4 PDUs as bytes and as values: what we send is built by aiosmpplib's codec, what we receive is read here.

Ours is the reading because the far end is not ours: vendor status codes, odd optional parameters and half a body must never
end a session. Pure: no I/O. Source: SMPP Protocol Specification 3.4, §3.2, §4, §5.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import timedelta
from enum import IntEnum

import msgspec
from aiosmpplib.protocol import BindTransceiver, DeliverSmResp, EnquireLink, EnquireLinkResp, GenericNack, SubmitSm, Unbind, UnbindResp
from aiosmpplib.state import NPI, TON, PhoneNumber, SmppCommandStatus

from fenghuo.errors import FrameError
from fenghuo_adapters.short_message_framing import Coding, Part

__all__ = [
    "Command",
    "Delivered",
    "Pdu",
    "PduReader",
    "Submission",
    "bind_pdu",
    "deliver_resp_pdu",
    "enquire_pdu",
    "enquire_resp_pdu",
    "nack_pdu",
    "read_delivered",
    "read_message_id",
    "submit_payload_pdu",
    "submit_pdu",
    "unbind_pdu",
    "unbind_resp_pdu",
]

HEADER = struct.Struct("!IIII")

# message_payload holds up to 64 KiB (§5.3.2.32); with mandatory fields and other parameters nothing honest is longer.
# A longer length field means that we have lost the frame boundary: the only cure is a new connection.
MOST_OCTETS = 0x10000 + 2048

TAG_RECEIPTED_MESSAGE_ID = 0x001E
TAG_MESSAGE_PAYLOAD = 0x0424
TAG_MESSAGE_STATE = 0x0427

# Source: §5.2.16: relative validity is written as days, hours, minutes and seconds; beyond 30 days nothing of ours is valid.
MOST_VALIDITY_S = 30 * 86400

_UDHI = 0x40
_INVALID_COMMAND = SmppCommandStatus.ESME_RINVCMDID


class Command(IntEnum):
    """The commands that a transceiver sees. Source: §5.1.2.1."""

    GENERIC_NACK = 0x80000000
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    ALERT_NOTIFICATION = 0x00000102


class Pdu(msgspec.Struct, frozen=True):
    """One PDU as it came: header fields as plain numbers, since vendors add their own, and the whole of its octets."""

    command: int
    status: int
    sequence: int
    octets: bytes

    @property
    def body(self) -> bytes:
        return self.octets[HEADER.size :]

    @property
    def is_response(self) -> bool:
        return bool(self.command & 0x80000000)

    def __str__(self) -> str:
        return f"command 0x{self.command:08X} status 0x{self.status:X} sequence {self.sequence} ({len(self.octets)} octets)"


class PduReader:
    """Cuts a stream of octets into PDUs, whatever pieces they come in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[Pdu]:
        """Every PDU that is complete now, to be read to its end.

        Raises: FrameError when a length field cannot be one; what came before it has been given, the stream is lost.
        """
        self._held += octets
        while len(self._held) >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(self._held)
            if not HEADER.size <= length <= MOST_OCTETS:
                raise FrameError(f"a PDU cannot be {length} octets long", code="smpp-length")
            if len(self._held) < length:
                return
            pdu = Pdu(command, status, sequence, bytes(self._held[:length]))
            del self._held[:length]
            yield pdu


class Submission(msgspec.Struct, frozen=True):
    """What all short messages of one text have in common. Numbers are digits without `+`; `validity_s`: seconds, 0 for the centre's own."""

    source: str
    destination: str
    validity_s: float = 0.0
    wants_report: bool = True
    international: bool = True


class Delivered(msgspec.Struct, frozen=True):
    """The fields of a deliver_sm that mean something to us. `user_data`: short_message, or message_payload where that is used."""

    source: str
    destination: str
    esm_class: int
    data_coding: int
    user_data: bytes
    receipted_id: str = ""
    message_state: int = 0

    @property
    def has_header(self) -> bool:
        """Whether the user data begins with a header (UDHI). Source: §5.2.12."""
        return bool(self.esm_class & _UDHI)

    @property
    def message_type(self) -> int:
        """Bits 5-2 of esm_class: 0 a message, 1 a receipt, 2 and 4 an acknowledgement, 8 an intermediate notification."""
        return (self.esm_class & 0x3C) >> 2


def bind_pdu(system_id: str, password: str, *, system_type: str, sequence: int) -> bytes:
    """bind_transceiver. Raises: ValueError with a sentence when a field is longer than the protocol has room for."""
    return bytes(BindTransceiver(sequence_num=sequence, system_id=system_id, password=password, system_type=system_type).pdu())


def enquire_pdu(sequence: int) -> bytes:
    """enquire_link."""
    return bytes(EnquireLink(sequence).pdu())


def enquire_resp_pdu(sequence: int) -> bytes:
    """enquire_link_resp."""
    return bytes(EnquireLinkResp(sequence).pdu())


def unbind_pdu(sequence: int) -> bytes:
    """unbind."""
    return bytes(Unbind(sequence).pdu())


def unbind_resp_pdu(sequence: int) -> bytes:
    """unbind_resp."""
    return bytes(UnbindResp(sequence).pdu())


def deliver_resp_pdu(sequence: int, *, later: bool = False) -> bytes:
    """deliver_sm_resp with the empty id that the standard asks for (§4.6.2): taken, or `later` (ESME_RX_T_APPN)."""
    return bytes(DeliverSmResp(sequence, SmppCommandStatus.ESME_RX_T_APPN if later else SmppCommandStatus.ESME_ROK).pdu())


def nack_pdu(sequence: int) -> bytes:
    """generic_nack: a command we do not know."""
    return bytes(GenericNack(sequence, _INVALID_COMMAND).pdu())


def submit_pdu(submission: Submission, coding: Coding, part: Part, *, sequence: int) -> bytes:
    """submit_sm of one part, its octets as they stand."""
    message = _submit(submission, coding, sequence=sequence, text="part")
    message.esm_class = _UDHI if part.has_header else 0
    message.set_encoded_message(part.octets)
    return bytes(message.pdu())


def submit_payload_pdu(submission: Submission, coding: Coding, text: str, *, sequence: int) -> bytes:
    """submit_sm with the whole text in message_payload; the centre splits it."""
    message = _submit(submission, coding, sequence=sequence, text=text)
    message.short_message, message.message_payload = "", text
    return bytes(message.pdu())


def _submit(submission: Submission, coding: Coding, *, sequence: int, text: str) -> SubmitSm:
    ton, npi = (TON.INTERNATIONAL, NPI.ISDN) if submission.international else (TON.UNKNOWN, NPI.ISDN)
    validity = min(submission.validity_s, MOST_VALIDITY_S)
    return SubmitSm(
        sequence_num=sequence,
        short_message=text,
        source=PhoneNumber(submission.source),
        destination=PhoneNumber(submission.destination, ton, npi),
        validity_period=timedelta(seconds=max(1, int(validity))) if validity > 0 else None,
        registered_delivery=int(submission.wants_report),
        encoding="ucs2" if coding == 8 else None,
    )


def read_message_id(pdu: Pdu) -> str:
    """The message id of a submit_sm_resp, "" if there is none; octets beyond ASCII are kept as they can be written."""
    return pdu.body.partition(b"\0")[0].decode("ascii", "backslashreplace")


def read_delivered(pdu: Pdu) -> Delivered:
    """A deliver_sm as its fields. Raises: FrameError when the mandatory part does not hold together; odd parameters are skipped."""
    body = _Fields(pdu.body)
    body.text()  # service_type
    body.skip(2)
    source = body.text()
    body.skip(2)
    destination = body.text()
    esm_class = body.octet()
    body.skip(2)  # protocol_id, priority_flag
    body.text()  # schedule_delivery_time
    body.text()  # validity_period
    body.skip(2)  # registered_delivery, replace_if_present_flag
    data_coding = body.octet()
    body.skip(1)  # sm_default_msg_id
    user_data = body.take(body.octet())
    parameters = body.parameters()
    state = parameters.get(TAG_MESSAGE_STATE, b"")
    return Delivered(
        source=source,
        destination=destination,
        esm_class=esm_class,
        data_coding=data_coding,
        user_data=user_data or parameters.get(TAG_MESSAGE_PAYLOAD, b""),
        receipted_id=parameters.get(TAG_RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0].decode("ascii", "backslashreplace"),
        message_state=state[0] if len(state) == 1 else 0,
    )


class _Fields:
    """A cursor over the body of a PDU. Every reader raises FrameError at the end of the body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def octet(self) -> int:
        return self.take(1)[0]

    def skip(self, count: int) -> None:
        self.take(count)

    def take(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise FrameError("a PDU ends in the middle of a field", code="smpp-short", where=str(self._at))
        self._at += count
        return taken

    def text(self) -> str:
        """A C-octet string; octets beyond ASCII are kept as they can be written."""
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise FrameError("a string of a PDU has no end", code="smpp-string", where=str(self._at))
        found = self._body[self._at : end]
        self._at = end + 1
        return found.decode("ascii", "backslashreplace")

    def parameters(self) -> dict[int, bytes]:
        """The optional parameters as far as they hold together."""
        found: dict[int, bytes] = {}
        while self._at + 4 <= len(self._body):
            tag, length = struct.unpack_from("!HH", self._body, self._at)
            found[tag] = self._body[self._at + 4 : self._at + 4 + length]
            self._at += 4 + length
        return found
