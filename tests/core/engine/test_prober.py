"""A channel that is down is probed now and then, and only then."""

from __future__ import annotations

import asyncio

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.facts import ChannelObserved, Facts
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.prober import Prober
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import LinkTimeout
from fenghuo.model.directory import Directory
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Capabilities, ProbeBudget, ProbeResult, SimpleChannel
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
        assert [ChannelObserved("a", Sign.LOCAL_UP, "probe answered")] == facts.drain()
        first, second, third, _ = (at - began for at in channel.probes)
        assert (True, True, True) == (first == 5.0, 5.0 <= second - first <= 15.0, 5.0 <= third - second <= 45.0)
        board.observe("a", Sign.LOCAL_UP)
        await prober.stop()

    run(story)
