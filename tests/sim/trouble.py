"""What goes wrong in a simulated day: bearers fail in every manner, the daemon is killed, clocks jump, operators meddle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from fenghuo.rig.world.bearer import Bearer, Weather
from fenghuo.rig.world.log import Acked, Aired, Asked, Ended, Entry, Heard, Submitted
from tests.sim.county import County
from tests.sim.ground import GROUPS

GOOD = Weather()
HOUR = 3600.0
DISK_S = 12 * HOUR
"""Middle time between two troubles of the disk."""
LOST_S = 10 * HOUR
"""Middle time between two losses of a risk group."""
YEAR = 365.25 * 86_400.0
AMBUSH = 0.006
"""Share of the moments that matter at which the daemon is killed: three or four on a quiet day."""


HEALTHY = msgspec.structs.replace(GOOD, loss=0.0, double=0.0, refuse=0.0, mute=0.0)


class Trouble:
    """Faults of every kind at any time. `end`: virtual seconds after which nothing new goes wrong; `ambush`: see AMBUSH."""

    def __init__(self, county: County, end: float, *, ambush: float = AMBUSH) -> None:
        self.county = county
        self.ambush = ambush
        self.is_frozen = False
        self.on_loss: Callable[[], None] = _nobody_warns
        self.world = county.world
        self.end = end

    def begin(self) -> None:
        world = self.world
        for bearer in self.county.bearers.values():
            world.spawn(self._weather(bearer))
        world.spawn(self._blackouts())
        world.spawn(self._losses())
        world.spawn(self._disk())
        world.spawn(self._crashes())
        world.on_entry = self._ambush
        world.spawn(self._clock())
        world.spawn(self._switches())

    async def freeze(self, healthy: str) -> None:
        """From now on one bearer works, its devices confirm, and the others stay as they are, most of them in a fault."""
        self.end, self.is_frozen = self.world.now, True
        for bearer in self.county.bearers.values():
            if bearer.way.name == healthy:
                bearer.change(HEALTHY)
            else:
                fault = BAD[self.world.chance.choice(("away", "deaf", "grey", "slow"))]
                bearer.is_gone = True
                bearer.change(msgspec.structs.replace(fault, refuse=0.0))  # a fault, and no lie about a number
        self.county.people.confirm = 1.0
        while await self.county.clients.command("channel.enable", name=healthy, reason="needed") is None:
            await asyncio.sleep(1.0)
        self.world.note("frozen", healthy)

    async def _until(self, mean_s: float) -> bool:
        """Wait for the next one; False when the day is over."""
        await asyncio.sleep(self.world.chance.expovariate(1 / mean_s))
        return self.world.now < self.end

    async def _weather(self, bearer: Bearer) -> None:
        chance = self.world.chance
        while await self._until(6 * HOUR):
            kind = chance.choice(("away", "deaf", "grey", "slow", "flap"))
            self.world.note("bad", bearer.way.name, kind)
            lasts_s = chance.expovariate(1 / 900)
            if kind == "flap":
                await self._flap(bearer, min(lasts_s, 300.0))
            else:
                self._change(bearer, BAD[kind])
                await asyncio.sleep(lasts_s)
            self._change(bearer, GOOD)
            self.world.note("good", bearer.way.name)

    async def _blackouts(self) -> None:
        """The mains fail: every bearer is away, and what waits may expire."""
        while await self._until(10 * HOUR):
            self.world.note("bad", "", "blackout")
            for bearer in self.county.bearers.values():
                self._change(bearer, BAD["away"])
            await asyncio.sleep(self.world.chance.expovariate(1 / 900))
            for bearer in self.county.bearers.values():
                self._change(bearer, GOOD)
            self.world.note("good", "")

    async def _losses(self) -> None:
        """Whatever fails together fails together; the storm that did it is told of at once."""
        chance = self.world.chance
        while await self._until(LOST_S):
            group = chance.choice(GROUPS)
            lost = [bearer for bearer in self.county.bearers.values() if group in bearer.way.terms.risk_groups]
            self.world.note("lost", group)
            for bearer in lost:
                self._change(bearer, BAD["away"])
            await asyncio.sleep(30.0 * chance.random())
            for _ in range(chance.choice((0, 1, 2))):
                self.on_loss()
            await asyncio.sleep(60.0 + chance.expovariate(1 / 600))
            for bearer in lost:
                self._change(bearer, GOOD)
            self.world.note("found", group)

    async def _disk(self) -> None:
        """The disk is short of room, has none but a reserve, fails one sync, or fails them all for a while."""
        chance, disk = self.world.chance, self.county.disk
        while await self._until(DISK_S):
            kind = chance.choice(("short", "full", "once", "once", "failing"))
            self.world.note("disk", kind)
            disk.is_short, disk.is_full, disk.is_failing = kind == "short", kind == "full", kind == "failing"
            if kind == "once":
                disk.fail_once()
            await asyncio.sleep(chance.expovariate(1 / 120))
            disk.heal()
            self.world.note("disk", "well")

    def _change(self, bearer: Bearer, weather: Weather) -> None:
        if not self.is_frozen:
            bearer.change(weather)

    async def _flap(self, bearer: Bearer, lasts_s: float) -> None:
        until = self.world.now + lasts_s
        while self.world.now < until:
            self._change(bearer, BAD["away"])
            await asyncio.sleep(20.0)
            self._change(bearer, GOOD)
            await asyncio.sleep(20.0)

    async def _crashes(self) -> None:
        """A few a day, some of them twice in a row: the second in the middle of the recovery from the first."""
        chance = self.world.chance
        while await self._until(5 * HOUR):
            self.world.spawn(self.county.crash())
            while chance.random() < 0.3:
                await asyncio.sleep(chance.choice((0.02, 1.0, 3.0, 3.5)) * chance.random() + 3.0)
                self.world.spawn(self.county.crash())

    def _ambush(self, entry: Entry) -> None:
        """A crash within milliseconds of something that matters: that is where what was said and what is kept can part."""
        is_worth_it = isinstance(entry, (Submitted, Acked, Asked, Aired, Ended, Heard))
        if is_worth_it and self.world.now < self.end and self.world.chance.random() < self.ambush:
            self.world.later(self.world.chance.expovariate(1 / 0.004), self._strike)

    def _strike(self) -> None:
        self.world.spawn(self.county.crash())

    async def crash_soon(self) -> None:
        """Right in the middle of what is being done."""
        await asyncio.sleep(self.world.chance.choice((0.01, 0.1, 1.0, 10.0)) * self.world.chance.random())
        await self.county.crash()

    async def _clock(self) -> None:
        chance = self.world.chance
        while await self._until(8 * HOUR):
            self.world.wall_off_s = chance.choice((HOUR, -HOUR, 10 * YEAR, -20 * YEAR))
            self.world.note("clock", "", f"{self.world.wall_off_s:+.0f} s")
            await asyncio.sleep(chance.expovariate(1 / 600))
            self.world.wall_off_s = 0.0

    async def _switches(self) -> None:
        chance = self.world.chance
        while await self._until(10 * HOUR):
            name = chance.choice(tuple(self.county.bearers))
            self.world.note("bad", name, "disabled")
            await self.county.clients.command("channel.disable", name=name, reason="maintenance")
            await asyncio.sleep(chance.expovariate(1 / 900))
            while await self.county.clients.command("channel.enable", name=name, reason="done") is None:
                await asyncio.sleep(1.0)
            self.world.note("good", name)


def _nobody_warns() -> None:
    """Until somebody writes messages."""


BAD = {
    "away": msgspec.structs.replace(GOOD, is_up=False),
    "deaf": msgspec.structs.replace(GOOD, deaf=True),
    "grey": msgspec.structs.replace(GOOD, loss=0.6, delay_s=20.0, mute=0.3, refuse=0.2),
    "slow": msgspec.structs.replace(GOOD, delay_s=60.0),
}
