"""One life of the process: the real engine over a store, with clients, far ends and consoles that go on from the world's state."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, assert_never

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.engine.channels import Instance, Terms
from fenghuo.engine.decisions import Ruling
from fenghuo.engine.facts import ChannelObserved
from fenghuo.engine.health import Sign as HealthSign
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.office import Office
from fenghuo.errors import FenghuoError, KeyConflict
from fenghuo.model.audit import By
from fenghuo.model.delivery import Accepted
from fenghuo.model.event import Event
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.roll import Roll
from fenghuo.plugin.ports import Renderer
from fenghuo.rig.powercut.bearer import Bearer, FarEnd, key_of
from fenghuo.rig.powercut.bugs import Bug, connection_with, counters_with, put_in, store_with
from fenghuo.rig.powercut.connection import recorded
from fenghuo.rig.powercut.ground import BEARERS, DIRECTORY, NODE, ROLL, ROLL_PAGES, RULES, Bearing
from fenghuo.rig.powercut.recorder import Recorder
from fenghuo.rig.powercut.script import OPERATOR, STEP_OF, Decide, Order, Sign, Step
from fenghuo.rig.powercut.world import Air, Asked, Ended, Head, Sheet, Shown, Started, Told, World
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.virtual_store import VirtualFill
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store.database import connect_writer
from fenghuo.store.records import MetaRow
from fenghuo.store.rolls import put_in_force, roll_in_force
from fenghuo.store.store import Store, StoreSettings
from fenghuo.store.tables import META
from fenghuo.store.tables import ROLL as ROLL_TABLE
from fenghuo.store.transaction import Tx

__all__ = ["Life", "live"]

# So few frames that checkpoints fall inside every part of the script.
SETTINGS = StoreSettings(min_free=0, ballast=0, log_frames=0, checkpoint_frames=20, inline=True)
RETRY_S = 1.0
"""How soon after a start clients ask again."""
BUSY_S = (0.3, 2.0)
"""How soon after the start that follows a cut a turn of the loop takes long, and how long: the timers of the start are late, and what
was to be tried again falls due together with what was to expire."""
ASKED_TWICE = 2
"""Answered requests that a client makes again all the same after a start: its answer must be the same."""


class Life(msgspec.Struct, frozen=True):
    """How one life is lived: from `at` (UTC seconds) for `lasts_s`, over the store in `folder`; `steps`: what clients do at their time;
    `grouped`: what waits together is committed together, and told of a little later, as by the writer's thread."""

    folder: Path
    at: float
    lasts_s: float
    steps: tuple[Step, ...] = ()
    recorder: Recorder | None = None
    bug: Bug | None = None
    seed: int = 0
    grouped: bool = False


def live(life: Life, world: World) -> list[str]:
    """Live it, then be gone; what went wrong inside, as sentences."""
    with asyncio.Runner(loop_factory=lambda: SimLoop(life.seed)) as runner:
        return runner.run(_live(life, world))


async def _live(life: Life, world: World) -> list[str]:
    loop = asyncio.get_running_loop()
    clock = SystemClock(wall=lambda: life.at + loop.time(), monotonic=loop.time)
    connect = recorded(life.recorder, connection_with(life.bug)) if life.recorder else connect_writer
    fill = VirtualFill(random.Random(f"fill {life.seed}")) if life.grouped else None
    settings = msgspec.structs.replace(SETTINGS, fill=fill)
    store = await Store.open(life.folder, clock=clock, node=NODE, settings=settings, connect=connect)
    house = _House(life, world, store, clock)
    try:
        await house.start()
        await asyncio.sleep(life.lasts_s)
    finally:
        await house.stop()
        await store.close()
    return house.faults


