"""A simulated county over some days: world, bearers, people, clients, and the daemon that is killed and started in their midst."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import msgspec
from structlog.testing import capture_logs

from fenghuo.clock import SystemClock
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.linting import lint_rules
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import NotFound, StoreError
from fenghuo.model.traffic import Traffic
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.virtual_store_disk import VirtualDisk, blames_the_disk
from fenghuo.store.audit import breaks
from fenghuo.store.tables import AUDIT
from tests.sim.bearer import Bearer
from tests.sim.clients import Clients, Writers
from tests.sim.ground import DIRECTORY, POOR_RULES, RULES, WAYS
from tests.sim.node import Gone, Node, command_of, task_factory
from tests.sim.people import People
from tests.sim.world import Told, World

RESTART_S = 3.0
"""Middle time that the service manager takes to start the daemon anew."""
NO_DISK_S = 30.0
"""The same where it did not come up for want of a disk."""
POOR = 12
"""On one day of so many an operator brings rules whose alerts have two ways, and those are lost together."""


class County:
    """Everything there is. `host` of the clients: up() waits for a daemon that serves."""

    def __init__(self, loop: SimLoop, folder: Path, seed: int) -> None:
        self.world = World(loop, seed)
        self.people = People(self.world)
        self.bearers = {way.name: Bearer(way, self.world, self.people.receive) for way in WAYS}
        self.clients = Clients(self.world, self)
        self.writers = Writers(self.world)
        self.folder = folder
        self.disk = VirtualDisk(random.Random(f"disk {seed}"))
        self.rules = in_force(seed)
        self.epoch = 1
        self.node: Node | None = None
        self._ups = asyncio.Event()
        self._seeds = random.Random(f"lives {seed}")
        loop.set_task_factory(task_factory)  # type: ignore[arg-type]  # a factory whose options are any
        loop.set_exception_handler(self._unhandled)

    async def up(self) -> Node:
        while self.node is None or not self.node.is_running or not self._ups.is_set():
            await self._ups.wait()
            await asyncio.sleep(0)
        return self.node

    async def start(self) -> None:
        """Bring the daemon up; whatever cuts its start off is a crash like any other."""
        self.world.life += 1
        node = self.node = Node(self.world, self.folder, self.bearers, seed=self._seeds.getrandbits(32), disk=self.disk, rules=self.rules)
        node.on_fatal = lambda: self.world.later(0.0, self._restart)
        node.epoch = self.epoch
        self.world.note("start", str(self.world.life), str(self.epoch))
        cursor = max((entry.event.seq for entry in self.world.log if isinstance(entry, Told)), default=0)
        try:
            await node.call(node.start(cursor))
        except Gone:
            return
        except StoreError as error:
            if not blames_the_disk(error):
                raise
            self.world.spawn(self.crash(NO_DISK_S))
            return
        self.world.note("ready", str(self.world.life))
        self._ups.set()

    async def crash(self, restart_s: float = RESTART_S) -> None:
        """Kill the daemon, whatever it is doing, and have it started again."""
        if self.node is None or not self.node.is_running:
            return
        node, self.node = self.node, None
        self._ups.clear()
        self.world.note("crash", str(self.world.life))
        await node.kill()
        await asyncio.sleep(self.world.chance.expovariate(1 / restart_s))
        for bearer in self.bearers.values():
            if bearer.terms is not bearer.way.terms:
                self.world.note("bound", bearer.way.name, " ".join(bearer.terms.traffic))
        self.world.wall_off_s = self.world.chance.uniform(-1.0, 1.0)  # a machine sets its clock before the daemon starts
        await self.start()

    async def lose_command(self) -> None:
        """Another node takes command: the store says so, and whoever runs here does not know yet."""
        node = await self.up()
        self.epoch += 1
        assert node.store is not None
        try:
            await node.call(node.store.run(command_of(self.epoch)))
        except (Gone, StoreError):
            return

    def bind(self, name: str, traffic: tuple[Traffic, ...]) -> None:
        """The operator allows a channel this traffic alone, from the next start on."""
        bearer = self.bearers[name]
        bearer.terms = msgspec.structs.replace(bearer.terms, traffic=traffic)

    async def look(self, ident: str) -> None:
        """Somebody opens a message at the console; nobody insists."""
        node = await self.up()
        try:
            await node.call(node.view(ident))
        except Gone:
            return
        except NotFound:
            self.world.failures.append(f"at {self.world.now:.3f} s {ident} was accepted and is not known")

    async def look_at_all(self) -> None:
        """At the end of the day: everything that was accepted, once more."""
        for ident in dict.fromkeys(answer.id for _, answer in self.clients.mail):
            await self.look(ident)

    async def audit(self) -> None:
        """A3: the chain of the audit holds over all crashes of the day, and tells of every message."""
        node = await self.up()
        assert node.store is not None
        rows = await node.call(node.store.find(AUDIT, "1 = 1 ORDER BY seq"))
        self.world.failures += [f"A3: record {found.seq} of the audit {found.reason}" for found in breaks(rows)]
        if len(rows) < len(self.clients.mail):
            self.world.failures.append(f"A3: {len(rows)} records for {len(self.clients.mail)} messages")

    async def end(self) -> None:
        """Stop everything without draining."""
        await self.world.rest()
        if self.node is not None:
            await self.node.kill()

    def _restart(self) -> None:
        self.world.spawn(self.crash())

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not isinstance(error, asyncio.CancelledError) and (self.node is None or self.node.is_running):
            self.world.failures.append(f"at {self.world.now:.3f} s nobody caught: {context.get('message')}: {error!r}")


def in_force(seed: int) -> RuleBook:
    """The rules of the day: what is brought, unless the linter refuses it; then those that were in force stay."""
    brought = POOR_RULES if seed % POOR == POOR // 2 else RULES
    office = Office(node="sim", clock=SystemClock(), rules=brought, directory=DIRECTORY)
    board = ChannelBoard(office)
    for way in WAYS:
        board.add(Instance(way.name, way.name, way.capabilities, address_kinds=way.kinds, channel=lambda: None, terms=way.terms))
    return RULES if lint_rules(brought, DIRECTORY, board.situation()) else brought


__all__ = ["County", "capture_logs"]
