"""The daemon of a scenario: the engine as in the simulated days, and beside it what the daemon has that a command centre looks at."""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from fenghuo.engine.notes import ChannelNotes
from fenghuo.link.naming import receipt_ref
from fenghuo.model.delivery import Outcome, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.model.rendition import COMPACT
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.carrying import Carrier
from fenghuo.plugin.commons import Commons
from fenghuo.plugin.ports import ChannelContext, Emission, Inbound, InboundKind, ProbeBudget, ProbeResult, SendJob, Unsupported
from fenghuo.plugin.supervisor import Wiring
from fenghuo.rig.scenario.members import Members
from fenghuo.rig.scenario.pictures import Server, SimAir, inline
from fenghuo.rig.world.bearer import Bearer, Frame, Life, Link, Receive, Weather, Word
from fenghuo.rig.world.clients import Letter
from fenghuo.rig.world.log import Taken
from fenghuo.rig.world.node import Node
from fenghuo.service.command_room import CommandRoom
from fenghuo.service.desk import Desk
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.log_watch import LogWatch
from fenghuo.service.modes import ModeKeeper
from fenghuo.service.power_room import PowerRoom
from fenghuo.service.road_watch import RoadWatch
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.upward import Upward
from fenghuo.store import Store
from fenghuo.store.blobs import StoredBlobs

__all__ = ["Centre", "Network", "share_servers"]

SAY_AGAIN_S = 90.0
"""A post that hears nothing of what it said says it once more."""


