"""The daemon under test, without its doors: store, engine, desk, supervised channels. It can be killed at any moment and started anew."""

from __future__ import annotations

import asyncio
import contextvars
import random
import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from fenghuo.clock import SystemClock
from fenghuo.engine.channels import Instance
from fenghuo.engine.facts import ChannelObserved
from fenghuo.engine.health import Sign
from fenghuo.engine.judging import Origin
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.formats import compact
from fenghuo.formats.renditions import radio_text, sms_text
from fenghuo.model.message import Message
from fenghuo.model.rendition import COMPACT, Budget, Rendition
from fenghuo.plugin.ports import Actor, ChannelType, Renderer
from fenghuo.plugin.supervisor import ChannelSupervisor, Wiring
from fenghuo.rig.sim_settings import SimSettings
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.rig.virtual_store_disk import VirtualDisk, blames_the_disk
from fenghuo.rig.world.bearer import Bearer, Life
from fenghuo.rig.world.log import Told, Viewed, World
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_messages import MessageVerbs
from fenghuo.service.desk_plans import PlanVerbs
from fenghuo.service.desk_release import ReleaseVerbs
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.secrets import Secret
from fenghuo.store import Store, StoreSettings, Tx
from fenghuo.store.database import open_reader
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import MetaRow
from fenghuo.store.tables import CHANNEL, META

__all__ = ["LIFE", "OPERATOR", "Gone", "Node", "command_of", "task_factory"]

T = TypeVar("T")

LIFE: contextvars.ContextVar[Node | None] = contextvars.ContextVar("LIFE", default=None)
DURABLE = "SELECT 1 FROM attempt WHERE token = ? AND n = ?"
OPERATOR = Actor("centre", ("operator", "viewer", "admin", "source"), "sim")


class Gone(Exception):
    """The process died before it answered."""


