"""A simulated short message centre for the conformance kit: takes, refuses and reports; made of asyncio alone."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import struct
from collections.abc import AsyncIterator
from types import MappingProxyType

from fenghuo import Ability, Arrival, ConformancePeer, FrameError, Meter, Word
from fenghuo.far_end import ListeningPeer
from fenghuo_adapters.short_message_framing import decode_text, read_part
from fenghuo_adapters.smpp_framing import Command, Delivered, Pdu, PduReader, read_delivered
from fenghuo_sms.settings import SmsSettings

__all__ = ["OUR_NUMBER", "PASSWORD", "SmsPeer", "simulated_centre"]

OUR_NUMBER = "1069000001"
_PASSWORD_FILE = "smpp-password"
PASSWORD = "k1t-5ecr"
NUMBERS_FROM = 13_900_000_000
BAD_NUMBER = "+8613800000066"
"""The centre refuses numbers with this ending."""

_HEADER = struct.Struct("!IIII")
_OK, _SYSTEM_ERROR, _INVALID_DESTINATION, _INVALID_PASSWORD = 0x00, 0x08, 0x0B, 0x0E
_RECEIPTED_ID, _STATE = 0x001E, 0x0427
_RESPONSE = 0x80000000


_TARIFF_FEN = 7.0


class SmsPeer(ConformancePeer):
    """What any centre under examination has in common: how a channel reaches it, and whom it serves."""

    bad_address = BAD_NUMBER
    secrets = MappingProxyType({_PASSWORD_FILE: PASSWORD})

    def settings(self, port: int) -> SmsSettings:
        return SmsSettings(
            host="127.0.0.1",
            port=port,
            system_id="fenghuo",
            password_file=_PASSWORD_FILE,
            source_addr=OUR_NUMBER,
            window=8,
            enquire_link_s=2.0,
            response_s=1.0,
            connect_s=1.0,
            reconnect_most_s=0.5,
            receipt_q95_s=4.0,
            fee_fen=_TARIFF_FEN,
        )

    def address(self, number: int) -> str:
        return f"+86{NUMBERS_FROM + 10 * number}"

    def meter(self, heard: int) -> Meter:
        """Money for each part that it has."""
        return Meter(fee_fen=_TARIFF_FEN * len(self.arrivals))


class SimulatedCentre(SmsPeer, ListeningPeer):
    """Takes every submission with an id of its own, and says again, to whoever is bound next, what nobody has acknowledged."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS, Ability.REFUSE})

    def __init__(self) -> None:
        super().__init__()
        self._bound: list[asyncio.StreamWriter] = []
        self._unheard: dict[int, bytes] = {}
        self._is_hasty = False
        self._refuses_in: int | None = None
        self._sequence = 0
        self._last_id = 0x5EED0000

    async def say(self, word: Word, about: Arrival) -> None:
        match word:
            case Word.REPORT:
                self._report(about.address, about.ref, "DELIVRD", 2)
            case Word.FAILED:
                self._report(about.address, about.ref, "UNDELIV", 5)
            case Word.UNKNOWN:
                self._report(about.address, "ffffffffff", "DELIVRD", 2)
            case Word.MANGLED:
                self._send(
                    _deliver(about.address, b"id:\xff\x00\xfe" + about.ref.encode()[::-1] + b" stat:DELIVRD", parameters=b"\x00\x1e\xff")
                )

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def be_refusing(self, *, after: int) -> None:
        self._refuses_in = after

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session, to its end."""
        pdus = PduReader()
        try:
            while octets := await reader.read(65536):
                for pdu in pdus.feed(octets):
                    self._answer(pdu, writer)
        except FrameError:
            return
        finally:
            if writer in self._bound:
                self._bound.remove(writer)

    def _answer(self, pdu: Pdu, writer: asyncio.StreamWriter) -> None:
        match pdu.command:
            case Command.BIND_TRANSCEIVER:
                self._bind(pdu, writer)
            case Command.SUBMIT_SM:
                self._submitted(pdu, writer)
            case Command.DELIVER_SM_RESP:
                self.acknowledged += self._unheard.pop(pdu.sequence, None) is not None
            case Command.ENQUIRE_LINK | Command.UNBIND:
                writer.write(_response(pdu))

    def _bind(self, pdu: Pdu, writer: asyncio.StreamWriter) -> None:
        is_known = PASSWORD.encode() in pdu.body
        writer.write(_response(pdu, b"KIT\0", status=_OK if is_known else _INVALID_PASSWORD))
        if is_known:
            self._bound.append(writer)
            unheard, self._unheard = self._unheard, {}
            for octets in unheard.values():
                self._send(octets)

    def _submitted(self, pdu: Pdu, writer: asyncio.StreamWriter) -> None:
        submitted = read_delivered(pdu)  # a submit_sm is laid out as a deliver_sm
        if BAD_NUMBER.endswith(submitted.destination):
            writer.write(_response(pdu, b"\0", status=_INVALID_DESTINATION))
            return
        if self._refuses_in == 0:
            self._refuses_in = None
            writer.write(_response(pdu, b"\0", status=_SYSTEM_ERROR))
            return
        self._refuses_in = self._refuses_in - 1 if self._refuses_in is not None else None
        self._last_id += 1
        arrival = _arrival(submitted, f"{self._last_id:x}")
        self.arrivals.append(arrival)
        if self._is_hasty:
            self._report(arrival.address, arrival.ref, "DELIVRD", 2)
        writer.write(_response(pdu, arrival.ref.encode() + b"\0"))

    def _report(self, address: str, ref: str, state: str, code: int) -> None:
        moment = dt.datetime.fromtimestamp(self.now(), dt.UTC).strftime("%y%m%d%H%M")
        text = f"id:{ref} sub:001 dlvrd:001 submit date:{moment} done date:{moment} stat:{state} err:000 text:"
        named = struct.pack("!HH", _RECEIPTED_ID, len(ref) + 1) + ref.encode() + b"\0" + struct.pack("!HHB", _STATE, 1, code)
        self._send(_deliver(address, text.encode(), parameters=named))

    def _send(self, deliver: bytes) -> None:
        self._sequence += 1
        self._unheard[self._sequence] = deliver
        if self._bound:
            self._bound[-1].write(_HEADER.pack(16 + len(deliver), Command.DELIVER_SM, 0, self._sequence) + deliver)


@contextlib.asynccontextmanager
async def simulated_centre() -> AsyncIterator[ConformancePeer]:
    """A centre that listens."""
    async with SimulatedCentre().listening() as centre:
        yield centre


def _arrival(submitted: Delivered, ref: str) -> Arrival:
    concat, octets = read_part(submitted.user_data, has_header=submitted.has_header)
    text = decode_text(octets, submitted.data_coding)
    part, parts = (concat.number, concat.total) if concat else (1, 1)
    return Arrival(f"+{submitted.destination}", text, part=part, parts=parts, ref=ref)


def _response(pdu: Pdu, body: bytes = b"", *, status: int = _OK) -> bytes:
    return _HEADER.pack(16 + len(body), pdu.command | _RESPONSE, status, pdu.sequence) + body


def _deliver(address: str, text: bytes, *, parameters: bytes) -> bytes:
    """The body of a deliver_sm that is a receipt. Source: SMPP 3.4 §4.6.1."""
    source = address.removeprefix("+").encode()
    fields = b"\0\1\1" + source + b"\0\0\1" + OUR_NUMBER.encode() + b"\0" + bytes((4, 0, 0)) + b"\0\0" + bytes((0, 0, 0, 0))
    return fields + bytes((len(text),)) + text + parameters