class Network(Bearer):
    """A bearer whose session lives through a silence: what waited for its end is said then. Posts behind it say things in code, a sealed
    frame in each, until a receipt of ours has come to them. `server`: of pictures, where this way leads to one. `relay_s`: somebody
    hears it in direct mode and takes it on by hand, in so many seconds as a mean."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.unheard: dict[str, tuple[str, bytes, float]] = {}
        self.server = Server()
        self.relay_s: float | None = None

    def open(self, life: Life) -> Link:
        return NetworkLink(self, life)

    def said_by(self, call: str, body: bytes, name: str, letter: Letter) -> None:
        """The post at the address `call` says this until it hears of it; `name`: what both ends call it."""
        self.unheard[name] = (call, body, letter.expires_at)
        self._say(name)

    def _say(self, name: str) -> None:
        call, body, until = self.unheard.get(name, ("", b"", 0.0))
        if not call or self.world.true() >= until:
            return
        self.world.note("said", self.way.name, name)
        self.world.later(SAY_AGAIN_S, self._say, name)
        if self._passes():
            self.world.later(self.weather.delay_s, self._comes, name, call, body)

    def _comes(self, name: str, call: str, body: bytes) -> None:
        async def ack() -> None:
            """The terminal forgets it; its sender hears of it by a receipt alone."""

        ref = receipt_ref(call, name)
        thing = Inbound(
            InboundKind.MESSAGE, body, ack, address_kind=self.way.kinds[0], address=call, ref=ref, media_type=COMPACT, proven=True
        )
        if self.link is not None:
            self.link.bring(thing)

    def relayed(self, frame: Frame, then: Receive) -> None:
        """Whoever relays has it, and says so; the device has it when they have got there."""
        if self.relay_s is None:
            then(self, frame)
            return
        word = Word(0, InboundKind.RECEIPT, frame.address, frame.ref, frame.token, frame.n, Evidence.RELAYED)
        self.say(word)
        self.world.later(self.world.chance.expovariate(1 / self.relay_s), then, self, frame)

    def measured(self, call: str, body: bytes) -> None:
        """The post at the address `call` says what it has measured: once, and nobody answers."""
        if self._passes():
            self.world.later(self.weather.delay_s, self._reads, call, body)

    def _reads(self, call: str, body: bytes) -> None:
        if self.link is not None:
            kind = self.way.kinds[0]
            self.link.bring(Inbound(InboundKind.MEASURED, body, _nothing, address_kind=kind, address=call, proven=True))

    def told(self, name: str, level: Evidence) -> None:
        """A receipt of ours is on its way to the post."""
        if self._passes():
            self.world.later(self.weather.delay_s, self._heard_of, name, level)

    def _heard_of(self, name: str, level: Evidence) -> None:
        self.unheard.pop(name, None)
        self.world.add(Taken, self.way.name, name, level, 1, 1)

    def _passes(self) -> bool:
        return self.weather.is_up and not self.weather.deaf and self.world.chance.random() >= self.weather.loss

    def refusal(self) -> Outcome | None:
        """A radio that hears no station is granted no channel by it."""
        return Transient(Scope.CHANNEL, "no-station") if self.is_radio and self.weather.deaf else None

    def change(self, weather: Weather) -> None:
        was_deaf = self.weather.deaf
        super().change(weather)
        if was_deaf and not weather.deaf and weather.is_up and self.link is not None:
            for word in tuple(self.words.values()):
                self.link.hear(word)


def share_servers(networks: Iterable[Bearer]) -> None:
    """Ways that bring pictures to one server."""
    servers: dict[str, Server] = {}
    for network in networks:
        share = network.way.carries.share if network.way.carries is not None else ""
        if share and isinstance(network, Network):
            network.server = servers.setdefault(share, network.server)


class NetworkLink(Link):
    """The channel of one life over it, which carries a receipt back to a post that said something. `carrier`: of pictures, where there is
    one."""

    carrier: Carrier | None = None

    async def start(self) -> None:
        await super().start()
        if self.carrier is not None:
            await self.carrier.start()

    async def stop(self, deadline: float) -> None:
        await super().stop(deadline)
        if self.carrier is not None:
            await self.carrier.stop()

    def broken(self) -> None:
        super().broken()
        if self.carrier is not None:
            self.carrier.lost()

    async def send(self, job: SendJob) -> Outcome:
        if self.carrier is None:
            return await super().send(job)
        with self.carrier.text():
            outcome = await super().send(job)
        if isinstance(outcome, Reached):
            self.carrier.crossed()
        return outcome

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        result = await super().probe(budget)
        if self.carrier is not None and result.answered:
            self.carrier.crossed()
        return result

    async def _emit(self, job: SendJob, emission: Emission, number: int) -> Outcome:
        outcome = await super()._emit(job, emission, number)
        if self.carrier is not None and isinstance(outcome, Reached):
            await self.carrier.take(job, emission)
        return outcome

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        network, (call, _, name) = self.bearer, ref.partition("/")
        if not isinstance(network, Network) or network.unheard.get(name, ("",))[0] != call:
            return Unsupported()
        network.told(name, level)
        return None


class Centre(Node):
    """`inventory`: what reaches the public, and what a step adds to it."""

    inventory: InventoryKeeper
    roads: RoadKeeper
    modes: ModeKeeper
    follows: PowerRoom
    command: CommandRoom
    members: Members | None = None

    async def prepare(self) -> None:
        store, ground, clock = self.store, self.world.ground, self.room.office.clock
        assert store is not None
        self.roads = RoadKeeper(store, clock)
        if ground.roads.places:
            self.roads.watch = RoadWatch(store, clock, lambda: self.room.office.directory)
            await self.roads.watch.load()
            self.roads.watch.use(ground.roads)
        self.members = Members(store, clock, ground.accounts) if ground.accounts else None
        if self.members is not None:
            await self.members.load()
        self.modes = ModeKeeper(self.room, store, ground.profiles)
        await self.modes.load()
        self.follows = PowerRoom(self.room, store, ground.energy)
        self.inventory = InventoryKeeper()
        self.inventory.use(ground.inventory)
        self.command = CommandRoom(self.room, store, inventory=self.inventory, roads=self.roads, modes=self.modes)
        self.command.use(ground.command_rules)
        await self.command.load()

    async def kill(self) -> None:
        """Timers of parts that wait without a task are gone with the process as well."""
        if hasattr(self, "command"):
            for part in (self.follows, self.modes, self.roads, self.room.outages):
                part.stop()
        await super().kill()

    def wiring(self, store: Store) -> Wiring:
        """With what carries pictures needs: notes, octets, and what channels have in common."""
        notes = partial(ChannelNotes, store, place="sim")
        commons = Commons(notes)
        return dataclasses.replace(
            super().wiring(store),
            open_notes=notes,
            open_blobs=partial(StoredBlobs, store, apart=inline),
            open_shared=partial(commons.of, "sim"),
        )

    def maker(self, bearer: Bearer) -> Any:
        carries = bearer.way.carries
        if carries is None or not isinstance(bearer, Network):
            return super().maker(bearer)
        air, by = SimAir(bearer, self.life, bearer.server), carries.by

        def make(context: ChannelContext) -> Link:
            link = bearer.open(self.life)
            assert isinstance(link, NetworkLink)
            link.carrier = by.make(context, air)
            return link

        return make

    def look(self) -> None:
        self.room.look()
        self.command.coverage.look()

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        store = self.store
        assert store is not None
        upward = Upward(self.room.board, store, self.room.office.clock)
        lines = self.world.lines
        watch = (LogWatch(lines, store).run(),) if lines is not None else ()
        return (self.room.auditor.run(), self.room.proven.run(), upward.run(), self.command.watch.run(), *watch)

    def _desk(self, store: Store) -> Desk:
        desk = Desk()
        desk.hold(self._holders())
        self.command.join(desk, self.follows.energy)
        self.messages = self.command.messages
        if self.members is not None:
            self.members.join(desk)
        return desk


async def _nothing() -> None:
    """Nobody waits for what was measured."""
