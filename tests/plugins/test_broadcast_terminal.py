"""Terminals are told by the book: commands octet by octet, the more severe is heard, and what a terminal signs that it played is DEVICE."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
import pytest

from fenghuo import AttemptRef, Evidence, FormatError, Inbound, Permanent, Reached, Scope, Transient, Word
from fenghuo.clock import SystemClock
from fenghuo.formats.wording import BEIJING
from fenghuo.model.traffic import Action, Priority, Traffic
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, REQUEST, Frame, Seal, bcd
from fenghuo_adapters.ebd_sm2 import Sm2Key
from fenghuo_broadcast.conformance_terminal import CLOSE, OPEN, REPORT, SimulatedAdapter
from fenghuo_broadcast.terminal_channel import TerminalChannel
from fenghuo_broadcast.terminal_command import Manner, Report, close_data, open_data, query_data, read_report
from fenghuo_broadcast.terminal_settings import TerminalSettings
from tests.plugins.broadcast_fakes import FakeContext, FakeJob, FullNotes
from tests.plugins.broadcast_values import EBMID, NOW, alert, programme
from tests.scale import PATIENCE_S

CENTRE, TERMINAL, OTHER = "010332058500000001", "010632058510300001", "010632058510300002"
BEGINS, ENDS = int(NOW), int(NOW) + 300


class Sounding(SimulatedAdapter):
    """As the kit's; it keeps every frame that it took."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.key: Sm2Key | None = None
        self.answers_as = ""

    def _took(self, frame: Frame) -> None:
        self.frames.append(frame)
        super()._took(frame)

    def of(self, operation: int) -> list[str]:
        """Numbers by operation, in their order."""
        return [frame.data[:15].hex() for frame in self.frames if frame.kind == REQUEST and frame.operation == operation]

    def is_done(self, number: str) -> None:
        """The terminal has played it, and told nobody."""
        self._played[number].state = 1

    def forget(self) -> None:
        """It has never heard of anything."""
        self._played.clear()

    def _send(self, frame: Frame) -> None:
        self.report(self.sealed(dataclasses.replace(frame, source=self.answers_as or frame.source), self.key))

    def sealed(self, frame: Frame, key: Sm2Key | None) -> Frame:
        if key is None:
            return frame
        octets = key.sign(self._codec.covered(frame, is_signed=True))
        return dataclasses.replace(frame, seal=Seal(int(NOW), "000000003363", octets))

    def report(self, frame: Frame) -> None:
        """To whoever it is for, as it stands."""
        covered = self._codec.covered(frame, is_signed=frame.seal is not None)
        self._writers[frame.targets[0]].write(self._codec.closed(covered, frame.seal))


@pytest.fixture
async def adapter() -> AsyncIterator[Sounding]:
    peer = Sounding()
    async with peer.listening():
        try:
            yield peer
        finally:
            await peer.hang_up()


def settings_for(adapter: SimulatedAdapter, **changes: Any) -> TerminalSettings:
    base = {"source": CENTRE, "armed": datetime.now(BEIJING), "charset": "gb2312", "charset_code": 0, "answer_s": 5.0}
    return msgspec.structs.replace(adapter.settings(adapter.port), **{**base, **changes})


@asynccontextmanager
async def living(context: FakeContext) -> AsyncIterator[tuple[TerminalChannel, list[Inbound]]]:
    """A started channel, and what the core has of it."""
    channel, heard = TerminalChannel(context.hosted()), list[Inbound]()

    async def take() -> None:
        async for item in channel.inbound():
            await item.ack()
            heard.append(item)

    await channel.start()
    pump = asyncio.create_task(take(), name="the core")
    try:
        yield channel, heard
    finally:
        await channel.stop(SystemClock().monotonic() + 2.0)
        await pump


async def heard_of(heard: list[Inbound], count: int = 1) -> list[Inbound]:
    async with asyncio.timeout(PATIENCE_S):
        while len(heard) < count:
            await asyncio.sleep(0.01)
    return heard


def test_an_open_is_laid_out_as_the_table_says() -> None:
    """Number, power, class, kind, level, from, to, volume, areas, language with its text in GB/T 2312: written here by hand."""
    said = programme(text="立即转移。", sender="局", severity=2, level=2)
    text, agency = "立即转移。".encode("gb2312"), "局".encode("gb2312")
    expected = bytes.fromhex("010333112400000001202607150007") + b"\x01\x04" + b"11B01" + b"\x02"
    expected += BEGINS.to_bytes(4, "big") + ENDS.to_bytes(4, "big") + b"\x50" + b"\x01\x01\x0c" + b"331124000000"
    expected += b"\x01zho\x00" + bytes((0, len(text))) + text + bytes((len(agency),)) + agency + b"\x00" + b"\x00\x00\x00"
    assert expected == open_data(EBMID, msgspec.structs.replace(said, event_type="11B01"), Manner(), begins=BEGINS, ends=ENDS)


