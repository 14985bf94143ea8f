"""Verbs of the desk about the watch: what a console says of itself, who is there, and that nobody is expected any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from fenghuo.clock import Clock
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.alarm_view import alarm_views
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_tray import TrayVerbs
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.presence import Presence, Watcher
from fenghuo.service.settings_values import WatchSettings
from fenghuo.service.tending import Work
from fenghuo.service.tray import TRAY, Tray
from fenghuo.store.store import Store

__all__ = ["WatchRoom", "WatchVerbs", "join_watch", "presence_of"]

Console = Annotated[str, Meta(pattern="^[0-9a-z]{4,32}$")]
MAY_ACT = "operator"
"""The right by which an alarm is acknowledged; a console of anybody else notices nothing for the centre."""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the frame `state` of the console's protocol has it. `console`: a name that the front gives to each connection."""

    console: Console
    armed: bool
    sound: bool
    visible: bool
    idle_s: float = 0.0


class Left(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which console is gone."""

    console: Console


class Noticed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As the frame `seen` has it."""

    console: Console
    path: Annotated[str, Meta(max_length=200)]
    tone: bool


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why nobody watches from here on."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class WatchRoom(NamedTuple):
    """What the watch of a node shows by topic, and what runs for it."""

    topics: Mapping[str, Callable[[], Mapping[str, Any]]]
    works: Mapping[str, Work]


def presence_of(room: EngineRoom, store: Store, clock: Clock, settings: WatchSettings) -> Presence:
    """Who is on watch at this node; what nobody notices there goes in by the ordinary door, in the name of the watch."""

    async def send(raw: bytes, key: str) -> object:
        return await room.intake.accept(Submission(raw, Origin("watch"), "application/json", key, (), "watch"))

    async def standing() -> list[dict[str, Any]]:
        return await alarm_views(store)

    return Presence(store, clock, settings, send=send, standing=standing)


def join_watch(desk: Desk, room: EngineRoom, store: Store, settings: WatchSettings) -> WatchRoom:
    """As presence_of(), with what lies before whoever watches; the verbs of both are at the desk."""
    clock = room.office.clock
    presence, tray = presence_of(room, store, clock, settings), Tray(room, store, clock)
    desk.add(WatchVerbs(presence, clock, tray, is_for_real=lambda actor: Traffic.ACTUAL in desk.origin(actor).traffic).verbs())
    desk.add(TrayVerbs(desk, tray, store).verbs())
    return WatchRoom({"console": presence.view, TRAY: tray.view}, {"presence": presence.run, TRAY: tray.run})


class WatchVerbs:
    """Carries out what the desk has allowed."""

    def __init__(
        self, presence: Presence, clock: Clock, tray: Tray | None = None, *, is_for_real: Callable[[Actor], bool] = lambda actor: True
    ) -> None:
        self._presence = presence
        self._is_for_real = is_for_real
        self._clock = clock
        self._tray = tray

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "watch.ls": self.ls,
            "watch.report": self.report,
            "watch.leave": self.leave,
            "watch.seen": self.seen,
            "watch.end": self.end,
        }

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Every console, and how many would notice."""
        return {"armed": self._presence.armed, "consoles": list(self._presence.view().values())}

    async def report(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        said = msgspec.convert(args, Report)
        may_act, now = MAY_ACT in actor.rights and self._is_for_real(actor), self._clock.time()
        watcher = Watcher(said.console, actor.name, may_act, armed=said.armed, sound=said.sound, visible=said.visible, since=now)
        await self._presence.report(watcher)
        return {"armed": self._presence.armed}

    async def leave(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._presence.leave(msgspec.convert(args, Left).console)
        return {"armed": self._presence.armed}

    async def seen(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        said = msgspec.convert(args, Noticed)
        if self._tray is not None and said.path.startswith(f"{TRAY}/"):
            is_heard = said.tone and self._presence.hears(said.console)
            slip = await self._tray.noticed(said.path, actor.name) if is_heard else None
            return {"heard": True, "channel": slip.channel, "token": slip.token} if slip is not None else {"heard": False}
        return {"heard": await self._presence.seen(said.console, said.path, tone=said.tone)}

    async def end(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        await self._presence.end(msgspec.convert(args, End).reason)
        return {"armed": self._presence.armed}