class _House:
    """Everything that lives as long as the process, and the world's people around it."""

    def __init__(self, life: Life, world: World, store: Store, clock: SystemClock) -> None:
        self.life, self.world, self.store, self.clock = life, world, store, clock
        self.faults: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._epoch = len(world.starts) + 1
        office = Office(node=NODE, clock=clock, rules=RULES, directory=DIRECTORY, epoch=self._epoch, seed=life.seed + self._epoch)
        self.room = EngineRoom(
            office, store_with(life.bug, store), {"text": Renderer("text", _rendered)}, release_valid_s=600.0, on_fatal=self._fatal
        )
        put_in(life.bug, self.room, store)
        self.far_end = FarEnd(world, self.room.receipts, clock)
        self.bearers = {name: self._bearer(name, bearing) for name, bearing in BEARERS.items()}

    async def start(self) -> None:
        """Take over, recover, let the world in."""
        self.world.see(Started(self._epoch, self.clock.time()))
        self.room.office.roll = await self.store.run(self._take_over)
        await self.room.recover()
        self._spawn(self.room.loop.run())
        self._spawn(self._console())
        earlier: tuple[Air | Sheet, ...] = (*self.world.airs, *self.world.sheets)
        for left in earlier:
            self._spawn(self.far_end.hear(left))
        for name, bearing in BEARERS.items():
            self._spawn(self._rise(name, bearing))
        if not self.life.steps:  # clients whose time has come keep to the order of the script
            self._spawn(self._busy())
        for step in self._retries():
            self._spawn(self._client(step, RETRY_S))
        for step in self.life.steps:
            self._spawn(self._client(step, step.at_s))

    def _take_over(self, tx: Tx) -> Roll:
        tx.put(META, MetaRow("epoch", str(self._epoch)))
        if self._epoch > 1:
            return roll_in_force(tx.get(META, "roll"))
        tx.insert_all(ROLL_TABLE, ROLL_PAGES)
        return put_in_force(tx, ROLL)

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.room.dispatcher.stop(self.clock.monotonic())
        await self.room.fan_outs.stop(self.clock.monotonic())
        await self.room.prober.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.faults.append(f"a part of the house fell: {task.exception()!r}")

    def _fatal(self, error: BaseException) -> None:
        self.faults.append(f"the engine gave up: {error!r}")

    async def _busy(self) -> None:
        after_s, lasts_s = BUSY_S
        await asyncio.sleep(after_s)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        loop.hold(lasts_s)

    # Channels.

    def _bearer(self, name: str, bearing: Bearing) -> Bearer:
        counters = counters_with(self.life.bug, self.store, name) if bearing.has_counter else None
        bearer = Bearer(name, bearing, self.world, self.clock, epoch=self._epoch, counters=counters)
        bearer.on_air = lambda air: self._spawn(self.far_end.hear(air))
        terms = Terms(traffic=bearing.traffic)
        self.room.board.add(
            Instance(
                name, "rig", bearing.capabilities, address_kinds=(name,), channel=lambda: bearer if bearer.is_up else None, terms=terms
            )
        )
        return bearer

    async def _rise(self, name: str, bearing: Bearing) -> None:
        if bearing.comes_up_s:
            self.room.facts.put(ChannelObserved(name, HealthSign.LOCAL_DOWN))
            await asyncio.sleep(bearing.comes_up_s)
        self.bearers[name].is_up = True
        self.room.facts.put(ChannelObserved(name, HealthSign.LOCAL_UP))

    # Clients.

    def _retries(self) -> list[Step]:
        """What was asked and not answered, and the last answers that are asked for again."""
        open_ones = [name for name in self.world.asked if name not in self.world.told]
        accepted = [name for name in self.world.told if isinstance(step := STEP_OF[name], Order) and step.is_sound]
        return [STEP_OF[name] for name in (*open_ones, *accepted[-ASKED_TWICE:])]

    async def _client(self, step: Step, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.world.see(Asked(step.name, self.clock.time()))
        try:
            told = await self._answer(step)
        except FenghuoError as error:  # a signature or decision that had counted before the cut is refused the second time
            if isinstance(step, Order):
                self.faults.append(f"{step.name} was refused: {error}")
            return
        before = self.world.told.get(step.name)
        if before is not None and (before.id, before.revision) != (told.id, told.revision):
            self.faults.append(f"{step.name} was {before.id}/{before.revision} and is {told.id}/{told.revision} when asked for again")
        self.world.see(told)

    async def _answer(self, step: Step) -> Told:
        match step:
            case Order():
                return await self._ask(step)
            case Sign():
                ident = self.world.told[step.key].id
                signature = await self.room.release.sign(ident, step.actor)
                return Told(step.name, ident, signature.revision, signature.state, self.clock.time())
            case Decide():
                return await self._decide(step, self.world.told[step.key].id)
            case _:
                assert_never(step)

    async def _ask(self, order: Order) -> Told:
        try:
            submission = Submission(order.raw, Origin("centre"), key=order.under or order.name, author="author")
            (answer,) = await self.room.intake.accept(submission)
        except KeyConflict:
            if not order.under:
                raise
            return Told(order.name, "source/centre", 0, "conflict", self.clock.time())
        if not isinstance(answer, Accepted):
            return Told(order.name, f"refusal/{answer.id}", 0, "refused", self.clock.time())
        return Told(order.name, answer.id, answer.revision, answer.state, self.clock.time())

    async def _decide(self, step: Decide, ident: str) -> Told:
        by, decisions = By(OPERATOR, "operator"), self.room.decisions
        kind = "objective" if step.what == "waive" else "delivery"
        number = int(await self.store.scalar(f"SELECT MIN(id) FROM {kind} WHERE message = ?", ident) or 0)
        ruling = ""
        if step.what == "waive":
            await decisions.waive(number, by=by)
        elif step.what == "shed":
            await decisions.shed(number, by=by)
        else:
            ruling = Ruling.SENT if any(key_of(air.text) == step.key for air in self.world.airs) else Ruling.NOT_SENT
            await decisions.resolve(number, ruling, by=by)
        return Told(step.name, f"{kind}/{number}", 0, ruling or step.what, self.clock.time())

    # Consoles and the second place.

    async def _console(self) -> None:
        after = self.world.head.event
        while True:
            await self.store.events.wait(after)
            for event in await self.store.events.read(after, 1000):
                self._show(event)
                after = event.seq
            self.world.see(Head(after, self.store.chain.seq, self.store.chain.hash))

    def _show(self, event: Event) -> None:
        kind, _, number = event.subject.partition("/")
        word = event.body.get("evidence") or event.body.get("level")
        if kind == "delivery" and isinstance(word, str):
            self.world.see(Shown(int(number), Evidence[word]))
        state = event.body.get("state")
        if kind == "objective" and isinstance(state, str) and state not in ("OPEN", "AT_RISK"):
            self.world.see(Ended(int(number), state))


def _rendered(message: Message, budget: Budget) -> Rendition:
    text = next((info.description for info in message.content.infos), "")
    return Rendition("text", text, text.encode())
