"""kill -9 of the daemon at random moments, judged from outside: ids that got a 202 against what the two bearers received."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.kill_ledger import Kill, Ledger, Text
from tests.e2e.node import Node, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S, TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(240)]

KILLS = 50
BURST = 48
BY_RADIO = 24
"""One in so many orders of a burst goes by radio: about five a second, half of what the fast air of the tests carries."""
FIRST = 40
"""Posted first; the others of a burst are under way when the kill comes, and some are not answered."""
GROUPS = 10
"""A person gets an order in every tenth round, five in all: of two doubts about one number a report may be of either."""
IN_FLIGHT, SPARE = 32, 4
"""Fewest orders at each kill that are promised and that no bearer has reported; a few more before the clock of the kill starts."""
LATEST_S = 0.3
"""Kills fall this long, at most, after the last posts of a round have begun: some before they are answered."""
REPORT_AFTER_MS = 800
"""What was reported sooner is no longer in flight. While a burst is being posted nothing is reported at all: a machine that takes longer
over it than this would never have enough in flight."""
RECEIPT_Q95_S = 8.0
"""The window of a doubt: so long after a kill, while there is a daemon, a bearer must have word of what was in flight."""
UNREPEATED_S = 75.0
"""Longer than the kills: a frame whose answer fell into one is not said again among them, or the air would be full of that. Afterwards
it is: a modem may lose what it was given in the moment of a kill, and silence is what tells."""

RULES = orders("sms", "radio", deadline_s=300)
MARK = re.compile(r"重发(\d+)")
KEY = re.compile(r"命令(\d{5})号")


def people() -> list[Person]:
    """Invented persons: some have a radio only, the others a telephone only."""
    numbers = (f"+86138{n:08d}" for n in itertools.count() if n % 100 not in (66, 77, 88, 99))
    calls = (f"B{n // 26}{chr(65 + n % 26)}ABC" for n in itertools.count())
    return [Person(f"p{n}", callsign=next(calls)) if n % BY_RADIO == 0 else Person(f"p{n}", next(numbers)) for n in range(GROUPS * BURST)]


class Killing:
    """Rounds on one folder. `ledger`: what was promised, and what the two bearers said in their own words."""

    def __init__(self, node: Node, smsc: Smsc, duo: Duo, persons: list[Person]) -> None:
        self.node, self.smsc, self.duo = node, smsc, duo
        self.persons = persons
        self.ledger = Ledger([], {}, [], {}, {}, {number: self._person(number).id for number in range(KILLS * BURST)})
        self.doubts: list[int] = []
        self.unanswered = 0
        self._asked = 0
        self._retried: set[int] = set()
        self._order_of: dict[str, int] = {}
        self._acks = 0
        self._frames = 0
        self._wall = time.time() - time.monotonic()
        self._chance = random.Random(random.getrandbits(64))

    async def round(self) -> None:
        """A burst, a kill at a random moment once enough is in flight, a start, and answers for those who got none."""
        first, self._asked = self._asked, self._asked + BURST
        self.smsc.hold(on=True)
        asking = [asyncio.create_task(self._ask(number)) for number in range(first, first + FIRST)]
        async with asyncio.timeout(PATIENCE_S):
            while self._in_flight(first) < IN_FLIGHT + SPARE:
                await asyncio.sleep(0.005)
        asking += [asyncio.create_task(self._ask(number)) for number in range(first + FIRST, self._asked)]
        await asyncio.sleep(self._chance.uniform(0.0, LATEST_S))
        killed_at = time.time()
        await self.node.restart()
        self.ledger.kills.append(Kill(killed_at, time.time()))
        self.smsc.hold(on=False)
        found = re.search(r"(\d+) in doubt", self.node.ready_line)
        assert found
        self.doubts.append(int(found.group(1)))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*asking)

    async def _ask(self, number: int) -> None:
        """Post until there is an answer, with the same key each time: what a client does that was promised nothing."""
        person, text = self._person(number), f"命令{number:05d}号：立即到岗"
        while True:
            status, answer = await self.node.order(person.id, text, key=f"order-{number}", priority="P1")
            if status == 202:
                self.ledger.promised[number] = time.time()
                return
            assert status in (0, 429, 503), (status, answer)
            self.unanswered += number not in self._retried
            self._retried.add(number)
            await asyncio.sleep(0.02)

    def _in_flight(self, first: int) -> int:
        """How many orders of this round are: those of the rounds before are being reported just now."""
        self.listen()
        promised, told = self.ledger.promised, self.ledger.told
        return sum(order in promised and order not in told for order in range(first, self._asked))

    async def reported(self) -> None:
        """Until the centre's word on every order that went there is acknowledged; what is missing then, the judge finds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECEIPT_Q95_S * TIMEOUT_SCALE):
                while self._unreported():
                    await asyncio.sleep(0.05)

    def _unreported(self) -> bool:
        self.listen()
        return any(self._person(number).msisdn for number in self.ledger.promised.keys() - self.ledger.told.keys())

    def is_by_radio(self, number: int) -> bool:
        """Whether an order is for somebody who has a radio only."""
        return not self._person(number).msisdn

    def _person(self, number: int) -> Person:
        return self.persons[number % len(self.persons)]

    def listen(self) -> None:
        """Take down what the bearers said since the last time. What the far station receives it answers at once."""
        ledger = self.ledger
        for submit in self.smsc.submits[len(self._order_of) :]:
            self._order_of[submit.id] = _order(submit.text)
            ledger.texts.append(Text(submit.at, _order(submit.text), _mark(submit.text), submit.id))
        for ack in self.smsc.acks[self._acks :]:
            self._acks += 1
            ledger.told.setdefault(self._order_of[ack.id], ack.at)
            ledger.acked.setdefault(ack.id, ack.at)
        for frame in self.duo.far.received[self._frames :]:
            self._frames += 1
            ledger.texts.append(Text(frame.at + self._wall, _order(frame.text), _mark(frame.text)))
            ledger.told.setdefault(_order(frame.text), frame.at + self._wall)

    async def heard(self) -> None:
        """Wait until nothing is missing, or until silence has told of it and what is said again has had its time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout((UNREPEATED_S + 30.0) * TIMEOUT_SCALE):
                while self.ledger.missing:
                    await asyncio.sleep(0.5)
                    self.listen()


def _order(text: str) -> int:
    found = KEY.search(text)
    assert found, text
    return int(found.group(1))


def _mark(text: str) -> int:
    found = MARK.search(text)
    return int(found.group(1)) if found else 0


async def test_fifty_kills_lose_nothing_and_mark_every_copy(tmp_path: Path) -> None:
    """0 orders with a 202 are missing at the bearers, each copy says 重发 and has a kill to account for it, no doubt outlives its limit."""
    centre = Smsc(store=tmp_path / "smsc.store", delay_ms=round(REPORT_AFTER_MS * TIMEOUT_SCALE))
    async with centre as smsc, Duo(baud=38400) as duo:
        duo.far.device = 1.0
        channels = {
            "sms": sms(smsc.port, receipt_q95_s=RECEIPT_Q95_S),
            "radio": radio(duo.near.port, receipt_q95_s=UNREPEATED_S),
        }
        async with Node(tmp_path, channels=channels, persons=(persons := people()), rules=RULES) as node:
            await node.channels_up("sms", "radio")
            killing = Killing(node, smsc, duo, persons)
            for _ in range(KILLS):
                await killing.round()
            await everything_settled(node)
            await killing.reported()
            await killing.heard()
        killing.listen()
        judge(killing.ledger, killing)


async def everything_settled(node: Node) -> None:
    """Nothing is to be sent, being sent or in doubt any more; says what is left if that takes too long."""
    unsettled: list[dict[str, str]] = []

    def is_settled(rows: list[dict[str, str]]) -> bool:
        unsettled[:] = [row for row in rows if row["state"] in ("READY", "EMITTING", "IN_DOUBT")]
        return not unsettled

    try:
        await node.until("queue.ls", is_settled, timeout_s=30.0, limit=1000)
    except TimeoutError:
        pytest.fail(f"unsettled: {Counter((row['channel'], row['state'], row['reason']) for row in unsettled)}, {unsettled[:2]}")


def judge(ledger: Ledger, killing: Killing) -> None:
    """The bar, from what the bearers received."""
    flying = [len(ledger.in_flight(kill)) for kill in ledger.kills]
    caused, unexplained = ledger.copies_by_kill()
    copies = [len(texts) for texts in caused]
    slowest = max((one for one in ledger.doubted() if not killing.is_by_radio(one.order)), key=lambda doubted: doubted.lived_s)
    silence = max((one for one in ledger.doubted() if killing.is_by_radio(one.order)), key=lambda doubted: doubted.lived_s)
    print(
        f"{len(ledger.kills)} kills, {len(ledger.promised)} orders promised, {len(ledger.texts)} texts at the bearers, "
        f"{killing.unanswered} posts cut off and tried again; at a kill {min(flying)}-{max(flying)} in flight, "
        f"{min(killing.doubts)}-{max(killing.doubts)} in doubt (in all {sum(killing.doubts)}), "
        f"{min(copies)}-{max(copies)} copies (in all {sum(copies)}); the slowest doubt took {slowest.lived_s:.1f} s of their lives, "
        f"over the radio {silence.lived_s:.1f} s"
    )
    assert KILLS * BURST == len(ledger.promised)
    assert set() == ledger.missing
    assert IN_FLIGHT <= min(flying)
    assert [] == [text for texts in ledger.copies.values() for text in texts if not text.mark], "a copy that does not say so"
    unasked = [copy for copy in unexplained if not ledger.is_repeat(copy, after_s=UNREPEATED_S)]
    assert [] == unasked, "a copy for which neither a kill nor silence on the air accounts"
    assert [] == [kill for kill, count in enumerate(copies) if count > flying[kill]], "more copies than were in flight"
    assert slowest.lived_s <= RECEIPT_Q95_S * TIMEOUT_SCALE, slowest
    # A frame that the modem lost was aired as far as anybody knows: nobody doubts it before the silence has lasted long enough.
    assert silence.lived_s <= (UNREPEATED_S + RECEIPT_Q95_S) * TIMEOUT_SCALE, silence
