"""What alarms need beside events: times that run out, a look after a start, and a first start of a store that kept none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from fenghuo.engine.alarm_kinds import Catalogue
from fenghuo.model.alarm import Alarm, AlarmState, Held
from fenghuo.service.alarms_tended import SEEDED_S, Tender
from fenghuo.store import Store
from fenghuo.store.tables import ALARM
from tests.core.engine.alarmed import CATALOGUE, Kept, hearing, kept
from tests.core.store.rows import StillClock, open_store
from tests.scale import PATIENCE_S


@asynccontextmanager
async def tended(there: Kept) -> AsyncIterator[Tender]:
    tender = Tender(there.store, there.clock, there.annunciator)
    task = asyncio.create_task(tender.run())
    try:
        yield tender
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def reached(there: Kept, state: AlarmState) -> Alarm:
    """The one alarm, as soon as it is in this state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            at = there.store.events.head
            (one,) = await there.alarms()
            if one.state is state:
                return one
            await there.store.events.wait(at)


async def test_a_shelf_is_given_back_by_itself(tmp_path: Path) -> None:
    """Whoever waits for a time is woken by the event that sets it, and at a start by what is over already."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.isolated", "road/a")
        (one,) = await there.alarms()
        shelved = msgspec.structs.replace(one, state=AlarmState.SHELVED, held=Held.SHELVED, held_until=there.clock.now - 1)
        await there.store.run(lambda tx: tx.update(ALARM, shelved))
        async with tended(there):
            one = await reached(there, AlarmState.UNACKED)
            assert ("", there.clock.now) == (one.held, one.called_at)


async def test_an_alarm_that_waits_calls_when_its_on_delay_is_over(tmp_path: Path) -> None:
    """The event that begins a delay wakes whoever waits for its end."""
    soon = Catalogue({"alarm.isolated": msgspec.structs.replace(CATALOGUE.kinds["alarm.isolated"], on_delay_s=0.05)})
    async with kept(tmp_path, soon) as there, tended(there):
        await there.tell("alarm.isolated", "road/a")
        there.clock.now += 1.0
        assert 0.0 < (await reached(there, AlarmState.UNACKED)).raised_at


async def test_what_was_so_before_a_start_and_is_not_any_more_has_returned(tmp_path: Path) -> None:
    """Of each kind that a running process knows, the daemon is asked; what nobody can say is left as it is."""
    async with kept(tmp_path) as there:
        for name in ("up", "down", "gone"):
            await there.tell("alarm.channel_down", f"channel/{name}")
        await there.tell("alarm.sanwu", "node")
        head = there.store.events.head
        await there.tell("alarm.channel_down", "channel/later")
        tender = Tender(there.store, there.clock, there.annunciator)
        tender.holds = {"alarm.channel_down": lambda name: name == "down"}
        await tender.look_back(head)
        states = {one.subject: one.state.value for one in await there.alarms()}
        returned = dict.fromkeys(("channel/up", "channel/gone"), "RETURNED_UNACKED")
        assert returned | dict.fromkeys(("channel/down", "channel/later", "node"), "UNACKED") == states


async def test_a_store_of_before_is_given_what_stands_and_no_more(tmp_path: Path) -> None:
    """By its own events of the last week: what has ended is none, what a person ends is none, what is older than a week is none."""
    told = [
        ("alarm.isolated", "road/a"),
        ("alarm.isolated", "road/b"),
        ("road.reached", "road/a"),
        ("alarm.objective_missed", "objective/1"),
    ]
    old = await open_store(tmp_path)
    for kind, subject in told:
        await old.run(lambda tx, kind=kind, subject=subject: tx.event(kind, subject))  # type: ignore[misc]
    await old.close()
    async with kept(tmp_path) as there:
        there.clock.now += 3_600.0
        tender = Tender(there.store, there.clock, there.annunciator)
        await tender.seed()
        assert {"road/a": "RETURNED_UNACKED", "road/b": "UNACKED"} == {one.subject: one.state.value for one in await there.alarms()}
        assert {1_000_000.0} == {one.raised_at for one in await there.alarms()}
        head = there.store.events.head
        await tender.seed()
        assert head == there.store.events.head


async def test_what_is_older_than_a_week_is_not_raised_again(tmp_path: Path) -> None:
    """Whoever upgrades a year later is not called by last year."""
    old = await open_store(tmp_path)
    await old.run(lambda tx: tx.event("alarm.isolated", "road/a"))
    await old.close()
    clock = StillClock(1_000_000.0 + SEEDED_S + 10)
    async with kept(tmp_path) as there:
        await there.store.run(lambda tx: None)
        await Tender(there.store, clock, there.annunciator).seed()
        assert [] == await there.alarms()


async def test_a_store_without_a_past_is_given_nothing(tmp_path: Path) -> None:
    """A first start reads nothing and says that it has."""
    store = await Store.open(tmp_path, clock=StillClock(), node="taicang", settings=hearing(lambda tx, events: None))
    async with kept(tmp_path / "other") as there:
        await Tender(there.store, there.clock, there.annunciator).seed()
        assert (0, []) == (there.store.events.head, await there.alarms())
    await store.close()
