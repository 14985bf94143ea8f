"""Batteries of sites: a post with sensors says over its links what it lives on, and the centre shows it as a sensor of that place.

One frame, unacknowledged: what is lost is said again, and what is not heard for long is unknown.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping

import structlog

from fenghuo.clock import Clock
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.office import Office
from fenghuo.engine.power import PowerState, Sensed, has_moved
from fenghuo.errors import FenghuoError, FrameError
from fenghuo.formats.power_report import PowerReport, decode_power, encode_power
from fenghuo.plugin.ports import Channel, Inbound, Observation
from fenghuo.service.power import PowerWatch

__all__ = ["HOLDS_S", "SAID_S", "SiteBatteries", "SiteReporter"]

SAID_S = 900.0
"""A post says it anew after so long, on mains too: silence must mean something."""
HOLDS_S = 2_400.0
"""Two reports may be lost before the site is unknown."""
RETRY_S = 60.0
"""A link that is not open, or took it badly, is asked again with the next reading after this."""
TOWN = 4
"""The level of organisations that stand for a town, whose place is its area."""

log = structlog.stdlib.get_logger("fenghuo.power")


class SiteReporter:
    """Of a post: says what its own sensors say, at each change, at every fifth percent and every quarter of an hour. `up`: address kind →
    address of whom it reports to."""

    def __init__(self, power: PowerWatch, board: ChannelBoard, clock: Clock, up: Mapping[str, str]) -> None:
        self._power = power
        self._board = board
        self._clock = clock
        self._up = up
        self._told: PowerReport | None = None
        self._due_at = -math.inf
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, sensor: str, one: Sensed) -> None:
        """One of the node's own sensors has ended a reading."""
        report, now = _report(self._power.own().values()), self._clock.monotonic()
        if now < self._due_at and not _is_news(self._told, report):
            return
        self._told, self._due_at = report, now + SAID_S
        task = asyncio.get_running_loop().create_task(self._say(encode_power(report)), name="site battery")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Nothing more is said."""
        for task in self._tasks:
            task.cancel()

    async def _say(self, body: bytes) -> None:
        """By every channel that leads up: whichever is heard first tells it."""
        said = [await self._by(channel, self._up[kind], body) for channel, kind in self._ways()]
        if not any(said):
            self._due_at = min(self._due_at, self._clock.monotonic() + RETRY_S)

    def _ways(self) -> list[tuple[Channel, str]]:
        return [
            (channel, kind)
            for one in self._board
            for kind in one.address_kinds
            if kind in self._up and (channel := one.channel()) is not None
        ]

    async def _by(self, channel: Channel, address: str, body: bytes) -> bool:
        try:
            return await channel.measure(address, body) is None
        except FenghuoError as fault:
            log.debug("a battery was not reported", cause=str(fault))
            return False


class SiteBatteries:
    """Of a centre: what posts say becomes a sensor `site:ADDRESS` of the place that the directory has for that address."""

    def __init__(self, power: PowerWatch, office: Office) -> None:
        self._power = power
        self._office = office

    def take(self, inbound: Inbound) -> None:
        """A report that its sealed frame proves to be of that post; any other is nobody's word on anything."""
        if not inbound.proven:
            return
        try:
            report = decode_power(inbound.raw)
        except FrameError as fault:
            log.info("a measurement was not understood", address=inbound.address, cause=str(fault))
            return
        name, now = f"site:{inbound.address}", self._office.clock.time()
        place = self._place(inbound.address_kind, inbound.address)
        for what, value in _observed(report):
            self._power.observe(name, Observation(what, value, "", now, HOLDS_S), place)

    def _place(self, kind: str, address: str) -> str:
        """As the modes name places: the area of a town, the id of any other organisation; the address itself where nobody has it."""
        directory = self._office.directory
        for owner in directory.owners_by_address.get((kind, address), ()):
            person = directory.person_by_id.get(owner)
            org = directory.org_by_id.get(person.org if person is not None else owner.removeprefix("org:"))
            if org is not None:
                return str(org.area) if org.level >= TOWN and org.area is not None else org.id
        return address


def _report(own: Iterable[Sensed]) -> PowerReport:
    """The worst of several: on battery as soon as one is, and the least that is left."""
    found = tuple(own)
    states = {one.state for one in found}
    worst = next((one for one in (PowerState.BATTERY, PowerState.UNKNOWN) if one in states), PowerState.MAINS)
    charges = [one.charge_pct for one in found if one.charge_pct is not None]
    runtimes = [one.runtime_s / 60 for one in found if one.runtime_s is not None]
    fuels = [one.fuel_pct for one in found if one.fuel_pct is not None]
    least = (min(charges, default=None), min(runtimes, default=None), min(fuels, default=None))
    return PowerReport(worst.value, any(one.is_low for one in found), *least)


def _is_news(told: PowerReport | None, report: PowerReport) -> bool:
    if told is None or (told.state, told.is_low) != (report.state, report.is_low):
        return True
    return has_moved(told.charge_pct, report.charge_pct) or has_moved(told.fuel_pct, report.fuel_pct)


def _observed(report: PowerReport) -> list[tuple[str, float | str | bool]]:
    figures: list[tuple[str, float | str | bool]] = []
    if report.charge_pct is not None:
        figures.append(("power.charge", report.charge_pct))
    if report.minutes is not None:
        figures.append(("power.runtime", report.minutes * 60))
    if report.fuel_pct is not None:
        figures.append(("power.fuel", report.fuel_pct))
    cause = "" if report.state != PowerState.UNKNOWN.value else "nobody there knows what the site lives on"
    return [*figures, ("power.low", report.is_low), ("power.cause", cause), ("power.state", report.state)]
