"""The second code path: what was due and did not run is found in the store, told to a person once, and done after all."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from fenghuo.engine.auditor import EVERY_S, SLACK_S
from fenghuo.engine.facts import Settled
from fenghuo.engine.health import Sign
from fenghuo.model.delivery import DeliveryState, ObjectiveState, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, Doubt, Emission
from tests.core.engine.house import House, opened

S = DeliveryState
SIREN = Capabilities(form="sms", evidence_max=Evidence.AIRED, doubt=Doubt.ACTUATOR)


async def look(house: House) -> bool:
    """One look of the auditor, and everything that follows at once."""
    is_open = await house.room.auditor.look()
    await house.settle()
    return is_open


async def told(house: House) -> list[tuple[str, str]]:
    """What a person was told of: what, for whom."""
    return [(event["what"], event["recipient"]) for event in await house.events("alarm.overdue")]


def lose_timers(house: House) -> None:
    """The timers are gone: nothing wakes anything any more."""
    house.room.timers.due = lambda now: []  # type: ignore[method-assign]


async def test_where_all_goes_well_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """Open things are looked at, and none is overdue: the order goes its way in its own time."""
    async with opened(tmp_path) as house:
        await house.order("wang", "li")
        for _ in range(4):
            assert await look(house)
            await house.later(EVERY_S)
        assert [] == await told(house)


async def test_with_nothing_open_it_has_nothing_to_do(tmp_path: Path) -> None:
    """Before the first order, and after the last one is met, although it is still in force."""
    async with opened(tmp_path) as house:
        assert not await look(house)
        await house.order("wang")
        assert await look(house)
        await house.receipt(house.sent[0])
        assert not await look(house)


async def test_a_lost_timer_is_found(tmp_path: Path) -> None:
    """The receipt did not come and nobody looked: the next rung opens after all, and one alarm says so."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        lose_timers(house)
        await house.later(30 + SLACK_S + 1)
        assert ["a"] == [mail.channel for mail in house.sent]
        await look(house)
        assert ["a", "r"] == [mail.channel for mail in house.sent]
        assert {("AWAITING", "wang"), ("timer", "wang")} == set(await told(house))
        before = await told(house)
        await house.later(EVERY_S)
        await look(house)
        assert [one for one in before if one[0] == "AWAITING"] == [one for one in await told(house) if one[0] == "AWAITING"][:1]


async def test_what_is_held_for_a_channel_that_is_up_is_looked_at_again(tmp_path: Path) -> None:
    """Nobody said that the channel is back: within a minute the order leaves, and as it might rightly have waited, no alarm."""
    async with opened(tmp_path) as house:
        house.down("a")
        await house.settle()
        await house.order("wang", via=["a"], priority="P2")
        assert [(S.HELD, "channel")] == [(one.state, one.reason) for one in await house.deliveries()]
        house.room.board.observe("a", Sign.LOCAL_UP)  # and the fact of it is lost
        await house.later(5)
        assert [] == house.sent
        await look(house)
        assert (["a"], []) == ([mail.channel for mail in house.sent], await told(house))


async def test_what_the_dispatcher_lost_is_offered_again(tmp_path: Path) -> None:
    """READY in the store and in no queue."""
    async with opened(tmp_path) as house:
        offer = house.room.dispatcher.offer
        house.room.dispatcher.offer = lambda ready: None  # type: ignore[method-assign]
        await house.order("wang")
        house.room.dispatcher.offer = offer  # type: ignore[method-assign]
        assert (await look(house), house.sent != []) == (True, True)
        assert [("READY", "wang")] == await told(house)


