"""Two minutes in which licences are asked for at the last moment: what each is guarded by ends between the question and the answer.

A commit takes seconds while many wait for one, turns of the loop take long, numbers are busy, and orders live for seconds or are changed
before they have left. Then another node takes command (half of the time); this one is killed, and comes back under settings that bind some
of its channels.
Source: delivery.md, T3: latest revision, not expired, current epoch, traffic allowed on this channel.
"""

from __future__ import annotations

import asyncio
import random

import msgspec

from fenghuo.rig.world.clients import Letter
from tests.sim.county import County
from tests.sim.ground import REAL

ORDERS = 10
LIVES_S = (4.0, 40.0)
"""Shortest and longest life of an order: some end while they wait for their first commit, some between two tries."""
SLOW_S = 1.5
"""Middle time of a commit and its answer."""
TURN_S = 3.0
"""Longest turn of the loop."""
COMMAND_S = 6.0
"""How long this node goes on after another one has taken command."""
BUSY = 0.6
"""Share of emissions that are to be tried again in a second."""
BOUND = ("push", "sms-a")
"""What real traffic alone may use afterwards."""


class Squeeze:
    """One of them, at some time before `end` (virtual seconds). It draws from a chance of its own."""

    def __init__(self, county: County, seed: int, *, end: float) -> None:
        self.county = county
        self.world = county.world
        self.chance = random.Random(f"squeeze {seed}")
        self.end = end
        self.is_overthrown = seed % 2 == 1

    async def run(self) -> None:
        await asyncio.sleep(self.chance.random() * self.end * 0.9)
        await self.county.up()
        self.world.note("disk", "slow")
        self.county.disk.slow_s = SLOW_S
        self._weather(BUSY)
        for _ in range(ORDERS):
            self.world.spawn(self._order())
            await asyncio.sleep(self.chance.expovariate(1.0))
            if self.chance.random() < 0.7:
                self.world.loop.hold(self.chance.uniform(0.2, TURN_S))
        await asyncio.sleep(self.chance.uniform(0.0, LIVES_S[1]))
        for _ in range(ORDERS // 2):  # of these some wait when the command is lost, and some are still planned after the restart
            self.world.spawn(self._order())
        await asyncio.sleep(self.chance.uniform(0.0, COMMAND_S))
        if self.is_overthrown:  # whatever waits then is refused, and is not there any more after the start
            await self.county.lose_command()
            await asyncio.sleep(COMMAND_S)
        for name in BOUND:
            self.county.bind(name, REAL)
        self.county.disk.slow_s = 0.0
        self.world.note("disk", "well")
        await self.county.crash()
        await self.county.up()
        await asyncio.sleep(LIVES_S[1])
        self._weather(0.0)

    def _weather(self, busy: float) -> None:
        for bearer in self.county.bearers.values():
            bearer.change(msgspec.structs.replace(bearer.weather, busy=busy))

    async def _order(self) -> None:
        """An order of a short life, by whatever way, and often its Update or Cancel before it has left."""
        chance, clients, writers = self.chance, self.county.clients, self.county.writers
        hold_s, traffic = chance.uniform(*LIVES_S), chance.choice(("Actual", "Exercise"))
        letter: Letter = writers.order(hold_s=hold_s, traffic=traffic, priority=chance.choice(("P1", "P2", "P2", "P3")))
        answer = await clients.hand_in(letter)
        if answer is None or chance.random() < 0.5:
            return
        await asyncio.sleep(chance.uniform(0.0, 3.0))
        action, traffic = chance.choice(("Update", "Cancel")), letter.traffic.value
        await clients.hand_in(
            writers.order(
                hold_s=hold_s, action=action, reference=answer.id, to=letter.people, traffic=traffic, kind="Dispatch", priority="P2"
            )
        )
