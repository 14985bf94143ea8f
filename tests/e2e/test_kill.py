"""kill -9 of the daemon at random moments, judged from outside: ids that got a 202 against what the two bearers received."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.e2e.node import Node, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(240)]

KILLS = 50
BURST = 48
IN_FLIGHT = 32
"""Fewest orders that are promised and unreported at each kill."""
GROUPS = 10
"""A person gets an order in every tenth round only: two doubts about one number are a case of their own."""
LATEST_S = 0.100
"""Kills fall this long, at most, after the last posts of a round have begun: some before they are answered."""
RESOLVED_WITHIN_S = 30.0

RULES = orders("sms", "radio", deadline_s=300)
MARK = "重发"
KEY = re.compile(r"命令(\d{5})号")


class Seen(msgspec.Struct, frozen=True):
    """One text that a bearer received: which order it is, and whether a reader is told that it is a copy."""

    order: int
    to: str
    is_marked: bool


class Round(msgspec.Struct, frozen=True):
    """What was true at one kill: orders promised and unreported, copies in doubt that the next start found."""

    in_flight: int
    doubts: int


def people() -> list[Person]:
    """Invented persons: in each group one has a radio only, the others a telephone only."""
    numbers = (f"+86138{n:08d}" for n in itertools.count() if n % 100 not in (66, 77, 88, 99))
    return [
        Person(f"p{n}", callsign=f"B{n // BURST}ABC") if n % BURST == 0 else Person(f"p{n}", next(numbers)) for n in range(GROUPS * BURST)
    ]


class Killing:
    """Rounds on one folder. `promised`: the id of each order that got a 202."""

    def __init__(self, node: Node, smsc: Smsc, duo: Duo, persons: list[Person]) -> None:
        self.node, self.smsc, self.duo = node, smsc, duo
        self.persons = persons
        self.promised: dict[int, str] = {}
        self.rounds: list[Round] = []
        self.unanswered = 0
        self._asked = 0
        self._retried: set[int] = set()
        self._news = asyncio.Event()
        self._chance = random.Random(20261124)

    async def round(self) -> None:
        """A burst, a kill at a random moment once enough is in flight, a start, and answers for those who got none."""
        first, self._asked = self._asked, self._asked + BURST
        asking = [asyncio.create_task(self._ask(number)) for number in range(first, first + IN_FLIGHT)]
        async with asyncio.timeout(10 * TIMEOUT_SCALE):
            while len(self.promised) < first + IN_FLIGHT:
                self._news.clear()
                await self._news.wait()
        asking += [asyncio.create_task(self._ask(number)) for number in range(first + IN_FLIGHT, self._asked)]
        await asyncio.sleep(self._chance.uniform(0.0, LATEST_S))
        promised = set(self.promised)
        await self.node.kill()
        in_flight = len(promised - self.reported())
        await self.node.start()
        found = re.search(r"(\d+) in doubt", self.node.ready_line)
        assert found
        self.rounds.append(Round(in_flight, int(found.group(1))))
        async with asyncio.timeout(30 * TIMEOUT_SCALE):
            await asyncio.gather(*asking)

    async def _ask(self, number: int) -> None:
        """Post until there is an answer, with the same key each time: what a client does that was promised nothing."""
        person, text = self.persons[number % len(self.persons)], f"命令{number:05d}号：立即到岗"
        while True:
            status, answer = await self.node.order(person.id, text, key=f"order-{number}", priority="P1")
            if status == 202:
                self.promised[number] = answer["id"]
                self._news.set()
                return
            assert status in (0, 429, 503), (status, answer)
            self.unanswered += number not in self._retried
            self._retried.add(number)
            await asyncio.sleep(0.02)

    def reported(self) -> set[int]:
        """Orders of which the centre said that the telephone has them, and heard that we know."""
        orders = {submit.id: _order(submit.text) for submit in self.smsc.submits}
        return {orders[ack.id] for ack in self.smsc.acks if ack.id in orders}

    def seen(self) -> list[Seen]:
        """Everything that the two bearers received, in their own words."""
        texts = [(submit.dst, submit.text) for submit in self.smsc.submits] + [(frame.dest, frame.text) for frame in self.duo.far.received]
        return [Seen(_order(text), to, MARK in text) for to, text in texts]


def _order(text: str) -> int:
    found = KEY.search(text)
    assert found, text
    return int(found.group(1))


def copies(seen: list[Seen]) -> dict[int, list[Seen]]:
    """The second and later texts of each order that was received more than once."""
    by_order: dict[int, list[Seen]] = {}
    for text in seen:
        by_order.setdefault(text.order, []).append(text)
    return {order: texts[1:] for order, texts in by_order.items() if len(texts) > 1}


async def test_fifty_kills_lose_nothing_and_mark_every_copy(tmp_path: Path) -> None:
    """0 orders with a 202 are missing at the bearers, copies never exceed the doubts and say 重发, and no doubt outlives its limit."""
    persons = people()
    async with Smsc(store=tmp_path / "smsc.store", delay_ms=400) as smsc, Duo(baud=38400) as duo:
        duo.far.device = 1.0
        channels = {"sms": sms(smsc.port, receipt_q95_s=8.0), "radio": radio(duo.near.port, receipt_q95_s=8.0)}
        async with Node(tmp_path, channels=channels, persons=persons, rules=RULES) as node:
            await node.channels_up("sms", "radio")
            killing = Killing(node, smsc, duo, persons)
            for _ in range(KILLS):
                await killing.round()
            await everything_settled(node)
        judge(killing)


async def everything_settled(node: Node) -> None:
    """Nothing is to be sent, being sent or in doubt any more; says what is left if that takes too long."""
    unsettled: list[dict[str, str]] = []

    def is_settled(rows: list[dict[str, str]]) -> bool:
        unsettled[:] = [row for row in rows if row["state"] in ("READY", "EMITTING", "IN_DOUBT")]
        return not unsettled

    try:
        await node.until("queue.ls", is_settled, timeout_s=RESOLVED_WITHIN_S, limit=1000)
    except TimeoutError:
        pytest.fail(f"unsettled: {Counter((row['channel'], row['state'], row['reason']) for row in unsettled)}, {unsettled[:2]}")


def judge(killing: Killing) -> None:
    """The bar, from what the bearers received."""
    seen = killing.seen()
    again = copies(seen)
    doubts, flying = [each.doubts for each in killing.rounds], [each.in_flight for each in killing.rounds]
    extra = Counter(text.is_marked for texts in again.values() for text in texts)
    print(
        f"{len(killing.rounds)} kills, {len(killing.promised)} orders promised, {len({text.order for text in seen})} seen, "
        f"{killing.unanswered} posts cut off and tried again, "
        f"in flight {min(flying)}-{max(flying)}, in doubt {sum(doubts)} ({min(doubts)}-{max(doubts)}), "
        f"{extra[True]} copies marked and {extra[False]} unmarked, at most {max(map(len, again.values()), default=0)} of one order"
    )
    assert KILLS * BURST == len(killing.promised)
    assert set() == set(killing.promised) - {text.order for text in seen}, "missing"
    assert IN_FLIGHT <= min(flying)
    assert 0 == extra[False], "a copy that does not say so"
    assert extra[True] <= sum(doubts)