async def test_what_waits_in_a_queue_is_not_overdue(tmp_path: Path) -> None:
    """A bearer that is slow, with two orders behind one another for one person: nobody is alarmed."""
    async with opened(tmp_path) as house:
        gate = asyncio.Event()

        async def hold(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = hold
        await house.order("wang", via=["a"])
        await house.order("wang", via=["a"])
        assert [S.EMITTING, S.READY] == [one.state for one in await house.deliveries()]
        await house.later(SLACK_S + 29)
        await look(house)
        assert [] == await told(house)
        gate.set()
        await house.settle()


async def test_an_emission_whose_task_is_gone_is_a_doubt(tmp_path: Path) -> None:
    """EMITTING for longer than any send may take, and nobody carries it."""
    async with opened(tmp_path) as house:
        put = house.room.facts.put
        house.room.facts.put = lambda fact: None if isinstance(fact, Settled) else put(fact)  # type: ignore[method-assign]
        await house.order("wang")
        house.room.facts.put = put  # type: ignore[method-assign]
        assert S.EMITTING is (await house.deliveries())[0].state
        await house.later(30 + SLACK_S + 1)
        await look(house)
        assert [("EMITTING", "wang")] == await told(house)
        assert "lost" == (await house.events("delivery.in_doubt"))[0]["reason"]


async def test_a_siren_in_doubt_calls_a_person_once(tmp_path: Path) -> None:
    """Nothing but a person's word ends it: one alarm when its time is over, and none at each look."""
    async with opened(tmp_path, a=SIREN) as house:
        house.channel["a"].outcomes.append(Unknown("timeout"))
        await house.order("wang", via=["a"], expires_s=3600)
        await house.later(30 + SLACK_S + 1)
        for _ in range(3):
            await look(house)
        assert ([("IN_DOUBT", "wang")], 1) == (await told(house), len(house.sent))


async def test_a_deadline_and_an_end_that_nobody_noticed(tmp_path: Path) -> None:
    """At risk after all; and over after all."""
    async with opened(tmp_path) as house:
        order = await house.order("wang", expires_s=600)
        lose_timers(house)
        await house.later(300 + SLACK_S + 1)
        await look(house)
        assert [ObjectiveState.AT_RISK] == [one.state for one in await house.objectives()]
        await house.later(300)
        await look(house)
        assert (["expired"], [ObjectiveState.MISSED]) == (await house.states(order.id), [one.state for one in await house.objectives()])
        assert {"deadline", "expiry"} <= {what for what, _ in await told(house)}


async def test_what_the_memory_does_not_have_is_told(tmp_path: Path) -> None:
    """A row that the engine forgot can only be told of: a person starts it again from the disk."""
    async with opened(tmp_path) as house:
        await house.order("wang")
        lose_timers(house)
        house.room.book.close_objective(house.room.book.objectives[1])
        house.room.book.by_delivery.clear()
        await house.later(30 + SLACK_S + 1)
        await look(house)
        assert {False} == {event["known"] for event in await house.events("alarm.overdue")}


async def test_it_reads_by_key_and_from_the_oldest_open_row_on(tmp_path: Path) -> None:
    """Not by the index of states: one that lost a row would hide it from every query that uses it. What has ended is passed over."""
    async with opened(tmp_path) as house:
        for _ in range(3):
            await house.order("wang", via=["a"])
            await house.receipt(house.sent[-1])
        await house.order("wang", via=["a"])
        await look(house)
        asked = await noted(house)
    assert {4} == {first for sql, (first, *_) in asked if "delivery" in sql or "objective" in sql or "fan_out" in sql}
    (database,) = (file for file in (tmp_path / "state").iterdir() if file.read_bytes()[:15] == b"SQLite format 3")
    with closing(sqlite3.connect(database)) as connection:
        plans = [connection.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall() for sql, params in asked]
    assert (11, []) == (len(plans), [plan for plan in plans if "state" in str(plan)])


async def noted(house: House) -> list[tuple[str, tuple[Any, ...]]]:
    """What one look asks the store for."""
    asked: list[tuple[str, tuple[Any, ...]]] = []
    find, scalar = house.store.find, house.store.scalar

    async def noted_find(table: Any, where: str = "", *params: Any, **more: Any) -> Any:
        asked.append((f"SELECT * FROM {table.name} WHERE {where}", params))
        return await find(table, where, *params, **more)

    async def noted_scalar(sql: str, *params: Any) -> Any:
        asked.append((sql, params))
        return await scalar(sql, *params)

    house.store.find, house.store.scalar = noted_find, noted_scalar  # type: ignore[method-assign]
    await house.room.auditor.look()
    house.store.find, house.store.scalar = find, scalar  # type: ignore[method-assign]
    return asked
