"""Plugin instances of this node: made from the settings, supervised, and wired to the engine by facts alone."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from fenghuo.engine.facts import ChannelObserved, ChannelReopened
from fenghuo.engine.health import Sign
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.engine.notes import ChannelNotes
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.mode import ON_BATTERY, Axis
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.cell import celled
from fenghuo.plugin.cell_runner import sensed, sourced
from fenghuo.plugin.commons import Commons
from fenghuo.plugin.context import HostedFrontContext, HostedSensorContext, HostedSourceContext
from fenghuo.plugin.host import PluginHost
from fenghuo.plugin.patience import EAGER, NONE, THRIFTY, Patience
from fenghuo.plugin.ports import Actor, Desk, EventStream, Hints, Observation, PowerLevel, Web
from fenghuo.plugin.signing import signer_of
from fenghuo.plugin.supervisor import ChannelSupervisor, FrontSupervisor, SourceSupervisor, Supervisor, Wiring
from fenghuo.service.armed import ArmedSwitches, armed_as
from fenghuo.service.certificate_watch import CertificateWatch
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.gauges import watch_power
from fenghuo.service.ground import instance_of
from fenghuo.service.metrics import Metrics
from fenghuo.service.power import PowerWatch
from fenghuo.service.power_energy import EnergyWatch
from fenghuo.service.power_room import PowerRoom
from fenghuo.service.power_sites import SiteReporter
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.secrets import secret_reader
from fenghuo.service.self_probe import SelfProbe
from fenghuo.service.settings import InstanceSettings, Settings
from fenghuo.service.tending import Tending, Work
from fenghuo.store.blobs import StoredBlobs
from fenghuo.store.store import PATIENCE_S, Store
from fenghuo.store.tables import CHANNEL
from fenghuo.store.transaction import Tx

if TYPE_CHECKING:
    from fenghuo.link import Ledgers

__all__ = ["Hosting"]

FRONT_LIMIT_S = 2.0
log = structlog.stdlib.get_logger("fenghuo.hosting")


class Hosting:
    """All supervisors. `exercise`: no channel of this process carries Actual traffic."""

    def __init__(self, settings: Settings, host: PluginHost, room: EngineRoom, *, exercise: bool = False) -> None:
        self._settings = settings
        self._host = host
        self._room = room
        self._traffic = tuple(kind for kind in Traffic if not (exercise and kind is Traffic.ACTUAL))
        self._store: Store
        self._commons: Commons
        self.power: PowerWatch
        self.self_probe: SelfProbe
        self._certificates: CertificateWatch
        self.energy: EnergyWatch | None = None
        self._reporter: SiteReporter | None = None
        self.roads: RoadKeeper | None = None
        self._channels: list[ChannelSupervisor] = []
        self._fronts: list[FrontSupervisor] = []
        self._sources: list[SourceSupervisor] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ledgers: Ledgers | None = None  # made for the first link

    async def add_channels(self, store: Store) -> None:
        """Put every channel of the settings on the board, as an operator last left it; nothing is started yet."""
        self._store = store
        self._follow_power(store)
        self._certificates = CertificateWatch(self._settings, store, self._room.office.clock)
        self.self_probe = SelfProbe(self._room, store, every_s=self._settings.self_probe_s)
        decided = {row.name: row for row in await store.find(CHANNEL)}
        wiring = Wiring(
            clock=self._room.office.clock,
            secrets=secret_reader(self._settings.base),
            on_health=self._on_health,
            on_inbound=self._room.receipts.take,
            on_fault=self._on_fault,
            open_notes=functools.partial(ChannelNotes, store),
            on_strain=self._on_strain,
            on_reopened=self._on_reopened,
            why_no_way=self._why_no_way,
            open_signer=functools.partial(signer_of, self._host.key_providers, secret_reader(self._settings.base)),
            on_armed=ArmedSwitches(store, self._settings.file, self._on_stand).stands,
            open_blobs=functools.partial(StoredBlobs, store, traffic={one.name: one.traffic for one in self._settings.channels}),
            patience=self._patience,
        )
        commons = self._commons = Commons(functools.partial(ChannelNotes, store))
        self._room.board.on_fault = self._on_fault
        self._room.board.on_ruled = self._look
        for channel in self._settings.channels:
            plugin, kind = self._host.channel_types[channel.type]
            kind = self._host.in_loop(kind) if channel.terms is None else celled(kind, self._host.module(kind), channel.terms)
            link = functools.partial(self._link_memory, store, channel.medium or channel.name, channel.name)
            lent = dataclasses.replace(wiring, open_link=link, open_shared=functools.partial(commons.of, plugin))
            supervisor = ChannelSupervisor(channel.name, kind, channel.settings, lent)
            self._channels.append(supervisor)
            running = partial(getattr, supervisor, "channel")
            instance = instance_of(channel, kind.address_kinds, supervisor.capabilities, running, traffic=self._traffic)
            instance.knock = supervisor.knock
            row = decided.get(channel.name)
            if row is not None:
                instance.admin, instance.admin_reason = row.admin, row.reason
            self._room.board.add(instance)
            if channel.ungraded:
                log.warning("channel carries P2 to P4 only", channel=channel.name, cause=channel.ungraded)
        self._host.rest()

    def _follow_power(self, store: Store) -> None:
        follows = self._power_room = PowerRoom(self._room, store, self._settings.energy)
        self.power, self.energy = follows.power, follows.energy
        if (endpoint := self._settings.node.endpoint) is not None and endpoint.up:
            self._reporter = SiteReporter(self.power, self._room.board, self._room.office.clock, endpoint.up)
            self.power.on_reading.append(self._reporter.read)

    def rearm(self, settings: Settings) -> None:
        """Take over the armed switches of new settings: a channel whose switch was turned begins anew with it. To disarm is silence."""
        channels = {channel.name: channel for channel in settings.channels}
        for supervisor in self._channels:
            channel = channels.get(supervisor.name)
            if channel is not None and (turned := armed_as(supervisor.settings, channel.settings)) is not None:
                supervisor.settings = turned
                supervisor.begin_anew()

    def start(self, desk: Desk, events: EventStream, web: Web | None) -> None:
        """Start everything but the channels off the boot path."""
        for fault in self._host.faults:
            log.error("plugin set aside", plugin=fault.plugin, cause=fault.cause)
        if web is not None:
            for front in self._settings.fronts:
                self._start_front(front, desk, events, web)
        for source in self._settings.sources:
            self._start_source(source)
        for sensor in self._settings.sensors:
            self._start_sensor(sensor)

    def start_channels(self) -> None:
        """Last of all, when the doors are open: what a channel imports (an HTTP client is 0.1 s) delays nobody who wants to come in, and
        a device that is absent neither."""
        for channel in self._channels:
            self._spawn(channel.run, channel.name)
        self._spawn(self.self_probe.run, "self-probe")
        self._spawn(self._certificates.run, "certificates")

    async def fronts_started(self) -> None:
        """Wait until every front has mounted itself, or for two seconds: one that cannot start delays nobody for long."""
        waits = [front.started.wait() for front in self._fronts]
        try:
            async with asyncio.timeout(FRONT_LIMIT_S):
                await asyncio.gather(*waits)
        except TimeoutError:
            late = [front.name for front in self._fronts if not front.started.is_set()]
            log.error("a front did not start in time", fronts=late, limit_s=FRONT_LIMIT_S)

    async def stop(self, deadline: float) -> None:
        """Silence on every channel by `deadline` (monotonic seconds)."""
        everyone: list[Supervisor[Any]] = [*self._channels, *self._fronts, *self._sources]
        await asyncio.gather(*(supervisor.stop(deadline) for supervisor in everyone), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._power_room.stop()
        if self._reporter is not None:
            self._reporter.stop()
        if self.roads is not None:
            self.roads.stop()

    def _start_front(self, front: InstanceSettings, desk: Desk, events: EventStream, web: Web) -> None:
        plugin, kind = self._host.front_types[front.type]
        kind = self._host.in_loop(kind)
        shared = functools.partial(self._commons.of, plugin)
        context = HostedFrontContext(front.name, front.settings, self._room.office.clock, desk, events, web, shared)
        clock = self._room.office.clock
        supervisor = FrontSupervisor(front.name, lambda: kind.factory(context), clock=clock, on_fault=self._on_fault)
        self._fronts.append(supervisor)
        self._spawn(supervisor.run, front.name)

    def _start_source(self, source: InstanceSettings) -> None:
        _, kind = self._host.source_types[source.type]
        context = HostedSourceContext(source.name, source.settings, self._room.office.clock, self._accept)
        make = sourced(self._host, kind, context, source.terms)
        self._supervise(SourceSupervisor(source.name, make, clock=context.clock, on_fault=self._on_fault))

    def _start_sensor(self, sensor: InstanceSettings) -> None:
        _, kind = self._host.sensor_types[sensor.type]
        context = HostedSensorContext(sensor.name, sensor.settings, self._room.office.clock, self._on_observation)
        make = sensed(self._host, kind, context, sensor.terms)
        self._supervise(SourceSupervisor(sensor.name, make, clock=context.clock, on_fault=self._on_fault))

    def _supervise(self, supervisor: SourceSupervisor) -> None:
        self._sources.append(supervisor)
        self._spawn(supervisor.run, supervisor.name)

    def _spawn(self, work: Work, name: str) -> None:
        """A supervisor outlives whatever its plugin does, and what it fails at itself is seen too."""
        task = Tending(self._store).start(name, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def watch(self, metrics: Metrics) -> None:
        """Have the figures of what is followed here read at the moment of asking."""
        watch_power(metrics, self.power)
        self.self_probe.watch(metrics)

    def view(self) -> dict[str, Any]:
        """What `status` says of it."""
        return {"power": self.power.view(), "self_probe": self.self_probe.view(), "certificates": self._certificates.view()}

    # What instances tell the core.

    def _on_health(self, name: str, up: bool, reason: str) -> None:
        self._room.facts.put(ChannelObserved(name, Sign.LOCAL_UP if up else Sign.LOCAL_DOWN, reason))

    def _on_strain(self, name: str, reason: str) -> None:
        self._room.facts.put(ChannelObserved(name, Sign.STRAINED, reason))

    def _on_reopened(self, name: str) -> None:
        self._room.facts.put(ChannelReopened(name))

    def _patience(self, name: str) -> Patience:
        """How long a channel rests between two tries: on battery longer, and where it is switched off until that is over. One that was told
        to draw less says itself that it is gone, and wakes up by itself."""
        room, instance = self._room, self._room.board.get(name)
        is_told = room.in_force.node().power.get(name, PowerLevel.FULL) is not PowerLevel.FULL
        if instance is not None and instance.admin in (Admin.DISABLED, Admin.INHIBITED):
            return msgspec.structs.replace(NONE, lost_s=math.inf) if is_told else NONE
        return THRIFTY if self._is_on_battery else EAGER

    @property
    def _is_on_battery(self) -> bool:
        return self._room.modes.stand(Axis.POWER).mode in ON_BATTERY

    def _look(self) -> None:
        """A channel was switched, or a mode has changed."""
        self._store.save_power(PATIENCE_S if self._is_on_battery else 0.0)
        self.self_probe.look()
        for supervisor in self._channels:
            supervisor.look()

    def _why_no_way(self, name: str, address: str) -> str:
        instance = self._room.board.get(name)
        return instance.no_way.get(address, "") if instance is not None else ""

    def _on_stand(self, name: str, why_off: str) -> None:
        instance = self._room.board.get(name)
        if instance is not None:
            instance.why_unarmed = why_off

    def _on_fault(self, name: str, sentence: str) -> None:
        def tell(tx: Tx) -> None:
            tx.event("alarm.plugin_fault", f"plugin/{name}", message=sentence)

        self._store.submit(tell)

    def _on_observation(self, name: str, observation: Observation) -> None:
        if self.power.takes(observation):
            self.power.observe(name, observation)
            return
        if self.roads is not None and self.roads.takes(observation):
            self.roads.observe(name, observation)
            return

        def tell(tx: Tx) -> None:
            tx.event("sensor.observed", f"sensor/{name}", what=observation.what, value=str(observation.value), unit=observation.unit)

        self._store.submit(tell)

    def spooled(self, desk: Desk) -> Callable[[bytes, Hints], Awaitable[Sequence[Accepted | Refused]]]:
        """What the spool folder gives its files to: `alert.submit_all` in the name of the token `spool`, or of a plain source."""

        async def accept(raw: bytes, hints: Hints) -> Sequence[Accepted | Refused]:
            actor = Actor(hints.source, ("source",), "spool")
            answers: Sequence[Accepted | Refused] = await desk.do(
                actor, "alert.submit_all", {"raw": raw, "key": hints.key, "media_type": hints.media_type}
            )
            return answers

        return accept

    def _link_memory(self, store: Store, medium: str, channel: str) -> object:
        """The memory of the narrow link, for the channel that asks for it: its ciphers are 50 ms that a start without one need not pay."""
        from fenghuo.engine.link_memory import LinkMemory  # noqa: PLC0415  see above
        from fenghuo.link import Ledgers  # noqa: PLC0415  see above

        if self._ledgers is None:
            self._ledgers = Ledgers()
        return LinkMemory(store, self._ledgers, medium, channel=channel)

    async def taken_over(self, raw: bytes, source: str, key: str) -> Accepted | Refused:
        """An order that another centre has given away, as one of this node; who gave it stands behind it."""
        return (
            await self._room.intake.accept(Submission(raw, Origin(f"taken:{source}", traffic=(Traffic.ACTUAL,)), "application/json", key))
        )[0]

    async def _accept(self, name: str, raw: bytes, hints: Hints) -> Accepted | Refused:
        origin = Origin(hints.source or name, traffic=())
        return (await self._room.intake.accept(Submission(raw, origin, hints.media_type, hints.key)))[0]
