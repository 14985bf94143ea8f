"""A channel that is down is probed now and then, one that is quiet too where it can be asked, and a steady pace that ends is noticed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from fenghuo.engine.channels import PLAIN, ChannelBoard, Instance, Terms
from fenghuo.engine.facts import ChannelObserved, Facts
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.prober import Prober
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import LinkTimeout
from fenghuo.model.directory import Directory
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Capabilities, ProbeBudget, ProbeResult, Probing, SimpleChannel
from tests.core.plugin.virtual import LoopClock, run


class Probed(SimpleChannel):
    """Answers its fourth probe; the first fails, the second says no, the third is a bug of its plugin."""

    def __init__(self) -> None:
        self.probes: list[float] = []

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        self.probes.append(asyncio.get_running_loop().time())
        if len(self.probes) == 1:
            raise LinkTimeout("silence")
        if len(self.probes) == 3:
            raise TypeError("a bug")
        return ProbeResult(answered=len(self.probes) >= 4)


def test_probes_go_on_until_one_is_answered() -> None:
    """Five seconds at first, then longer and longer with jitter; an answer is a fact and no more."""

    async def story() -> None:
        office = Office(node="node", clock=LoopClock(), rules=RuleBook(), directory=Directory(), seed=1)
        facts, board, channel = Facts(), ChannelBoard(office), Probed()
        capabilities = Capabilities(form="sms", evidence_max=Evidence.DEVICE)
        board.add(Instance("a", "fake", capabilities, address_kinds=(), channel=lambda: channel))
        prober = Prober(office, facts, board)
        prober.look()
        await asyncio.sleep(1000.0)
        assert [] == channel.probes, "a channel that is not down costs nothing"
        board.observe("a", Sign.LOCAL_DOWN)
        began = office.clock.time()
        prober.look()
        prober.look()
        await facts.arrival()
        asked = channel.probes[-1]
        assert [ChannelObserved("a", Sign.ANSWERED, "probe answered", "probe/4", asked)] == facts.drain()
        first, second, third, _ = (at - began for at in channel.probes)
        assert (True, True, True) == (first == 5.0, 5.0 <= second - first <= 15.0, 5.0 <= third - second <= 45.0)
        board.observe("a", Sign.ANSWERED, began_at=asked)
        await prober.stop()

    run(story)


class Quiet(SimpleChannel):
    """Carries nothing; `answers`: what its probes meet from now on."""

    def __init__(self) -> None:
        self.probes: list[float] = []
        self.answers: bool | Exception = True
        self.takes_s = 0.0
        self.at_once = 0
        self.most = 0

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        self.probes.append(asyncio.get_running_loop().time())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(self.takes_s)
        self.at_once -= 1
        if isinstance(self.answers, Exception):
            raise self.answers
        return ProbeResult(answered=self.answers)


class Bench:
    """A board with channels of one kind, whose facts are taken as the loop would."""

    def __init__(self, *names: str, terms: Terms = PLAIN, **capabilities: Any) -> None:
        self.office = Office(node="node", clock=LoopClock(), rules=RuleBook(), directory=Directory(), seed=1)
        self.facts, self.board, self.told = Facts(), ChannelBoard(self.office), list[tuple[float, str, Health]]()
        self.prober = Prober(self.office, self.facts, self.board)
        self.channel = {name: Quiet() for name in names}
        caps = Capabilities(form="sms", evidence_max=capabilities.pop("evidence_max", Evidence.DEVICE), **capabilities)
        for name in names:
            self.board.add(Instance(name, "fake", caps, address_kinds=(), channel=partial(self.channel.get, name), terms=terms))
            self.saw(name, Sign.LOCAL_UP)

    def saw(self, name: str, sign: Sign, **more: Any) -> None:
        change = self.board.observe(name, sign, **more)
        if change is not None:
            self.told.append((self.office.clock.time(), name, change[1]))
        self.prober.look()

    async def until(self, seconds: float) -> None:
        """Let time pass, facts being taken as they come."""
        end = self.office.clock.time() + seconds
        while (left := end - self.office.clock.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.facts.arrival()
            for fact in self.facts.drain():
                assert isinstance(fact, ChannelObserved)
                self.saw(fact.channel, fact.sign, recipient=fact.recipient, reason=fact.reason, began_at=fact.began_at)

    def state(self, name: str = "a") -> Health:
        instance = self.board.get(name)
        assert instance is not None
        return instance.health.state


def on_bench(story: Callable[[Bench], Coroutine[Any, Any, None]], *names: str, **capabilities: Any) -> None:
    async def told() -> None:
        bench = Bench(*(names or ("a",)), **capabilities)
        try:
            await story(bench)
        finally:
            await bench.prober.stop()

    run(told)


IP = Probing(idle_s=45.0)


@pytest.mark.parametrize("answers", [LinkTimeout("silence"), False])
@pytest.mark.parametrize("takes_s", [0.0, 60.0])
def test_a_dead_channel_is_shown_within_100_s_without_any_traffic(answers: bool | Exception, takes_s: float) -> None:
    """However it is dead: it refuses, or it swallows; and when it is back, that is seen too."""

    async def story(bench: Bench) -> None:
        await bench.until(1000.0)
        assert Health.UP is bench.state()
        died = bench.office.clock.time()
        bench.channel["a"].answers, bench.channel["a"].takes_s = answers, takes_s
        await bench.until(100.0)
        assert [Health.UP, Health.SUSPECT, Health.DOWN] == [state for _, _, state in bench.told]
        assert bench.told[-1][0] - died <= 100.0
        bench.channel["a"].answers, bench.channel["a"].takes_s = True, 0.0
        await bench.until(300.0)
        assert Health.PROBATION is bench.told[-1][2]

    on_bench(story, probing=IP)


def test_a_channel_that_carries_traffic_is_not_probed() -> None:
    """Traffic is the better probe, and it costs nothing; without it a probe comes within a minute."""

    async def story(bench: Bench) -> None:
        for _ in range(100):
            await bench.until(30.0)
            bench.saw("a", Sign.SENT)
        assert [] == bench.channel["a"].probes
        await bench.until(61.0)
        assert 1 == len(bench.channel["a"].probes)

    on_bench(story, probing=IP)


def test_what_cannot_be_asked_is_left_in_peace() -> None:
    """The default of a channel type: no probe while it works, for a day."""

    async def story(bench: Bench) -> None:
        await bench.until(86_400.0)
        assert ([], [Health.UP]) == (bench.channel["a"].probes, [state for _, _, state in bench.told])

    on_bench(story)


def test_probes_end_when_the_purse_is_empty_and_go_on_when_it_fills() -> None:
    """A satellite whose question costs 40 fen: 500 fen a day are twelve questions, and then two an hour at most."""

    async def story(bench: Bench) -> None:
        bench.channel["a"].answers = False
        bench.saw("a", Sign.LOCAL_DOWN)
        await bench.until(86_400.0)
        instance = bench.board.get("a")
        assert instance is not None
        assert 12 <= len(bench.channel["a"].probes) <= 25
        assert len(bench.channel["a"].probes) == instance.purse.probes == instance.purse.spent_fen / 40.0
        gaps = [later - one for one, later in pairwise(bench.channel["a"].probes)]
        assert min(gaps) >= 60.0

    on_bench(story, probing=Probing(shortest_s=60.0, longest_s=1800.0, fee_fen=40.0))


def test_on_a_half_duplex_medium_one_question_is_asked_at_a_time() -> None:
    """Two stations on one frequency that are both down never ask at once, and neither asks into an emission."""

    async def story(bench: Bench) -> None:
        for channel in bench.channel.values():
            channel.answers, channel.takes_s = False, 9.0
        for name in bench.channel:
            bench.saw(name, Sign.LOCAL_DOWN)
        most = 0
        for _ in range(200):
            await bench.until(1.0)
            most = max(most, sum(channel.at_once for channel in bench.channel.values()))
        assert 1 == most
        asked = sum(len(channel.probes) for channel in bench.channel.values())
        bench.prober.is_on_air = lambda instance: True
        await bench.until(2000.0)
        assert asked == sum(len(channel.probes) for channel in bench.channel.values())

    on_bench(story, "a", "b", terms=Terms(medium="144.800"), half_duplex=True)


def test_an_answer_to_a_question_of_before_the_outage_closes_nothing() -> None:
    """The probe was under way when the device went: what it says is about a channel that is no more."""

    async def story(bench: Bench) -> None:
        bench.channel["a"].takes_s = 8.0
        while not bench.channel["a"].at_once:
            await bench.until(1.0)
        bench.saw("a", Sign.LOCAL_DOWN)
        await bench.until(4.0)
        assert Health.DOWN is bench.state()
        await bench.until(4.5)
        assert Health.DOWN is bench.state()

    on_bench(story, probing=IP)


def test_a_suspect_is_asked_though_its_type_asks_nothing_while_it_works() -> None:
    """One failure, and every order goes another way from then on: only a question can clear it."""

    async def story(bench: Bench) -> None:
        bench.saw("a", Sign.SENT)
        bench.saw("a", Sign.FAILED, recipient="huang")
        await bench.until(60.0)
        assert [Health.UP, Health.SUSPECT, Health.UP] == [state for _, _, state in bench.told]
        asked = len(bench.channel["a"].probes)
        await bench.until(86_400.0)
        assert asked == len(bench.channel["a"].probes) <= 3

    on_bench(story)


def test_a_suspect_that_answers_nothing_is_down_soon() -> None:
    """It is asked as one that is down is, and the first wait of its outage is the shortest all the same."""

    async def story(bench: Bench) -> None:
        bench.channel["a"].answers = False
        bench.saw("a", Sign.FAILED, recipient="huang")
        await bench.until(30.0)
        assert Health.DOWN is bench.told[-1][2]
        asked = [at for at in bench.channel["a"].probes if at > bench.told[-1][0]]
        assert 5.0 == asked[0] - bench.told[-1][0]

    on_bench(story)


def test_one_that_is_strained_for_long_is_asked_ever_more_seldom() -> None:
    """It answers, and it says again and again that it may not for long: that is no reason to ask each five seconds."""

    async def story(bench: Bench) -> None:
        for _ in range(720):
            bench.saw("a", Sign.STRAINED)
            bench.saw("a", Sign.STRAINED)
            await bench.until(5.0)
        assert Health.SUSPECT is bench.state()
        assert 1 <= len(bench.channel["a"].probes) <= 60

    on_bench(story)


class Unasked(SimpleChannel):
    """A channel of one method: nobody can be asked whether it is there."""


def on_unasked(story: Callable[[Bench], Coroutine[Any, Any, None]], **capabilities: Any) -> None:
    async def put(bench: Bench) -> None:
        instance = bench.board.get("a")
        assert instance is not None
        instance.channel = Unasked
        await story(bench)

    on_bench(put, **capabilities)


def failed(bench: Bench) -> None:
    """Two emissions in a row, to two people."""
    for who in ("huang", "li"):
        bench.saw("a", Sign.FAILED, recipient=who)


def test_a_channel_that_cannot_be_asked_is_tried_again_and_pays_for_no_question() -> None:
    """Its emissions took it down, and only emissions can show that it is back: the next few are let through."""

    async def story(bench: Bench) -> None:
        failed(bench)
        assert Health.DOWN is bench.state()
        await bench.until(20.0)
        instance = bench.board.get("a")
        assert instance is not None
        assert (Health.PROBATION, 0) == (bench.state(), instance.purse.probes)

    on_unasked(story)


def test_the_trials_of_a_channel_that_stays_dead_come_ever_more_seldom() -> None:
    """Each costs somebody an emission: in an hour there are dozens and no hundreds. After one that passed, the next outage begins anew."""

    async def story(bench: Bench) -> None:
        failed(bench)
        for _ in range(3600):
            await bench.until(1.0)
            if bench.state() is Health.PROBATION:
                bench.saw("a", Sign.FAILED, recipient="huang")
        trials = [at for at, _, state in bench.told if state is Health.PROBATION]
        assert 12 <= len(trials) <= 60
        while bench.state() is not Health.UP:
            await bench.until(1.0)
            bench.saw("a", Sign.SENT)
        failed(bench)
        down = bench.told[-1][0]
        await bench.until(20.0)
        assert 5.0 == bench.told[-1][0] - down

    on_unasked(story)


def test_an_old_suspicion_of_what_cannot_be_asked_is_forgiven_and_its_failures_are_not() -> None:
    """After five minutes it may be chosen again; a second person for whom it fails takes it down."""

    async def story(bench: Bench) -> None:
        bench.saw("a", Sign.FAILED, recipient="huang")
        await bench.until(290.0)
        assert Health.SUSPECT is bench.state()
        await bench.until(400.0)
        assert Health.UP is bench.state()
        bench.saw("a", Sign.FAILED, recipient="li")
        assert Health.DOWN is bench.state()

    on_unasked(story)


@pytest.mark.parametrize("sign", [Sign.LOCAL_DOWN, Sign.SILENT])
def test_a_device_that_is_gone_is_not_tried(sign: Sign) -> None:
    """It tells by itself when it is back, or is heard."""

    async def story(bench: Bench) -> None:
        bench.saw("a", sign)
        await bench.until(3600.0)
        assert Health.DOWN is bench.state()

    on_unasked(story)


def test_what_somebody_says_is_out_is_asked_at_once() -> None:
    """Though it was heard a moment ago: whoever says so knows more; then at the usual pace, for what can show more by a receipt; an answer
    is all that one without receipts can give, and is believed."""

    async def story() -> None:
        bench = Bench("a")
        bench.saw("a", Sign.HEARD)
        bench.saw("a", Sign.REPORTED)
        began = bench.office.clock.time()
        await bench.until(20.0)
        first, second, *_ = (at - began for at in bench.channel["a"].probes)
        assert (0.0, True, Health.SUSPECT) == (first, second >= 5.0, bench.state())
        bench.saw("a", Sign.CLEARED)
        assert Health.UP is bench.state()
        await bench.prober.stop()
        poor = Bench("a", evidence_max=Evidence.ACCEPTED)
        poor.saw("a", Sign.REPORTED)
        await poor.until(1.0)
        assert (1, Health.UP) == (len(poor.channel["a"].probes), poor.state())
        await poor.prober.stop()

    run(story)
