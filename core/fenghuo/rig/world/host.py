"""The machine in the middle of a simulated world: the daemon on it is killed and started anew while everybody else lives on."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from fenghuo.engine.rules import RuleBook
from fenghuo.errors import NotFound, StoreError
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.virtual_store_disk import VirtualDisk, blames_the_disk
from fenghuo.rig.world.bearer import Bearer, Frame
from fenghuo.rig.world.clients import Clients
from fenghuo.rig.world.ground import Ground, Way
from fenghuo.rig.world.log import Told, World
from fenghuo.rig.world.node import Gone, Node, task_factory
from fenghuo.store.audit import breaks
from fenghuo.store.tables import AUDIT

__all__ = ["Host"]

RESTART_S = 3.0
"""Middle time that the service manager takes to start the daemon anew."""
NO_DISK_S = 30.0
"""The same where it did not come up for want of a disk."""


class Host:
    """World, bearers and clients, and the daemon in their midst. up() waits for a daemon that serves."""

    node_type: type[Node] = Node

    def __init__(self, loop: SimLoop, folder: Path, seed: int, ground: Ground) -> None:
        self.world = World(loop, seed, ground)
        self.bearers = {way.name: self.bearer(way) for way in ground.ways}
        self.clients = Clients(self.world, self)
        self.folder = folder
        self.disk = VirtualDisk(random.Random(f"disk {seed}"))
        self.rules: RuleBook = ground.rules
        self.epoch = 1
        self.node: Node | None = None
        self._ups = asyncio.Event()
        self._seeds = random.Random(f"lives {seed}")
        loop.set_task_factory(task_factory)  # type: ignore[arg-type]  # a factory whose options are any
        loop.set_exception_handler(self._unhandled)

    def bearer(self, way: Way) -> Bearer:
        """The network behind a channel."""
        return Bearer(way, self.world, self.receive)

    def receive(self, bearer: Bearer, frame: Frame) -> None:
        """A frame arrives at a device."""
        raise NotImplementedError

    async def up(self) -> Node:
        while self.node is None or not self.node.is_running or not self._ups.is_set():
            await self._ups.wait()
            await asyncio.sleep(0)
        return self.node

    async def start(self) -> None:
        """Bring the daemon up; whatever cuts its start off is a crash like any other."""
        self.world.life += 1
        seed = self._seeds.getrandbits(32)
        node = self.node = self.node_type(self.world, self.folder, self.bearers, seed=seed, disk=self.disk, rules=self.rules)
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
        await asyncio.sleep(self.world.chance.expovariate(1 / restart_s) if restart_s else 0.0)
        for bearer in self.bearers.values():
            if bearer.terms is not bearer.way.terms:
                self.world.note("bound", bearer.way.name, " ".join(bearer.terms.traffic))
        self.world.wall_off_s = self.world.chance.uniform(-1.0, 1.0)  # a machine sets its clock before the daemon starts
        await self.start()

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