@pytest.mark.parametrize(("severity", "level", "shown"), [(1, 1, (4, 1)), (10, 10, (5, 4)), (22, 1, (2, 1)), (15, 1, (1, 1))])
def test_class_and_level_say_whether_it_is_real(severity: int, level: int, shown: tuple[int, int]) -> None:
    """An exercise is never of the class of emergencies."""
    said = programme(severity=severity, level=level, event_type="11B01")
    data = open_data(EBMID, said, Manner(), begins=BEGINS, ends=ENDS)
    assert shown == (data[16], data[22])


def test_a_device_that_takes_local_time_for_utc_gets_it() -> None:
    """By its profile; eight hours."""
    said = programme(event_type="11B01")
    data = open_data(EBMID, said, Manner(local_time=True), begins=BEGINS, ends=ENDS)
    assert BEGINS + 8 * 3600 == int.from_bytes(data[23:27], "big")


def test_what_the_old_character_set_lacks_is_said_otherwise_or_not_sent() -> None:
    """〇 becomes 零; what has no other way of saying stops it, and never a question mark."""
    ready = Manner()
    assert "二零".encode("gb2312") in open_data(EBMID, programme(text="二〇", event_type="11B01"), ready, begins=BEGINS, ends=ENDS)
    with pytest.raises(FormatError, match="U\\+3400"):
        open_data(EBMID, programme(text="㐀", event_type="11B01"), ready, begins=BEGINS, ends=ENDS)


@pytest.mark.parametrize("zeros", ["", "0", "0" * 30, "0" * 35])
def test_nobody_silences_an_area_by_zeros(zeros: str) -> None:
    """EBMID 0 means all of it."""
    with pytest.raises(FormatError, match="it could stop all of an area"):
        close_data(zeros)


def test_a_close_is_the_number_alone_and_a_question_names_terminal_and_times() -> None:
    """Fifteen octets; nine, fifteen and two instants."""
    assert bytes.fromhex(EBMID) == close_data(EBMID)
    expected = bytes.fromhex(TERMINAL) + bytes.fromhex(EBMID) + BEGINS.to_bytes(4, "big") + ENDS.to_bytes(4, "big")
    assert expected == query_data(TERMINAL, EBMID, since=BEGINS, until=ENDS)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_report_is_number_and_result(code: int) -> None:
    """Failed, done, sounds; nothing else is one."""
    assert Report(EBMID, code) == read_report(bytes.fromhex(EBMID) + bytes((code,)))
    assert read_report(b"") is None
    for garbage in (b"\1", bytes(15) + b"\1", bytes.fromhex(EBMID) + b"\7", b"\xaa" * 16):
        with pytest.raises((FormatError, ValueError)):
            read_report(garbage)


async def test_a_terminal_that_has_played_it_is_a_device_that_confirms(adapter: Sounding) -> None:
    """Taken, then reported; the terminal hears that its report is kept."""
    async with living(FakeContext(settings_for(adapter))) as (channel, heard):
        outcome = await channel.send(FakeJob(alert(), address=TERMINAL))
        assert isinstance(outcome, Reached)
        assert Evidence.ACCEPTED == outcome.level
        (arrival,) = adapter.arrivals
        assert (TERMINAL, outcome.refs) == (arrival.address, (arrival.ref,))
        await adapter.say(Word.REPORT, arrival)
        assert [(arrival.ref, Evidence.DEVICE)] == [(one.ref, one.level) for one in await heard_of(heard)]
        async with asyncio.timeout(PATIENCE_S):
            while not adapter.acknowledged:
                await asyncio.sleep(0.01)