class Node:
    """One life of the daemon. Made by Host.start()."""

    def __init__(self, world: World, folder: Path, bearers: Mapping[str, Bearer], *, seed: int, disk: VirtualDisk, rules: RuleBook) -> None:
        self.world = world
        self.folder = folder
        self.bearers = bearers
        self.chance = random.Random(seed)
        self.fill = VirtualFill(random.Random(seed + 1), disk)
        self.fill.on_fatal = self._on_fatal
        self.rules = rules
        self.epoch = 1
        self.life = Life(self._is_durable)
        self.store: Store | None = None
        self.room: EngineRoom
        self.desk: Desk
        self.messages: MessageVerbs
        self.on_fatal: Callable[[], None] = _nothing
        self.tasks: list[asyncio.Task[Any]] = []
        self._has_given_up = False
        self._disk: sqlite3.Connection | None = None
        self._context = contextvars.copy_context()
        self._context.run(LIFE.set, self)

    @property
    def is_running(self) -> bool:
        return self.life.is_running

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something inside the process: it dies with it."""
        return self.world.loop.create_task(work, context=self._context)

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Ask the process something from outside. Raises: Gone: it died meanwhile."""
        task = self.spawn(work)
        try:
            return await task
        except asyncio.CancelledError:
            if self.is_running:
                raise
            raise Gone from None
        except Exception:
            if self.is_running:
                raise
            raise Gone from None

    async def start(self, cursor: int) -> None:
        """From the disk to ready. `cursor`: the last event that the console saw."""
        world = self.world
        clock = SystemClock(wall=world.wall, monotonic=world.loop.time)
        settings = StoreSettings(min_free=1, ballast=1, log_frames=0, fill=self.fill)
        self.store = store = await Store.open(self.folder, clock=clock, node="sim", settings=settings, connect=self.fill.disk.connect)
        self._disk = open_reader(self.folder / DATABASE)
        office = Office(
            node="sim", clock=clock, rules=self.rules, directory=world.ground.directory, epoch=self.epoch, seed=self.chance.getrandbits(32)
        )
        office.grants = world.ground.grants
        renderers = {
            "sms": Renderer("sms", sms_text),
            "radio": Renderer("radio", radio_text),
            "compact": Renderer("compact", compact_rendition),
        }
        self.room = EngineRoom(office, store, renderers, release_valid_s=120.0, on_fatal=self._on_fatal)
        if self.epoch > 1:
            await store.run(command_of(self.epoch))
        supervisors = await self._channels()
        await self.prepare()
        await self.room.recover()
        self.desk = self._desk(store)
        self.spawn(self._engine())
        self.spawn(self._console(cursor))
        for supervisor in supervisors:
            self.spawn(supervisor.run())
        for work in self.helpers():
            self.spawn(work)

    async def _engine(self) -> None:
        try:
            await self.room.loop.run()
        except Exception as error:
            self._on_fatal(error)
            raise

    async def _channels(self) -> list[ChannelSupervisor]:
        assert self.store is not None
        decided = {row.name: row for row in await self.store.find(CHANNEL)}
        wiring = self.wiring(self.store)
        supervisors = []
        for bearer in self.bearers.values():
            way = bearer.way
            settings = way.carries.settings if way.carries is not None else SimSettings(socket="")
            kind = ChannelType(way.name, type(settings), lambda settings, way=way: way.capabilities, way.kinds, self.maker(bearer))  # type: ignore[misc]
            supervisor = ChannelSupervisor(way.name, kind, settings, wiring, chance=self.chance)
            instance = Instance(
                way.name,
                way.kind or way.name,
                way.capabilities,
                address_kinds=way.kinds,
                channel=lambda supervisor=supervisor: supervisor.channel,  # type: ignore[misc]
                terms=bearer.terms,
            )
            if way.name in decided:
                instance.admin, instance.admin_reason = decided[way.name].admin, decided[way.name].reason
            self.room.board.add(instance)
            supervisors.append(supervisor)
        return supervisors

    def wiring(self, store: Store) -> Wiring:
        """What the channels are lent."""
        return Wiring(self.room.office.clock, lambda path: path, self._on_health, self.room.receipts.take, lambda name, sentence: None)

    def maker(self, bearer: Bearer) -> Any:  # a factory of channels
        """Makes the channel of one session over a bearer."""
        return lambda context: bearer.open(self.life)

    def _on_health(self, name: str, up: bool, reason: str) -> None:
        self.room.facts.put(ChannelObserved(name, Sign.LOCAL_UP if up else Sign.LOCAL_DOWN, reason))

    def _on_fatal(self, error: BaseException) -> None:
        if self.is_running and not self._has_given_up:
            self._has_given_up = True
            if not blames_the_disk(error):
                self.world.failures.append(f"at {self.world.now:.3f} s the engine gave up: {error!r}")
            self.on_fatal()

    def _desk(self, store: Store) -> Desk:
        room, desk = self.room, Desk()
        desk.hold(self._holders())
        self.messages = MessageVerbs(desk, room.intake, store)
        desk.add(self.messages.verbs())
        desk.add(ReleaseVerbs(desk, room, store, self.messages).verbs())
        plans = PlanVerbs(desk, room, store)
        desk.add(plans.verbs())
        return desk

    def _holders(self) -> list[tuple[Secret, Holder]]:
        """Who may speak: signers, each by a token of that name, and sources."""
        holders = [(Secret(name), Holder(name, ("releaser",), Origin(name))) for name in self.world.ground.signers]
        sources = {"centre": (), "met": (), **self.world.ground.sources}
        holders += [(Secret(name), Holder(name, OPERATOR.rights, Origin(name, areas=areas))) for name, areas in sources.items()]
        return holders

    async def _console(self, cursor: int) -> None:
        """A console that follows the stream, and the prober behind it, as in the daemon."""
        assert self.store is not None
        events = self.store.events
        while True:
            head = await events.wait(cursor)
            found = await events.read(cursor, 1000)
            if not found:  # to ask again would take no virtual time: the day would never end
                self.world.failures.append(f"at {self.world.now:.3f} s the stream had {head} events and gave none after {cursor}")
                return
            for event in found:
                cursor = event.seq
                self.world.add(Told, event)
            self.look()

    async def prepare(self) -> None:
        """What else the disk knows, before anything may happen."""

    def look(self) -> None:
        """Something has been told, and whoever follows the health of channels looks."""
        self.room.prober.look()

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs beside the loop for as long as the process lives."""
        return ()

    async def view(self, ident: str) -> None:
        """The console opens a message, and sees what it sees."""
        view = await self.desk.do(OPERATOR, "message.show", {"id": ident})
        if self.is_running:
            self.world.add(Viewed, view)

    async def kill(self) -> None:
        """End as by SIGKILL: nothing more leaves, nothing more is written, whatever its code still does."""
        self.life.is_running = False
        self.fill.crash()
        for bearer in self.bearers.values():
            bearer.link = None
        if hasattr(self, "room"):
            dispatcher = self.spawn(self.room.dispatcher.stop(0.0))
            await asyncio.wait({dispatcher})
        while left := [task for task in self.tasks if not task.done()]:
            for task in left:
                task.cancel()
            for task in left:
                await asyncio.wait({task})
        if self._disk is not None:
            self._disk.close()
        if self.store is not None:
            await self.store.close()

    def _is_durable(self, token: str, n: int) -> bool:
        assert self._disk is not None
        return self._disk.execute(DURABLE, (token, n)).fetchone() is not None


def compact_rendition(message: Message, budget: Budget) -> Rendition:
    """The compact frame of a message, as a post of the real link says it, with all that it can say. Raises: FrameError."""
    said, frame = compact.compact(message, compact.Rung.FULL)
    return Rendition("compact", radio_text(message).text, frame.octets(), COMPACT, said.left_out)


def command_of(epoch: int) -> Callable[[Tx], None]:
    """The job by which a node takes command: from then on every licence under an earlier epoch is refused."""

    def take(tx: Tx) -> None:
        held = tx.get(META, "epoch")
        if held is None or int(held.value) < epoch:
            tx.put(META, MetaRow("epoch", str(epoch)))
            tx.event("command.taken", "node/sim", epoch=epoch)

    return take


def _nothing() -> None:
    """Until the service manager watches."""


def task_factory(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
    """Makes every task known to the life of the process in which it was made."""
    context = options.get("context")
    node = context.get(LIFE) if context is not None else LIFE.get()
    task = asyncio.Task(work, loop=loop, **options)
    if node is not None:
        node.tasks.append(task)
        if len(node.tasks) > 512:
            node.tasks[:] = [one for one in node.tasks if not one.done()]
    return task
