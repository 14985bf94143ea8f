"""Who is on watch, and whether what is urgent was noticed: consoles are a channel, and the shortest one there is.

A console is armed when a person began a watch there, its sound can be heard and its page is seen. An urgent alarm is noticed when an
armed one says that the row is drawn and the tone has started; otherwise, and at once where nobody is armed, it goes to the next rung:
an event, and a message to those whom the settings name. Kept in memory: a console that is there says so with each new line.
Source: console.md §6, Console presence is a channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import FenghuoError
from fenghuo.model.event import Event
from fenghuo.service.settings_values import WatchSettings
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["Presence", "Watcher"]

EXPECTED = "watch.expected"
"""Row of `meta`: a watch was begun, and nobody has ended it."""
CONSOLES = "watch.consoles"
"""Row of `meta`: the names of the consoles that are here, for a start to say which of them are not any more."""
URGENT = "HIGH"
CALLING = frozenset({"alarms.unacked", "alarms.recurred"})
AT_REST = frozenset(f"alarms.{state}" for state in ("acked", "normal", "returned_unacked", "shelved", "suppressed", "out_of_service"))
"""States that call nobody; that an alarm came in a flood is none."""
OURS = frozenset({"alarm.unheard", "alarm.nobody_on_watch"})
"""Alarms that say themselves that nobody hears: nobody is told a second time for them."""
WATCH = "watch"
BATCH = 500

log = structlog.stdlib.get_logger("fenghuo.presence")


class Watcher(msgspec.Struct, frozen=True):
    """One console with somebody before it, or not. `may_act`: its person may acknowledge; `since`: UTC seconds."""

    console: str
    name: str
    may_act: bool
    armed: bool
    sound: bool
    visible: bool
    since: float

    @property
    def is_armed(self) -> bool:
        """Whether a person who may act would hear and see."""
        return self.may_act and self.armed and self.sound and self.visible

    def view(self) -> dict[str, Any]:
        """As the topic `console` shows it."""
        return {**msgspec.structs.asdict(self), "is_armed": self.is_armed}


class Presence:
    """`send`: brings a message in, as its JSON and its key; `standing`: the alarms that stand at a start, as the desk shows them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: WatchSettings,
        *,
        send: Callable[[bytes, str], Awaitable[object]],
        standing: Callable[[], Awaitable[Iterable[Mapping[str, Any]]]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._send = send
        self._standing = standing
        self._here: dict[str, Watcher] = {}
        self._due: dict[str, tuple[float, str]] = {}
        self._empty_since: float | None = None
        self._is_told = False
        self._moved = asyncio.Event()

    @property
    def armed(self) -> int:
        """How many consoles would notice."""
        return sum(watcher.is_armed for watcher in self._here.values())

    def hears(self, console: str) -> bool:
        """Whether this one would notice."""
        watcher = self._here.get(console)
        return watcher is not None and watcher.is_armed

    @property
    def _is_minded(self) -> bool:
        """Whether it is anybody's business that nobody hears: a watch was begun, or there is somebody to tell."""
        return bool(self._settings.escalate_to) or self.armed > 0 or self._empty_since is not None

    def view(self) -> dict[str, dict[str, Any]]:
        """Every console by its path in the state of the node."""
        return {_path(console): watcher.view() for console, watcher in self._here.items()}

    async def report(self, watcher: Watcher) -> None:
        """Take what a console says of itself; what has not changed is not told."""
        before = self._here.get(watcher.console)
        if before is not None and msgspec.structs.replace(watcher, since=before.since) == before:
            return
        was, self._here[watcher.console] = self.armed, watcher
        await self._turned(was, watcher, "console.changed")

    async def leave(self, console: str) -> None:
        """Its line is gone."""
        watcher = self._here.get(console)
        if watcher is not None:
            was = self.armed
            del self._here[console]
            await self._turned(was, watcher, "console.left")

    async def seen(self, console: str, path: str, *, tone: bool) -> bool:
        """A row is drawn there, and its tone has started or not; whether that counts: only an armed console proves that it was noticed."""
        watcher = self._here.get(console)
        if watcher is None or not (tone and watcher.is_armed) or path not in self._due:
            return False
        del self._due[path]
        await self._store.run(lambda tx: tx.event("watch.heard", _path(console), alarm=path, by=watcher.name))
        return True

    async def end(self, reason: str) -> None:
        """Nobody is expected to watch from here on, until somebody begins again."""

        def ended(tx: Tx) -> None:
            tx.delete(META, EXPECTED)
            tx.event("watch.ended", WATCH, reason=reason)
            tx.audit(Deed.of("watch-end", WATCH, reason=reason))

        await self._store.run(ended)
        self._empty_since, self._is_told = None, False

    async def run(self) -> None:
        """Follow what calls, and who hears it, until cancelled."""
        at = self._store.events.head
        await self._forget()
        if await self._store.sound(META, EXPECTED) is not None:
            self._empty_since = self._clock.monotonic()
        for alarm in await self._standing() if self._is_minded else ():
            if alarm["priority"] == URGENT and alarm["state"] == "UNACKED" and alarm["kind"] not in OURS:
                self._due[f"alarm/{alarm['id']}"] = (self._clock.monotonic() + self._settings.unheard_s, str(alarm["kind"]))
        while True:
            await self._wait(at)
            for event in await self._store.events.read(at, BATCH):
                at = event.seq
                self._hear(event)
            await self._look()

    async def _forget(self) -> None:
        """Consoles of before the start come back under other names; whoever resumes its picture must not keep the old ones."""
        row = await self._store.sound(META, CONSOLES)
        gone = set(msgspec.json.decode(row.value, type=list[str])) - self._here.keys() if row is not None else set()
        if not gone:
            return

        def forget(tx: Tx) -> None:
            for console in sorted(gone):
                tx.event("console.left", _path(console), console=console)
            tx.put(META, MetaRow(CONSOLES, _listed(self._here)))

        await self._store.run(forget)

    async def _wait(self, at: int) -> None:
        """Until something was told, somebody came or went, or the next time is up."""
        due = [when for when, _ in self._due.values()]
        if self._empty_since is not None and not self._is_told:
            due.append(self._empty_since + self._settings.unwatched_s)
        wait_s = max(0.0, min(due) - self._clock.monotonic()) if due else None
        moved = asyncio.create_task(self._moved.wait())
        told = asyncio.create_task(self._store.events.wait(at))
        try:
            await asyncio.wait({moved, told}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (moved, told):
                task.cancel()
            await asyncio.wait({moved, told})
        self._moved.clear()

    def _hear(self, event: Event) -> None:
        calls = event.type in CALLING and event.body.get("priority") == URGENT and event.body.get("kind") not in OURS
        if event.type in AT_REST:
            self._due.pop(event.subject, None)
        elif calls and self._is_minded and event.subject not in self._due:
            wait_s = self._settings.unheard_s if self.armed else 0.0
            self._due[event.subject] = (self._clock.monotonic() + wait_s, str(event.body.get("kind", "")))

    async def _look(self) -> None:
        now = self._clock.monotonic()
        for path, (due, kind) in list(self._due.items()):
            if due <= now:
                del self._due[path]
                await self._unheard(path, kind)
        since = self._empty_since
        if since is not None and not self._is_told and now - since >= self._settings.unwatched_s:
            self._is_told = True
            await self._tell("alarm.nobody_on_watch", WATCH, {})
            await self._escalate("烽火值班台无人值守，请立即到岗。", f"{WATCH}/{self._store.events.head}")

    async def _unheard(self, path: str, kind: str) -> None:
        """The next rung: nobody has noticed in time, or nobody is there to notice."""
        armed = self.armed
        await self._tell("alarm.unheard", path, {"kind": kind, "armed": armed, "to": self._settings.escalate_to})
        why = f"{self._settings.unheard_s:g} 秒内没有值班台听到" if armed else "没有值班台有人值守"
        await self._escalate(f"烽火紧急告警 {kind}（{path}）：{why}，请立即处理。", f"{path}/{self._store.events.head}")

    async def _escalate(self, text: str, key: str) -> None:
        """By other channels, as the rules have it for whom the settings name."""
        if not self._settings.escalate_to:
            return
        message = {"to": self._settings.escalate_to, "text": text, "kind": "Dispatch", "priority": "P1", "traffic": "System"}
        try:
            await self._send(msgspec.json.encode(message), key)
        except FenghuoError as error:
            log.error("nobody could be told that nobody watches", cause=str(error))

    async def _turned(self, was: int, watcher: Watcher, kind: str) -> None:
        """Write that a console came, changed or went, and what that means for the watch as a whole."""
        is_begun, is_left = not was and self.armed > 0, was > 0 and not self.armed

        listed = _listed(self._here)

        def tell(tx: Tx) -> None:
            tx.event(kind, _path(watcher.console), **msgspec.structs.asdict(watcher))
            tx.put(META, MetaRow(CONSOLES, listed))
            if is_begun:
                tx.put(META, MetaRow(EXPECTED, watcher.name))
                tx.event("watch.manned", WATCH, by=watcher.name)

        if is_begun:
            self._empty_since, self._is_told = None, False
        elif is_left:
            self._empty_since = self._clock.monotonic()
            self._due = {path: (self._empty_since, kind) for path, (_, kind) in self._due.items()}
        self._moved.set()
        await self._store.run(tell)

    async def _tell(self, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        await self._store.run(lambda tx: tx.event(kind, subject, **body))


def _listed(consoles: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(consoles)).decode()


def _path(console: str) -> str:
    return f"console/{console}"
