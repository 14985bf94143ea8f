"""What is said in a simulated day: orders, reports, alerts, their updates and cancels, alone and in bursts, and who signs and looks."""

from __future__ import annotations

import asyncio

from fenghuo.rig.world.clients import Letter
from tests.sim.county import County
from tests.sim.trouble import Trouble

RUSH = 30
WORDS = ("", "，带水泵两台，走北门，到达后报告", "，带水泵两台、沙袋五百只，走北门，途中每小时报告位置，到达后听从现场指挥")
RADIOS = ("radio-a", "radio-b")
HOLDS_S = (60.0, 600.0, 3600.0, 4 * 3600.0)


class Traffic:
    """About `amount` messages until `end` virtual seconds."""

    def __init__(self, county: County, trouble: Trouble | None, *, amount: int, end: float) -> None:
        self.county = county
        self.world = county.world
        self.trouble = trouble
        self.amount = amount
        self.end = end

    def begin(self) -> None:
        self.world.spawn(self._day())
        if self.trouble is not None:
            self.trouble.on_loss = self._warn
        self.world.spawn(self._onlooker())

    async def _day(self) -> None:
        chance, left = self.world.chance, self.amount
        while left > 0:
            await asyncio.sleep(chance.expovariate(self.amount / 4 / self.end))
            if self.world.now > self.end:
                return
            size = chance.choice((1, 1, 2, 4, 12))
            left -= size
            if self.trouble is not None and chance.random() < 0.1:
                self.world.spawn(self.trouble.crash_soon())
            for _ in range(size):
                self.world.spawn(self._letter())
                await asyncio.sleep(chance.choice((0.0, 0.0, 0.3, 3.0)) * chance.random())

    def _warn(self) -> None:
        self.world.spawn(self._warning())

    async def _warning(self) -> None:
        """Something urgent, which nobody changes."""
        chance, writers = self.world.chance, self.county.writers
        is_order = chance.random() < 0.5
        letter = writers.order(priority="P0", kind="Dispatch") if is_order else writers.alert(severity="Extreme")
        self.world.note("warning", letter.key)
        await self._signed(letter)

    async def rush(self) -> None:
        """Thirty messages within a minute, most of them by radio alone: the frequency is what is short."""
        chance = self.world.chance
        await asyncio.sleep(chance.random() * self.end * 0.9)
        for _ in range(RUSH):
            by_radio = chance.random() < 0.8
            self.world.spawn(self._by_radio() if by_radio else self._letter())
            await asyncio.sleep(chance.expovariate(2.0))

    async def _by_radio(self) -> None:
        chance, writers = self.world.chance, self.county.writers
        priority = chance.choice(("P0", "P1", "P1", "P1", "P2", "P2", "P3", "P4"))
        order = writers.order(hold_s=3600.0, priority=priority, kind="Dispatch", via=RADIOS, words=chance.choice(WORDS))
        self.world.note("radio", order.key)
        await self.county.clients.hand_in(order)

    async def _letter(self) -> None:
        """One message with what follows from it."""
        chance, hold_s = self.world.chance, self.world.chance.choice(HOLDS_S)
        if chance.random() < 0.7:
            await self._order(hold_s)
        else:
            await self._alert(hold_s)

    async def _order(self, hold_s: float) -> None:
        chance, clients, writers = self.world.chance, self.county.clients, self.county.writers
        letter = writers.order(hold_s=hold_s)
        answer = await clients.hand_in(letter)
        if answer is None or chance.random() > 0.3:
            return
        await asyncio.sleep(chance.choice((0.0, 1.0, 20.0, 200.0)) * chance.random())
        action = chance.choice(("Update", "Cancel"))
        change = writers.order(
            hold_s=hold_s,
            action=action,
            reference=answer.id,
            to=letter.people,
            traffic=letter.traffic.value,
            kind="Dispatch",
            priority=letter.priority.name,
        )
        await clients.hand_in(change)

    async def _alert(self, hold_s: float) -> None:
        chance, clients, writers = self.world.chance, self.county.clients, self.county.writers
        letter = writers.alert(hold_s=hold_s, public=chance.random() < 0.5)
        if chance.random() < 0.1:  # the Cancel overtakes what it ends
            await clients.hand_in(writers.alert(hold_s=hold_s, action="Cancel", about=letter))
            await clients.hand_in(letter)
            return
        await self._signed(letter)
        if chance.random() < 0.5:
            await asyncio.sleep(1.0 + chance.choice((1.0, 20.0, 200.0)) * chance.random())
            action = chance.choice(("Update", "Cancel"))
            await self._signed(writers.alert(hold_s=hold_s, action=action, about=letter))

    async def _signed(self, letter: Letter) -> None:
        answer = await self.county.clients.hand_in(letter)
        if answer is not None and answer.state == "held" and self.world.chance.random() < 0.85:
            await self.county.clients.sign(answer.id, delay_s=15.0)

    async def plainly(self, every_s: float) -> None:
        """Orders, reports and alerts that nobody changes, one after another, each to be answered for before its end."""
        chance, writers = self.world.chance, self.county.writers
        while self.world.now + 3600.0 < self.end:
            is_order = chance.random() < 0.7
            letter = writers.order(hold_s=3600.0, traffic="Actual") if is_order else writers.alert(hold_s=3600.0, is_drill=False)
            self.world.note("plain", letter.key)
            answer = await self.county.clients.hand_in(letter)
            if answer is not None and not is_order:  # what is grave is held for two signatures
                await self.county.clients.sign(answer.id, delay_s=5.0)
            await asyncio.sleep(chance.expovariate(1 / every_s))
        await asyncio.sleep(3600.0)

    async def _onlooker(self) -> None:
        """Somebody opens a message now and then."""
        while True:
            await asyncio.sleep(self.world.chance.expovariate(1 / 3600))
            if self.county.clients.mail:
                _, answer = self.world.chance.choice(self.county.clients.mail[-8:])
                await self.county.look(answer.id)
