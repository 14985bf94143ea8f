"""Alarms in the store: with the events that raise and end them, in one transaction and in one order."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.alarm_kinds import Catalogue
from fenghuo.engine.alarms_kept import traffic_of
from fenghuo.model.alarm import AlarmPriority, AlarmState
from fenghuo.model.delivery import ObjectiveState
from fenghuo.model.event import Event
from fenghuo.model.traffic import Traffic
from fenghuo.store import Store, Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import DELIVERY, MESSAGE, OBJECTIVE
from tests.core.engine.alarmed import CATALOGUE, hearing, kept
from tests.core.store.rows import StillClock, delivery, message, objective


async def test_an_alarm_is_raised_and_returns_with_the_events_that_say_so(tmp_path: Path) -> None:
    """Its number is that of the event that raised it; each state it enters is told about its own path, and its rev is that event's."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.isolated", "road/huangjing", message="孤岛")
        (one,) = await there.alarms()
        assert (1, "alarm.isolated", "road/huangjing", AlarmState.UNACKED, 2) == (one.id, one.kind, one.subject, one.state, one.rev)
        assert 1_000_000.0 + 900 == one.respond_by
        await there.tell("road.reached", "road/fuqiao")
        await there.tell("road.reached", "road/huangjing")
        (one,) = await there.alarms()
        assert (AlarmState.RETURNED_UNACKED, False) == (one.state, one.is_over)
        assert [("alarms.unacked", "alarm/1"), ("alarms.returned_unacked", "alarm/1")] == await there.told()
        assert one.rev == there.store.events.head


async def test_an_event_of_a_job_that_fails_raises_nothing(tmp_path: Path) -> None:
    """The alarm is in the transaction of its event: neither is there without the other."""

    def job(tx: Tx) -> None:
        tx.event("alarm.nobody", "objective/1")
        raise RuntimeError("a bug")

    async with kept(tmp_path) as there:
        with pytest.raises(RuntimeError, match="a bug"):
            await there.store.run(job)
        assert ([], []) == (await there.alarms(), await there.told())


async def test_what_fails_in_keeping_alarms_takes_no_job_with_it(tmp_path: Path) -> None:
    """An alarm is less than what it is about: the job is kept, and the event tells of it."""

    def faulty(tx: Tx, events: Sequence[Event]) -> None:
        tx.event("alarms.unacked", "alarm/1")
        raise RuntimeError("a bug of ours")

    store = await Store.open(tmp_path, clock=StillClock(), node="taicang", settings=hearing(faulty))
    await store.run(lambda tx: tx.event("alarm.nobody", "objective/1"))
    assert ["alarm.nobody"] == [one.type for one in await store.events.read(0, 10)]
    await store.close()


async def test_the_same_again_is_one_alarm_with_a_count(tmp_path: Path) -> None:
    """Also within one commit; the other place's is another, and what is over is raised as a new one."""
    async with kept(tmp_path) as there:

        def twice(tx: Tx) -> None:
            for _ in range(2):
                tx.event("alarm.declined", "delivery/4", text="去不了")

        await there.store.run(twice)
        await there.tell("alarm.declined", "delivery/5", text="去不了")
        assert [(1, 2), (5, 1)] == [(one.id, one.count) for one in await there.alarms()]
        assert ("alarms.recurred", "alarm/1") in await there.told()
        assert 2 == (await there.alarms())[0].event


async def test_one_event_ends_what_it_replaces_and_raises_its_own(tmp_path: Path) -> None:
    """An objective that is missed is at risk no more."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.objective_at_risk", "objective/3")
        await there.tell("alarm.objective_missed", "objective/3")
        risk, missed = await there.alarms()
        assert (AlarmState.RETURNED_UNACKED, AlarmState.UNACKED) == (risk.state, missed.state)
        assert (AlarmPriority.MEDIUM, AlarmPriority.HIGH) == (risk.priority, missed.priority)


async def test_an_alarm_about_an_alarm_ends_with_what_becomes_of_that_one(tmp_path: Path) -> None:
    """Nobody has heard of a cut-off place; when a road is open again there is nothing to hear any more."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.isolated", "road/huangjing")
        await there.tell("alarm.unheard", "alarm/1")
        await there.tell("road.reached", "road/huangjing")
        assert [AlarmState.RETURNED_UNACKED] * 2 == [one.state for one in await there.alarms()]