async def test_red_silences_yellow_first_and_yellow_waits_for_red(adapter: Sounding) -> None:
    """At that terminal alone; the core hears what became of the yellow one."""
    async with living(FakeContext(settings_for(adapter))) as (channel, heard):
        yellow = await channel.send(FakeJob(alert(colour="Yellow", headline="黄色"), address=TERMINAL, priority=Priority.P2))
        await channel.send(FakeJob(alert(colour="Yellow", headline="黄色"), address=OTHER, priority=Priority.P2))
        red = await channel.send(FakeJob(other(), address=TERMINAL))
        assert isinstance(yellow, Reached)
        assert isinstance(red, Reached)
        assert [*yellow.refs] == adapter.of(CLOSE)
        assert [OPEN, OPEN, CLOSE, OPEN] == [frame.operation for frame in adapter.frames]
        assert [(yellow.refs[0], Permanent(Scope.RECIPIENT, "pre-empted"))] == [(one.ref, one.failure) for one in await heard_of(heard)]
        late = await channel.send(FakeJob(alert(colour="Yellow", headline="黄色"), address=TERMINAL, priority=Priority.P2))
        assert isinstance(late, Transient)
        assert "more-severe-sounds" == late.code


async def test_an_exercise_silences_nothing_real(adapter: Sounding) -> None:
    """Whatever its colour: it waits for the daily broadcast."""
    async with living(FakeContext(settings_for(adapter))) as (channel, _):
        await channel.send(FakeJob(alert(colour="Blue", headline="蓝色"), address=TERMINAL))
        late = await channel.send(FakeJob(alert(traffic=Traffic.EXERCISE), address=TERMINAL))
        assert isinstance(late, Transient)
        assert ("more-severe-sounds", []) == (late.code, adapter.of(CLOSE))


async def test_a_day_without_numbers_leaves_what_sounds_and_stops_it_all_the_same(adapter: Sounding) -> None:
    """What gets no number makes no room for itself; a Cancel gets one of those that are kept."""
    context, full = FakeContext(settings_for(adapter)), Permanent(Scope.CHANNEL, "no-numbers-left-today")
    async with living(context) as (channel, _):
        await channel.send(FakeJob(alert(colour="Yellow", headline="黄色"), address=TERMINAL))
    count = (await context.notes.recall()).values["count"]
    await context.notes.keep({"count": f"{count[:8]}9499"})
    async with living(FakeContext(context.settings, notes=context.notes)) as (channel, _):
        assert full == await channel.send(FakeJob(other(), address=TERMINAL))
        assert [] == adapter.of(CLOSE)
        assert isinstance(await channel.send(FakeJob(alert(action=Action.CANCEL), address=TERMINAL)), Reached)
        assert adapter.of(OPEN) == adapter.of(CLOSE)


async def test_what_cannot_be_said_silences_nobody(adapter: Sounding) -> None:
    """The text is made before anything makes room for it."""
    async with living(FakeContext(settings_for(adapter))) as (channel, _):
        await channel.send(FakeJob(alert(colour="Yellow", headline="黄色"), address=TERMINAL))
        assert Permanent(Scope.MESSAGE, "charset") == await channel.send(FakeJob(other(description="㐀"), address=TERMINAL))
        assert [] == adapter.of(CLOSE)


async def test_a_cancel_closes_what_another_process_opened(adapter: Sounding) -> None:
    """Also unarmed; a second one closes it again, under the same number."""
    context = FakeContext(settings_for(adapter))
    async with living(context) as (channel, _):
        await channel.send(FakeJob(alert(), address=TERMINAL))
    unarmed = FakeContext(settings_for(adapter, armed=None), notes=context.notes)
    async with living(unarmed) as (channel, _):
        assert Permanent(Scope.RECIPIENT, "not-armed") == await channel.send(FakeJob(other(), address=TERMINAL))
        assert isinstance(await channel.send(FakeJob(alert(action=Action.CANCEL), address=TERMINAL)), Reached)
        assert Permanent(Scope.RECIPIENT, "nothing-to-stop") == await channel.send(FakeJob(alert(action=Action.CANCEL), address=OTHER))
    assert adapter.of(OPEN) == adapter.of(CLOSE)


@pytest.mark.parametrize(("source", "code"), [(OTHER, 0), (TERMINAL, 0), (TERMINAL, 1)])
async def test_no_report_makes_a_cancel_do_nothing(adapter: Sounding, source: str, code: int) -> None:
    """Until its end a broadcast is closed, whatever one terminal said of it."""
    async with living(FakeContext(settings_for(adapter))) as (channel, heard):
        await channel.send(FakeJob(alert(), address=TERMINAL))
        number = adapter.arrivals[0].ref
        adapter.report(Frame(77, REQUEST, source, (CENTRE,), REPORT, bcd(number) + bytes((code,))))
        adapter.report(Frame(78, REQUEST, TERMINAL, (CENTRE,), REPORT, bcd(number) + bytes((code,))))
        await heard_of(heard)
        assert isinstance(await channel.send(FakeJob(alert(action=Action.CANCEL), address=TERMINAL)), Reached)
        assert [number] == adapter.of(CLOSE)


