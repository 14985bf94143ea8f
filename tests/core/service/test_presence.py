"""Who is on watch, in virtual time: an urgent alarm is noticed by an armed console, or goes to the next rung."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.engine.alarm_kinds import load_catalogue
from fenghuo.engine.alarms_kept import Annunciator
from fenghuo.errors import Overloaded
from fenghuo.plugin.ports import Actor
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk
from fenghuo.service.alarm_view import alarm_views
from fenghuo.service.desk_watch import WatchVerbs
from fenghuo.service.presence import Presence
from fenghuo.service.settings_values import WatchSettings
from fenghuo.store import Store, StoreSettings

DUTY = Actor("wang", ("operator", "viewer"), "console")
WALL = Actor("wall", ("viewer",), "console")
HERE: dict[str, Any] = {"armed": True, "sound": True, "visible": True}


class Watched:
    """A presence over a store that keeps alarms, and whoever is told by other channels."""

    def __init__(self, store: Store, clock: SystemClock) -> None:
        self.store, self.clock = store, clock
        self.sent: list[tuple[float, str]] = []
        self.is_crowded = False
        settings = WatchSettings(unheard_s=15.0, unwatched_s=10.0, escalate_to=("role:duty_leader",))
        self.presence = Presence(store, clock, settings, send=self._send, standing=self._standing)
        self._verbs = WatchVerbs(self.presence, clock).verbs()

    async def _send(self, raw: bytes, key: str) -> object:
        if self.is_crowded:
            raise Overloaded("too much at once")
        message = msgspec.json.decode(raw)
        assert ["role:duty_leader"] == message["to"]
        self.sent.append((round(self.clock.monotonic(), 1), message["text"]))
        return None

    async def _standing(self) -> list[dict[str, Any]]:
        return await alarm_views(self.store)

    async def do(self, verb: str, actor: Actor = DUTY, **args: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = await self._verbs[f"watch.{verb}"](actor, args)
        return answer

    async def urgent(self, subject: str = "message/01J/7") -> str:
        """Raise an alarm that calls at once; its path."""
        await self.store.run(lambda tx: tx.event("alarm.no_rule", subject, message="01J"))
        return f"alarm/{max(one['id'] for one in await self._standing())}"

    async def told(self, *kinds: str) -> list[str]:
        await self.store.run(lambda tx: None)
        return [event.type for event in await self.store.events.read(0, 1000) if event.type in kinds]


def watched(folder: Path, *lives: Callable[[Watched], Awaitable[None]]) -> None:
    """Each life is a process on the same disk."""
    fill = VirtualFill(random.Random(1), VirtualDisk(random.Random(1)))
    settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=fill, follow=Annunciator(load_catalogue()).hear)

    async def all_of_them(loop: SimLoop) -> None:
        for life in lives:
            clock = SystemClock(wall=loop.time, monotonic=loop.time)
            store = await Store.open(folder, clock=clock, node="sim", settings=settings, connect=fill.disk.connect)
            there = Watched(store, clock)
            running = asyncio.create_task(there.presence.run())
            await asyncio.sleep(0.1)
            await life(there)
            running.cancel()
            await asyncio.wait({running})
            await store.close()

    run(all_of_them)


def test_an_urgent_alarm_that_an_armed_console_shows_and_sounds_is_noticed(tmp_path: Path) -> None:
    """A console that nobody armed proves nothing, nor does a row without a tone; one that may not acknowledge is not on watch."""

    async def life(there: Watched) -> None:
        assert {"armed": 1} == await there.do("report", console="aaaa", **HERE)
        assert {"armed": 1} == await there.do("report", WALL, console="bbbb", **HERE)
        assert {"armed": 1} == await there.do("report", console="cccc", **{**HERE, "sound": False})
        path = await there.urgent()
        for console, tone in (("bbbb", True), ("cccc", True), ("aaaa", False), ("dddd", True)):
            assert {"heard": False} == await there.do("seen", console=console, path=path, tone=tone)
        await asyncio.sleep(14.0)
        assert {"heard": True} == await there.do("seen", console="aaaa", path=path, tone=True)
        await asyncio.sleep(60.0)
        assert ([], ["watch.heard"]) == (there.sent, await there.told("watch.heard", "alarm.unheard"))

    watched(tmp_path, life)


def test_what_nobody_notices_goes_to_the_next_rung(tmp_path: Path) -> None:
    """After 15 s, once, also in a flood, and nobody is told that they were not told; whoever acknowledges it has noticed it."""

    async def life(there: Watched) -> None:
        await there.do("report", console="aaaa", **HERE)
        acked = await there.urgent("message/01J/8")
        await there.store.run(lambda tx: tx.event("alarms.acked", acked, by="wang"))
        path = await there.urgent()
        await there.store.run(lambda tx: tx.event("alarms.flooded", path, first_out=1))
        await asyncio.sleep(200.0)
        ((at, text),) = there.sent
        assert (15.1, True) == (at, path in text and "15 秒内" in text)
        assert ["alarm.unheard"] == await there.told("alarm.unheard")

    watched(tmp_path, life)


def test_where_nobody_is_armed_it_goes_at_once_and_the_watch_is_said_to_be_empty(tmp_path: Path) -> None:
    """Also what was waiting when the last one left; a reload of the page is no absence, and whoever comes back ends the alarm."""

    async def life(there: Watched) -> None:
        await there.urgent("message/01J/1")
        await asyncio.sleep(1.0)
        assert ["没有值班台有人值守" in text for _, text in there.sent] == [True]
        assert [] == await there.told("alarm.nobody_on_watch")  # nobody has begun a watch here yet
        await there.do("report", console="aaaa", **HERE)
        await there.do("leave", console="aaaa")
        await asyncio.sleep(5.0)
        await there.do("report", console="abcd", **HERE)
        await asyncio.sleep(60.0)
        assert [] == await there.told("alarm.nobody_on_watch")
        await there.urgent("message/01J/2")
        await there.do("report", console="abcd", **{**HERE, "visible": False})
        await asyncio.sleep(1.0)
        assert 2 == len(there.sent)
        await asyncio.sleep(60.0)
        assert (3, ["alarm.nobody_on_watch"]) == (len(there.sent), await there.told("alarm.nobody_on_watch"))
        assert ["alarm.nobody_on_watch"] == [one["kind"] for one in await alarm_views(there.store) if one["subject"] == "watch"]
        await there.do("report", console="abcd", **HERE)
        await there.told()
        assert ["RETURNED_UNACKED"] == [one["state"] for one in await alarm_views(there.store) if one["subject"] == "watch"]

    watched(tmp_path, life)


def test_a_restart_forgets_neither_the_watch_nor_what_calls(tmp_path: Path) -> None:
    """Consoles come back with their lines, and the old ones are said to be gone; if none does, that is said. A watch that was ended is
    not missed."""

    async def before(there: Watched) -> None:
        await there.do("report", console="aaaa", **HERE)
        await there.urgent()

    async def after(there: Watched) -> None:
        await asyncio.sleep(16.0)
        assert ["alarm.nobody_on_watch", "alarm.unheard"] == await there.told("alarm.unheard", "alarm.nobody_on_watch")
        assert ["console.changed", "console.left"] == await there.told("console.changed", "console.left")
        assert {"armed": 0} == await there.do("end", reason="the centre is closed")

    async def later(there: Watched) -> None:
        there.is_crowded = True
        await asyncio.sleep(100.0)
        assert 1 == len(await there.told("alarm.nobody_on_watch"))

    watched(tmp_path, before, after, later)


def test_the_topic_shows_every_console(tmp_path: Path) -> None:
    """By its path; what has not changed is not told again."""

    async def life(there: Watched) -> None:
        for idle_s in (0.0, 3.0, 9.0):
            await there.do("report", console="aaaa", idle_s=idle_s, **HERE)
        assert ["console.changed"] == await there.told("console.changed", "console.left")
        shown = there.presence.view()
        assert (["console/aaaa"], True, "wang") == (list(shown), shown["console/aaaa"]["is_armed"], shown["console/aaaa"]["name"])
        assert [shown["console/aaaa"]] == (await there.do("ls"))["consoles"]
        await there.do("leave", console="aaaa")
        assert ({}, ["console.changed", "console.left"]) == (there.presence.view(), await there.told("console.changed", "console.left"))

    watched(tmp_path, life)