async def test_what_ends_unmet_is_counted_in_an_open_objective_and_told_of_one_that_is_over(tmp_path: Path) -> None:
    """Once for each commit; what ends in the very commit that ends its objective is told by that."""

    def expire(number: int, *, over: bool) -> Callable[[Tx], None]:
        def job(tx: Tx) -> None:
            for recipient in range(3):
                tx.event("delivery.expired", f"delivery/{recipient}", objective=number)
            if over:
                tx.event("alarm.objective_missed", f"objective/{number}")

        return job

    async with kept(tmp_path) as there:
        states = {1: ObjectiveState.OPEN, 2: ObjectiveState.MET, 3: ObjectiveState.MISSED}
        rows = [msgspec.structs.replace(objective(number), state=state) for number, state in states.items()]
        await there.store.run(lambda tx: tx.insert_all(OBJECTIVE, rows))
        for number in states:
            await there.store.run(expire(number, over=number == 3))
        await there.tell("page.failed", "page/2/7")
        ended, missed = await there.alarms()
        assert ("alarm.delivery_ended", "objective/2", 2) == (ended.kind, ended.subject, ended.count)
        assert "alarm.objective_missed" == missed.kind


async def test_power_that_flaps_within_ten_minutes_is_one_alarm_that_still_stands(tmp_path: Path) -> None:
    """The watch of power tells a discharge once in ten minutes: what says that it is on battery again keeps the alarm from returning."""
    async with kept(tmp_path) as there:
        await there.tell("power.changed", "power/ups", state="battery")
        await there.tell("alarm.power", "power/ups", message="on battery")
        await there.tell("power.changed", "power/ups", state="mains")
        assert AlarmState.UNACKED == (await there.alarms())[0].state
        there.clock.now += 300
        await there.tell("power.changed", "power/ups", state="battery")
        there.clock.now += 900
        await there.store.run(there.annunciator.lapse)
        (one,) = await there.alarms()
        assert (AlarmState.UNACKED, True, 2) == (one.state, one.stands, one.count)
        await there.tell("power.changed", "power/ups", state="mains")
        there.clock.now += 600
        await there.store.run(there.annunciator.lapse)
        assert AlarmState.RETURNED_UNACKED == (await there.alarms())[0].state


