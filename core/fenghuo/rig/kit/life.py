"""One life of the core with the channel under examination alone; it can end as by SIGKILL, and the next goes on from its disk."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from fenghuo.clock import Clock, SystemClock
from fenghuo.engine.channels import Instance, Terms
from fenghuo.engine.facts import ChannelObserved
from fenghuo.engine.health import Sign
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.link_memory import LinkMemory
from fenghuo.engine.notes import ChannelNotes
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import ConfigError
from fenghuo.model.delivery import Accepted, Delivery
from fenghuo.model.directory import Directory
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.context import LoneNotes
from fenghuo.plugin.ports import Channel, ChannelContext, ChannelType, Inbound, Notes, Renderer
from fenghuo.plugin.supervisor import ChannelSupervisor, Wiring
from fenghuo.rig.kit.watch import Watch, Watched
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store.store import Store, StoreSettings
from fenghuo.store.tables import DELIVERY

__all__ = ["CHANNEL", "Life", "Place", "task_of_a_life"]

CHANNEL = "examined"
"""Name of the instance."""
STOP_S = 2.0
ROUNDS = 5
"""How often the tasks of a life are cancelled: an ending may make new ones."""
T = TypeVar("T")

LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("LIFE", default=None)


class Place(msgspec.Struct, frozen=True):
    """What outlasts a life: the disk, the channel's type and settings, the people and the rules; `wall`: UTC seconds;
    `shared`: what the far end has in common with it, by name."""

    folder: Path
    kind: ChannelType
    settings: msgspec.Struct
    secrets: Mapping[str, str]
    renderers: Mapping[str, Renderer]
    directory: Directory
    rules: RuleBook
    wall: Callable[[], float]
    traffic: tuple[Traffic, ...] = tuple(Traffic)
    shared: Mapping[str, object] = {}


class Life:
    """Made, started, and ended by stop() or kill(). `watch` sees the channel; `health` is what it said of itself; `inbound` what came.
    `is_keeping`: whether what comes in reaches the disk in this life."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.watch = Watch()
        self.health: list[tuple[bool, str]] = []
        self.inbound: list[Inbound] = []
        self.faults: list[str] = []
        self.made: list[Channel] = []
        self.clock: Clock
        self.store: Store
        self.room: EngineRoom
        self.supervisor: ChannelSupervisor
        self.tasks: list[asyncio.Task[Any]] = []
        self.is_running = True
        self.is_keeping = True
        self._chance = random.Random(seed)
        self._fill = VirtualFill(random.Random(seed))
        self._context = contextvars.copy_context()
        self._context.run(LIFE.set, self)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something inside the process: it dies with it."""
        return asyncio.get_running_loop().create_task(work, context=self._context)

    async def start(self) -> None:
        """From the disk to ready; the channel starts beside it, as in service."""
        try:
            await self._start()
        except BaseException:
            self.is_running = False  # what never stood cannot be stopped, and its end must not hide why
            raise

    async def _start(self) -> None:
        place, loop = self.place, asyncio.get_running_loop()
        clock = self.clock = SystemClock(wall=place.wall, monotonic=loop.time)
        settings = StoreSettings(min_free=0, ballast=0, log_frames=0, fill=self._fill)
        self.store = await Store.open(place.folder, clock=clock, node="kit", settings=settings)
        office = Office(node="kit", clock=clock, rules=place.rules, directory=place.directory, seed=self._chance.getrandbits(32))
        self.room = EngineRoom(office, self.store, place.renderers, release_valid_s=120.0, on_fatal=self._on_fatal)
        wiring = Wiring(
            clock,
            self._secret,
            self._on_health,
            self._take,
            lambda name, sentence: self.faults.append(sentence),
            open_link=lambda: LinkMemory(self.store, place=str(place.folder)),
            open_notes=lambda name: ChannelNotes(self.store, name, place=str(place.folder)),
            open_shared=partial(_shared, place.shared),
        )
        kind = msgspec.structs.replace(place.kind, factory=self._make)
        self.supervisor = supervisor = ChannelSupervisor(CHANNEL, kind, place.settings, wiring, chance=self._chance)
        instance = Instance(
            CHANNEL,
            kind.id,
            supervisor.capabilities,
            address_kinds=kind.address_kinds,
            channel=lambda: supervisor.channel,
            terms=Terms(traffic=place.traffic, stable_s=0.1),
        )
        self.room.board.add(instance)
        await self.room.recover()
        self.spawn(self.room.loop.run())
        self.spawn(self._probe())
        self.spawn(supervisor.run())

    async def accept(self, raw: bytes) -> str:
        """An order comes in; its id."""
        submission = Submission(raw, Origin("kit"), author="kit")
        (answer,) = await self.spawn(self._accept(submission))
        assert isinstance(answer, Accepted), answer
        return answer.id

    async def delivery(self, message: str) -> Delivery | None:
        """What became of an order, as it stands on the disk."""
        found = await self.spawn(self._find(message))
        return found[-1] if found else None

    @property
    def state(self) -> str:
        """The channel's health. A loud device stays unknown until somebody has heard it, and is in use all the same once it has started."""
        instance = self.room.board.get(CHANNEL)
        assert instance is not None
        is_unheard = instance.health.state is Health.UNKNOWN and self.supervisor.channel is not None
        return str(Health.UP if is_unheard else instance.health.state)

    async def stop(self) -> None:
        """End in order: the channel is told to stop, what is in flight is settled."""
        deadline = asyncio.get_running_loop().time() + STOP_S
        await self.spawn(self.supervisor.stop(deadline))
        await self._end(deadline)

    async def kill(self) -> None:
        """End as by SIGKILL: nothing more is written. The line must be cut before, so that no farewell gets out."""
        self._fill.crash()
        await self._end(0.0)

    async def _end(self, deadline: float) -> None:
        self.is_running = False
        await asyncio.wait({self.spawn(self.room.dispatcher.stop(deadline))})
        for _ in range(ROUNDS):
            left = [task for task in self.tasks if not task.done()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=STOP_S)
        if left := [task for task in self.tasks if not task.done()]:
            self.faults.append(f"{len(left)} tasks do not end when they are cancelled, among them {left[0].get_coro()!r}")
        for task in self.tasks:  # how the core's own parts end when they are cut off is nobody's business
            _ = task.done() and not task.cancelled() and task.exception()
        await self.store.close()

    async def _accept(self, submission: Submission) -> Any:
        return await self.room.intake.accept(submission)

    async def _find(self, message: str) -> list[Delivery]:
        return await self.store.find(DELIVERY, "message = ? ORDER BY id", message)

    async def _take(self, name: str, inbound: Inbound) -> None:
        self.inbound.append(inbound)
        if not self.is_keeping:  # the commit lasts longer than this life
            await asyncio.Event().wait()
        await self.room.receipts.take(name, inbound)

    async def _probe(self) -> None:
        cursor = 0
        while True:
            cursor = await self.store.events.wait(cursor)
            self.room.prober.look()

    def _make(self, context: ChannelContext) -> Channel:
        channel = self.place.kind.factory(context)
        self.made.append(channel)
        return cast(Channel, Watched(channel, self.watch))

    def _secret(self, path: str) -> str:
        if path not in self.place.secrets:
            raise ConfigError(f"the far end has no secret {path!r}")
        return self.place.secrets[path]

    def _on_health(self, name: str, up: bool, reason: str) -> None:
        self.health.append((up, reason))
        self.room.facts.put(ChannelObserved(name, Sign.LOCAL_UP if up else Sign.LOCAL_DOWN, reason))

    def _on_fatal(self, error: BaseException) -> None:
        if self.is_running:
            self.faults.append(f"the engine gave up: {error!r}")


def task_of_a_life(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
    """A task factory that makes every task known to the life it was made in."""
    context = options.get("context")
    life = context.get(LIFE) if context is not None else LIFE.get()
    task = asyncio.Task(work, loop=loop, **options)
    if life is not None:
        life.tasks = [one for one in life.tasks if not one.done()] if len(life.tasks) > 256 else life.tasks
        life.tasks.append(task)
    return task


def _shared(shared: Mapping[str, object], name: str, make: Callable[[Notes], Any]) -> Any:
    """What the channel has in common with its far end, or with nobody. Of the place it is lent no more: that has the secrets."""
    return shared[name] if name in shared else make(LoneNotes())
