"""The watch over a whole engine: what nobody notices goes to people by the ordinary door."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo.errors import FormatError
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk_watch import WatchVerbs, presence_of
from fenghuo.service.settings_values import WatchSettings
from fenghuo.store.tables import DELIVERY
from tests.core.service.manned import manned
from tests.scale import PATIENCE_S


async def test_what_nobody_notices_is_an_order_to_whom_the_settings_name(tmp_path: Path) -> None:
    """By the channels that the rules have for them, as traffic of the system itself; nobody has to sign it."""
    async with manned(tmp_path) as there, asyncio.timeout(PATIENCE_S):
        store = there.house.store
        presence = presence_of(there.house.room, store, there.house.clock, WatchSettings(escalate_to=("person:wang",)))
        running = asyncio.create_task(presence.run())
        while not await store.find(DELIVERY):
            await store.run(lambda tx: tx.event("alarms.unacked", "alarm/7", kind="alarm.no_rule", priority="HIGH"))
            await there.house.settle()
        running.cancel()
        await asyncio.wait({running})
        kinds = [event.type for event in await store.events.read(0, 1000)]
        assert {"alarm.unheard", "message.accepted", "objective.opened"} <= set(kinds)
        (row, *_) = await store.find(DELIVERY)
        assert ("wang", "System", "P1") == (row.recipient, row.traffic.value, row.priority.name)


async def test_a_console_has_a_name_of_small_letters_and_figures(tmp_path: Path) -> None:
    """It is a part of a path, and nothing else may be."""
    async with manned(tmp_path) as there:
        presence = presence_of(there.house.room, there.house.store, there.house.clock, WatchSettings())
        there.desk.add(WatchVerbs(presence, there.house.clock).verbs())
        for name in ("", "a/b", "ABCD", "x" * 33):
            with pytest.raises(FormatError, match="console"):
                await there.do("watch.leave", console=name)
        assert {"armed": 0, "consoles": []} == await there.do("watch.ls")


async def test_a_console_of_a_drill_keeps_no_watch_for_the_real_thing(tmp_path: Path) -> None:
    """Its person may acknowledge nothing that is real: it is shown, and counts as nobody."""
    async with manned(tmp_path) as there:
        presence = presence_of(there.house.room, there.house.store, there.house.clock, WatchSettings())
        real = {"anna": True, "bert": False}
        there.desk.add(WatchVerbs(presence, there.house.clock, is_for_real=lambda actor: real[actor.name]).verbs())
        said = {"armed": True, "sound": True, "visible": True}
        for name, armed in (("bert", 0), ("anna", 1)):
            answer = await there.desk.do(Actor(name, ("operator",), "console"), "watch.report", {"console": name, **said})
            assert {"armed": armed} == answer