async def test_a_start_that_tells_again_what_stands_is_no_recurrence(tmp_path: Path) -> None:
    """What was acknowledged stays so, and counts once; what a start tells otherwise, or tells a second time, calls."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.no_rule", "message/m1", revision=1, rules="a")
        await there.tell("alarm.no_rule", "message/m2", revision=1, rules="a")
        for one in await there.alarms():
            await there.ack(one.id)
        before = await there.told()
        there.annunciator.began(there.store.events.head)
        there.clock.now += 60
        await there.tell("alarm.no_rule", "message/m1", revision=1, rules="b")
        await there.tell("alarm.no_rule", "message/m2", revision=2, rules="b")
        first, second = await there.alarms()
        assert (AlarmState.ACKED, 1, 1_000_000.0, there.store.events.head - 2) == (first.state, first.count, first.last_at, first.event)
        assert (AlarmState.UNACKED, 2) == (second.state, second.count)
        assert [("alarms.unacked", f"alarm/{second.id}")] == (await there.told())[len(before) :]
        await there.tell("alarm.no_rule", "message/m1", revision=1, rules="b")
        assert (AlarmState.UNACKED, 2) == ((await there.alarms())[0].state, (await there.alarms())[0].count)


async def test_what_came_back_before_the_start_or_gets_worse_over_it_has_recurred(tmp_path: Path) -> None:
    """A channel that was up, if for a second; a battery that is nearly empty by now; what has no `same`, always."""
    async with kept(tmp_path) as there:
        for kind, subject in (("alarm.channel_down", "channel/sms"), ("alarm.channel_down", "channel/voice"), ("alarm.isolated", "road/a")):
            await there.tell(kind, subject)
        await there.tell("alarm.power", "power/ups", state="battery", low=False)
        await there.tell("channel.health", "channel/sms", after="up")
        for one in await there.alarms():
            await there.ack(one.id)
        there.annunciator.began(there.store.events.head)
        for kind, subject in (("alarm.channel_down", "channel/sms"), ("alarm.channel_down", "channel/voice"), ("alarm.isolated", "road/a")):
            await there.tell(kind, subject)
        await there.tell("alarm.power", "power/ups", state="battery", low=True)
        assert [2, 1, 2, 2] == [one.count for one in await there.alarms()]
        assert [AlarmState.ACKED, AlarmState.ACKED, AlarmState.UNACKED, AlarmState.UNACKED] == [one.state for one in await there.alarms()]


async def test_what_a_person_has_ended_is_not_raised_by_a_start_that_finds_it_again(tmp_path: Path) -> None:
    """The audit was changed, and somebody knows; another change of it is another alarm, and what nobody has acknowledged calls on."""
    async with kept(tmp_path) as there:
        for number in (7, 8):
            await there.tell("alarm.audit", f"audit/{number}", record=number, cause="its hash")
        await there.ack((await there.alarms())[0].id)
        for _ in range(2):
            there.annunciator.began(there.store.events.head)
            for number in (7, 8):
                await there.tell("alarm.audit", f"audit/{number}", record=number, cause="its hash")
        assert [(AlarmState.NORMAL, 1), (AlarmState.UNACKED, 1)] == [(one.state, one.count) for one in await there.alarms()]
        await there.tell("alarm.audit", "audit/7", record=7, cause="it is gone")
        assert [AlarmState.NORMAL, AlarmState.UNACKED, AlarmState.UNACKED] == [one.state for one in await there.alarms()]


async def test_what_ends_within_its_on_delay_is_told_to_nobody(tmp_path: Path) -> None:
    """And what holds calls when it is over; until then no console has it."""
    slow = Catalogue({"alarm.isolated": msgspec.structs.replace(CATALOGUE.kinds["alarm.isolated"], on_delay_s=30.0)})
    async with kept(tmp_path, slow) as there:
        await there.tell("alarm.isolated", "road/a")
        await there.tell("road.reached", "road/a")
        await there.tell("alarm.isolated", "road/b")
        there.clock.now += 30
        await there.store.run(there.annunciator.lapse)
        assert [("alarms.unacked", "alarm/3")] == await there.told()
        assert [(0.0, True), (1_000_030.0, False)] == [(one.raised_at, one.is_over) for one in await there.alarms()]


async def test_the_eleventh_within_ten_minutes_makes_a_flood_and_marks_the_first(tmp_path: Path) -> None:
    """All that came in it name the first; it is over when fewer than five come in ten minutes."""
    async with kept(tmp_path) as there:
        for number in range(10):
            await there.tell("alarm.answer_unmatched", f"inbox/{number}")
        assert {0} == {one.flood for one in await there.alarms()}
        await there.tell("alarm.nobody", "objective/1")
        first, *rest = await there.alarms()
        assert {first.id} == {first.flood, *(one.flood for one in rest)}
        there.clock.now += 300
        await there.tell("alarm.answer_unmatched", "inbox/11")
        assert first.id == (await there.alarms())[-1].flood
        there.clock.now += 601
        await there.tell("alarm.answer_unmatched", "inbox/12")
        assert 0 == (await there.alarms())[-1].flood


async def test_what_is_of_an_exercise_is_suppressed_whatever_it_is_about(tmp_path: Path) -> None:
    """Its message, an objective, a delivery or a page of it; what is about no message is of the real world."""

    def play(tx: Tx) -> None:
        tx.insert(MESSAGE, msgspec.structs.replace(message(), traffic=Traffic.EXERCISE))
        tx.insert(OBJECTIVE, msgspec.structs.replace(objective(1), traffic=Traffic.EXERCISE))
        tx.insert(DELIVERY, delivery(1))
        tx.event("alarm.no_authority", "message/m1")
        tx.event("alarm.objective_missed", "objective/1")
        tx.event("alarm.in_doubt", "delivery/1")

    async with kept(tmp_path) as there:
        await there.store.run(play)
        assert {AlarmState.SUPPRESSED} == {one.state for one in await there.alarms()}
        assert 3 == len(await there.alarms())
        subjects = ("page/1/7", "message/none", "delivery/99", "objective/x", "channel/a", "node")
        found = await there.store.run(lambda tx: [traffic_of(tx, one) for one in subjects])
        assert [Traffic.EXERCISE, *[Traffic.ACTUAL] * 5] == found


@pytest.mark.may_block("the file is changed by hand, as a bad disk would")
async def test_what_the_store_notices_of_itself_is_an_alarm_too(tmp_path: Path) -> None:
    """A damaged row is told by the committer, beside any job."""
    async with kept(tmp_path) as there:
        await there.store.run(lambda tx: tx.insert(MESSAGE, message()))
        with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
            connection.execute("UPDATE message SET body = x'00'")
        assert None is await there.store.sound(MESSAGE, "m1", 1)
        await there.store.run(lambda tx: None)
        assert ["alarm.row_damaged"] == [one.kind for one in await there.alarms()]


async def test_an_alarm_outlives_the_process_and_ends_in_the_next(tmp_path: Path) -> None:
    """It is read from the disk by whatever ends it."""
    async with kept(tmp_path) as there:
        await there.tell("alarm.sanwu", "place/huangjing")
    async with kept(tmp_path) as there:
        await there.tell("sanwu.over", "place/huangjing")
        assert [AlarmState.RETURNED_UNACKED] == [one.state for one in await there.alarms()]
