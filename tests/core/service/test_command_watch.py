"""Incidents over the life of a node: what a source says opens one, a crash loses and repeats nothing, and clocks go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import msgspec

from fenghuo.command.duties import Begins, CommandRules, DutyRule, Feed, MetBy
from fenghuo.command.incidents import Status, What, Word
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.model.area import AreaRef
from fenghuo.model.traffic import Traffic
from fenghuo.service.collecting import CollectionKeeper
from fenghuo.service.command_watch import CommandWatch
from fenghuo.service.incidents import IncidentKeeper
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import MESSAGE, META
from fenghuo.store.transaction import Tx
from tests.core.engine.values import content, directory, info, message, placed
from tests.core.service.test_power_energy import Followed, followed
from tests.core.store.rows import message as row

RULES = CommandRules(
    duties=(DutyRule("back", "处置反馈", 1800.0, "t", Begins.RECEIVED, MetBy.DISPOSITION, remind_s=(600.0,)),),
    feeds=(Feed("platform", ("泄漏",)),),
)


class Node:
    """The watch of one life after another."""

    def __init__(self, there: Followed) -> None:
        self.there = there
        self.incidents: IncidentKeeper
        self._task: asyncio.Task[None] | None = None

    async def starts(self) -> None:
        office = Office(node="tc", clock=self.there.clock, rules=cast(RuleBook, None), directory=directory())
        self.incidents, collections = IncidentKeeper(self.there.store, office), CollectionKeeper(self.there.store, office)
        self.incidents.rules = RULES
        await self.incidents.load()
        await collections.load()
        self._task = asyncio.create_task(CommandWatch(self.there.store, self.there.clock, self.incidents, collections).run())
        await asyncio.sleep(1.0)

    async def dies(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def accepts(self, name: str, *, event: str = "泄漏", source: str = "platform", traffic: Traffic = Traffic.ACTUAL) -> None:
        what = content(infos=(info(event=event, areas=(placed("mca:320585103"),)),))
        kept = msgspec.structs.replace(
            row(name), source=source, body=msgspec.msgpack.encode(message(what)), traffic=traffic, accepted_at=self.there.now
        )

        def keep(tx: Tx) -> None:
            tx.insert(MESSAGE, kept)
            tx.event("message.accepted", f"message/{name}", revision=1)

        await self.there.store.run(keep)
        await asyncio.sleep(1.0)

    async def lives_for(self, seconds: float) -> None:
        """The time of the clock is the test's own, and the watch looks when its wait is over."""
        self.there.now += seconds
        await asyncio.sleep(seconds)

    async def told(self, kind: str) -> list[object]:
        return [body["message" if kind.startswith("alarm.") else "source"] for body in await self.there.told(kind)]


def node(folder: Path, story: Callable[[Node], Awaitable[None]]) -> None:
    async def work(there: Followed) -> None:
        one = Node(there)
        await one.starts()
        await story(one)
        await one.dies()

    followed(folder, work)


def test_a_feed_opens_an_incident_and_nobody_else_does(tmp_path: Path) -> None:
    """Of its own events, in the real world."""

    async def story(one: Node) -> None:
        await one.accepts("m1", event="台风")
        await one.accepts("m2", source="met")
        await one.accepts("m3", traffic=Traffic.EXERCISE)
        assert [] == one.incidents.all()
        await one.accepts("m4")
        (found,) = one.incidents.all()
        assert (Status.SUSPECTED, "m4", ("platform",)) == (found.status, found.words[0].message, found.sources)

    node(tmp_path, story)


def test_a_crash_neither_loses_an_alarm_nor_opens_it_twice(tmp_path: Path) -> None:
    """What came while the node was down is heard at its start; what it had heard is known."""

    async def story(one: Node) -> None:
        await one.accepts("m1")
        await one.dies()
        await one.accepts("m2")
        await one.starts()
        (found,) = one.incidents.all()
        assert ["m1", "m2"] == [word.message for word in found.words]
        assert 1 == len(await one.told("incident.opened"))
        assert ["platform"] == await one.told("incident.heard")

    node(tmp_path, story)


def test_a_clock_goes_on_over_a_crash_and_calls_a_person_in_time(tmp_path: Path) -> None:
    """Once ten minutes before its end, and once at it."""

    async def story(one: Node) -> None:
        await one.accepts("m1")
        await one.lives_for(600.0)
        await one.dies()
        await one.starts()
        await one.lives_for(600.0)
        assert ["处置反馈 of 泄漏 is due in 10 min, at 1970-01-12T14:16:40.000Z; the figure is not verified (未核实)"] == (
            await one.told("alarm.duty_due")
        )
        await one.lives_for(600.0)
        await one.lives_for(3600.0)
        assert [True] == ["was due at 1970-01-12T14:16:40.000Z and is missing" in str(says) for says in await one.told("alarm.duty_missed")]
        assert 1 == len(await one.told("alarm.duty_due"))

    node(tmp_path, story)


def test_what_cannot_be_read_stops_no_start_and_a_person_hears_of_it(tmp_path: Path) -> None:
    """The rest is known all the same."""

    async def story(one: Node) -> None:
        area = AreaRef.parse("mca:320585105")
        await one.incidents.report(Word("duty", one.there.now, "x"), What("地震", (area,), "地震", one.there.now))
        await one.there.store.run(lambda tx: tx.put(META, MetaRow("incident.19700112-9", "{}")))
        await one.dies()
        await one.starts()
        assert ["地震"] == [found.event for found in one.incidents.all()]
        (says,) = await one.told("alarm.incident_lost")
        assert str(says).startswith("what was known of it cannot be read: ")

    node(tmp_path, story)