async def test_a_stop_that_was_given_and_cannot_be_noted_was_given(adapter: Sounding) -> None:
    """A full store makes no failure of it."""
    context = FakeContext(settings_for(adapter), notes=FullNotes())
    async with living(context) as (channel, _):
        await channel.send(FakeJob(alert(), address=TERMINAL))
        cancel = FakeJob(alert(action=Action.CANCEL), address=TERMINAL)
        assert isinstance(await channel.send(cancel), Reached)
        adapter.report(Frame(77, REQUEST, TERMINAL, (CENTRE,), REPORT, bcd(adapter.arrivals[0].ref) + b"\2"))
        async with asyncio.timeout(PATIENCE_S):
            while not any(frame.kind == ANSWER for frame in adapter.frames):
                await asyncio.sleep(0.01)
        assert isinstance(context.notes, FullNotes)
        context.notes.is_full = True
        assert isinstance(await channel.send(cancel), Reached)
    assert [adapter.arrivals[0].ref] * 2 == adapter.of(CLOSE)


async def test_what_is_asked_is_told_though_the_store_is_full(adapter: Sounding) -> None:
    """That it cannot be noted makes the answer no worse, and ends no task that hears the next."""
    notes = FullNotes()
    async with living(FakeContext(settings_for(adapter), notes=notes)) as (channel, _):
        job = FakeJob(alert(), address=TERMINAL)
        await channel.send(job)
        adapter.is_done(adapter.arrivals[0].ref)
        notes.is_full = True
        answer = await channel.query(AttemptRef(job.token, 1, TERMINAL))
        assert isinstance(answer, Reached)
        assert Evidence.DEVICE == answer.level


@pytest.mark.parametrize("data", [b"\xaa" * 16, b"\0", b"\xff" * 200, b"\0" * 15 + b"\1"])
async def test_a_mangled_report_deafens_nobody(adapter: Sounding, data: bytes) -> None:
    """The next one is heard."""
    async with living(FakeContext(settings_for(adapter))) as (channel, heard):
        await channel.send(FakeJob(alert(), address=TERMINAL))
        adapter.report(Frame(77, REQUEST, TERMINAL, (CENTRE,), REPORT, data))
        adapter.report(Frame(78, REQUEST, TERMINAL, (CENTRE,), REPORT, bcd(adapter.arrivals[0].ref) + b"\1"))
        assert [Evidence.DEVICE] == [one.level for one in await heard_of(heard)]


async def test_a_report_that_nobody_heard_is_asked_for_when_the_line_is_back(adapter: Sounding) -> None:
    """A terminal says it once more when it is asked."""
    context = FakeContext(settings_for(adapter))
    async with living(context) as (channel, _):
        job = FakeJob(alert(), address=TERMINAL)
        await channel.send(job)
        adapter.is_done(adapter.arrivals[0].ref)
    async with living(FakeContext(context.settings, notes=context.notes)) as (channel, heard):
        assert [Evidence.DEVICE] == [one.level for one in await heard_of(heard)]
        answer = await channel.query(AttemptRef(job.token, 1, TERMINAL))
        assert isinstance(answer, Reached)
        assert Evidence.DEVICE == answer.level


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"host": ""}, "host is empty; give the adapter's name or address"),
        ({"source": "1" * 23}, "has not the 18 digits of a resource code of the 2018 form"),
        ({"op_close": 1}, "must be four different numbers"),
        ({"event_type": "x"}, "event_type 'x' is not a code of five such as 11B01"),
        ({"unsigned": False}, "key_file is empty; frames are signed and verified, unless unsigned = true"),
        ({"sound_s": 1}, "Expected `float` >= 10"),
    ],
)
def test_a_mistake_in_the_settings_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    """It names the field, what was written, and what would be right."""
    sound = {"host": "10.32.4.9", "port": 5000, "source": CENTRE, "unsigned": True}
    operations = {"op_open": 1, "op_close": 2, "op_query": 3, "op_report": 4}
    with pytest.raises(msgspec.ValidationError) as told:
        msgspec.convert({**sound, **operations, **changes}, TerminalSettings)
    assert sentence in str(told.value)


def other(**changes: Any) -> Any:
    """A red alert that is another message."""
    return msgspec.structs.replace(alert(**changes), id="m-other")
