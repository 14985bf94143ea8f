"""Verbs of the desk about the node itself: status, state, log, metrics, directory, backup, plugins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.errors import CannotCreate, FormatError
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.plugin.host import PluginHost
from fenghuo.plugin.ports import Actor
from fenghuo.service.alarm_view import OPEN, alarm_views
from fenghuo.service.connected import invariants_view
from fenghuo.service.desk import Verb
from fenghuo.service.desk_modes import mode_path, stand_view
from fenghuo.service.desk_system import LAST_BACKUP, Backup
from fenghuo.service.directory import DirectoryKeeper, csv_files
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import channel_view, message_line, objective_line, rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.backup import backup
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE, META, OBJECTIVE
from fenghuo.store.transaction import Tx

__all__ = ["About", "StateVerbs"]

TOPICS = ("message", "objective", "channel", "mode", "alarm")
AT_THE_MACHINE, BACKUPS = "socket", "backups"
"""The door of whoever sits at the machine, and the folder for copies that others ask for."""
SHOWN_MESSAGES = 200


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events after a cursor."""

    after: int = 0
    limit: int = 1000


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole topics, or single paths such as message/ID."""

    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder on this machine, or the files themselves by name."""

    path: str = ""
    files: dict[str, str] = {}
    dry_run: bool = False


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a backup goes."""

    path: str


class About(msgspec.Struct, frozen=True):
    """What the daemon knows of itself. `since`: UTC seconds; `ready`: whether it serves; `metrics`: its figures as text; `beside`: what
    it lives on, as in docs/reference/power.md, and how its probe of itself fares."""

    version: str
    since: float
    ready: Callable[[], bool]
    metrics: Callable[[], str]
    beside: Callable[[], dict[str, Any]]


class StateVerbs:
    """Carries out what the desk has allowed. `topics`: what others keep, as each has it by path now."""

    def __init__(self, room: EngineRoom, store: Store, *, keeper: DirectoryKeeper, host: PluginHost, about: About) -> None:
        self._office = room.office
        self._store = store
        self._intake = room.intake
        self._book = room.book
        self._board = room.board
        self._queues = room.queues
        self._invariants = room.invariants
        self._modes = room.modes
        self._keeper = keeper
        self._host = host
        self._about = about
        self.topics: dict[str, Callable[[], Mapping[str, Any]]] = {}

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "status": self.status,
            "state": self.state,
            "log.read": self.log,
            "metrics": self.metrics,
            "directory.import": self.directory_import,
            "directory.check": self.directory_check,
            "db.backup": self.backup,
            "plugin.ls": self.plugins,
        }

    async def status(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        channels = [channel_view(instance, self._queues.queued(instance.name)) for instance in self._board]
        return {
            "version": self._about.version,
            "since": rfc3339(self._about.since),
            "ready": self._about.ready(),
            "accepting": self._intake.is_open and await self._store.has_space(),
            "channels": channels,
            "queued": sum(channel["queued"] for channel in channels),
            "in_flight": self._queues.in_flight,
            "open_objectives": len(self._book.objectives),
            "in_doubt": self._queues.in_doubt,
            "clock_quality": self._office.clock.quality().value,
            "clock_jump_s": round(self._office.clock.jump_s(), 3),
            "invariants": invariants_view(self._invariants),
            **self._about.beside(),
        }

    async def state(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What is, by path, with the cursor from which events tell what becomes of it."""
        wanted = msgspec.convert(args, Wanted)
        cursor = {"epoch": self._store.events.epoch, "seq": self._store.events.head}
        data: dict[str, Any] = {}
        for topic in wanted.topics or (() if wanted.paths else (*TOPICS, *self.topics)):
            data.update(await self._topic(topic))
        for path in wanted.paths:
            data[path] = await self._path(path)
        return {"cur": cursor, "data": data}

    async def _topic(self, topic: str) -> dict[str, Any]:
        match topic:
            case "message":
                rows = await self._store.find(MESSAGE, "source != ? ORDER BY accepted_at DESC", SELF_PROBE, limit=SHOWN_MESSAGES)
                newest = {row.id: row for row in sorted(rows, key=lambda row: row.revision)}
                return {f"message/{row.id}": message_line(row) for row in newest.values()}
            case "objective":
                found = await self._store.find(OBJECTIVE, "rule != ? ORDER BY id DESC", SELF_PROBE, limit=SHOWN_MESSAGES)
                return {f"objective/{row.id}": objective_line(row) for row in found}
            case "channel":
                return {f"channel/{one.name}": channel_view(one, self._queues.queued(one.name)) for one in self._board}
            case "mode":
                return {mode_path(stand): stand_view(stand) for stand in self._modes.stands()}
            case "alarm":
                return {f"alarm/{one['id']}": one for one in await alarm_views(self._store)}
            case _ if topic in self.topics:
                return dict(self.topics[topic]())
            case _:
                says = f"topic {topic!r} is not one of {', '.join((*TOPICS, *self.topics))}"
                raise FormatError(says, code="bad-argument", where="topics")

    async def _path(self, path: str) -> dict[str, Any] | None:
        topic, _, name = path.partition("/")
        match topic:
            case "message":
                rows = await self._store.find(MESSAGE, "id = ? ORDER BY revision DESC", name, limit=1)
                return message_line(rows[0]) if rows and rows[0].source != SELF_PROBE else None
            case "objective":
                row = await self._store.get(OBJECTIVE, int(name)) if name.isdigit() else None
                return objective_line(row) if row and row.rule != SELF_PROBE else None
            case "channel":
                instance = self._board.get(name)
                return channel_view(instance, self._queues.queued(name)) if instance else None
            case "alarm":
                found = await alarm_views(self._store, f"id = ? AND {OPEN}", int(name)) if name.isdigit() else []
                return found[0] if found else None
            case "mode":
                return next((stand_view(stand) for stand in self._modes.stands() if mode_path(stand) == path), None)
            case _:
                return self.topics[topic]().get(path) if topic in self.topics else None

    async def log(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Read)
        events = self._store.events
        found = await events.read(wanted.after, max(1, min(wanted.limit, 10_000)))
        return {"epoch": events.epoch, "head": events.head, "events": found}

    async def metrics(self, actor: Actor, args: Mapping[str, Any]) -> str:
        return self._about.metrics()

    async def directory_import(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Import)
        return await self._keeper.take(await asyncio.to_thread(_files, wanted), by=actor.name, dry_run=wanted.dry_run)

    async def directory_check(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._keeper.take(await asyncio.to_thread(_files, msgspec.convert(args, Import)), by=actor.name, dry_run=True)

    async def backup(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        target = await asyncio.to_thread(_place_of, msgspec.convert(args, Target).path, actor.door, self._store.folder)
        await backup(self._store, target)
        size = await asyncio.to_thread(lambda: target.stat().st_size)
        row = MetaRow(LAST_BACKUP, msgspec.json.encode(Backup(self._office.clock.time(), str(target), size)).decode())

        def note(tx: Tx) -> None:
            tx.put(META, row)
            tx.audit(Deed.of("backup", "store", path=str(target)))

        await self._store.run(note)
        return {"path": str(target), "bytes": size}

    async def plugins(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        kinds = [
            ("channel", self._host.channel_types),
            ("source", self._host.source_types),
            ("sensor", self._host.sensor_types),
            ("front", self._host.front_types),
        ]
        found = [{"plugin": plugin, "kind": kind, "type": name} for kind, types in kinds for name, (plugin, _) in types.items()]
        return found + [{"plugin": fault.plugin, "kind": "fault", "type": fault.cause} for fault in self._host.faults]


def _place_of(path: str, door: str, state: Path) -> Path:
    """Where a copy may go: whoever sits at the machine names a new file outside of the state folder, whoever asks from elsewhere a new one
    among `backups` in it. Raises: FormatError, CannotCreate: something is there."""
    kept, named = state / BACKUPS, Path(path)
    if door != AT_THE_MACHINE:
        if not path or named.name != path or path.startswith("."):
            says = f"path {path!r} must be the name of a new file, which is made in {kept}; the machine's own socket takes any path"
            raise FormatError(says, code="bad-argument", where="path")
        kept.mkdir(mode=0o700, exist_ok=True)
        named = kept / path
    real = named.resolve()
    if not named.is_absolute() or (real.is_relative_to(state.resolve()) and real.parent != kept.resolve()):
        says = f"path {path!r} must be a whole path outside of the state folder {state}, or in {kept}"
        raise FormatError(says, code="bad-argument", where="path")
    if named.exists() or named.is_symlink():
        raise CannotCreate(f"backup to {named} failed: it is there already; name a new file")
    return named


def _files(wanted: Import) -> dict[str, str | bytes]:
    if wanted.files:
        return dict(wanted.files)
    folder = Path(wanted.path)
    if not wanted.path or not folder.is_dir():
        raise FormatError(f"path {wanted.path!r} is not a folder of CSV files on this machine", code="bad-argument", where="path")
    return csv_files(folder)
