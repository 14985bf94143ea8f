"""Checks of what a channel claims: no more than it declares, and no more than its far end has confirmed. Bronze."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from fenghuo.model.delivery import AttemptRef, Outcome, Paged, Reached, outcome_text
from fenghuo.model.evidence import DELIVERED, Evidence
from fenghuo.plugin.conformance import Ability, ConformancePeer
from fenghuo.plugin.ports import Capabilities, Doubt, InboundKind, Unsupported
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.job import LoneJob, LonePage
from fenghuo.rig.kit.line import State

__all__ = ["CHECKS"]

TEXT = "请各村报告转移人数"
MOMENT_S = 1.0
LONGEST_S = 15.0
"""Longest wait for a claim from a silent line on real time; on virtual time it is as long as the channel itself waits."""


async def keeps_its_bounds(bench: Bench) -> None:
    await bench.up()
    watch, life = bench.life.watch, bench.life
    await bench.order(TEXT)
    await bench.until(lambda: any(isinstance(sent.outcome, Reached) for sent in watch.sent), "send() says that it is on its way")
    if bench.can_report:
        await bench.until(lambda: any(one.level is not None for one in life.inbound), "the receipt comes in")
    said = [*(sent.outcome for sent in watch.sent), *await _paged(bench), *await _asked(bench)]
    most, highest = bench.capabilities.evidence_max, max((*_levels_of(said), *_levels_heard(bench)))
    if highest > most:
        raise Broken(f"it declares evidence_max = {most.name}, and claims {highest.name}: what it cannot know counts for nothing")


def _levels_of(outcomes: Iterable[Outcome]) -> Iterator[Evidence]:
    return (outcome.level for outcome in outcomes if isinstance(outcome, Reached))


def _levels_heard(bench: Bench) -> Iterator[Evidence]:
    """Of receipts and late outcomes; what people answer is read by the core."""
    for one in bench.life.inbound:
        if one.kind is not InboundKind.ANSWER:
            yield from (one.level,) if one.level is not None else ()
            yield from _levels_of((one.outcome,) if one.outcome is not None else ())


async def _paged(bench: Bench) -> list[Outcome]:
    """What it says of the people on a page."""
    if not bench.capabilities.batch:
        return []
    outcome = await bench.life.made[-1].send_page(LonePage(bench, TEXT, range(1, 3)))
    return [outcome.outcome, *(one for _, one in outcome.but)] if isinstance(outcome, Paged) else [outcome]


async def _asked(bench: Bench) -> list[Outcome]:
    """What it says when it is asked about the attempt."""
    if bench.capabilities.doubt not in (Doubt.QUERYABLE, Doubt.ACTUATOR):
        return []
    address, token, n = bench.life.watch.licences[-1]
    answer = await bench.life.made[-1].query(AttemptRef(token, n, address))
    return [] if isinstance(answer, Unsupported) else [answer]


async def waits_for_word(bench: Bench) -> None:
    await bench.up()
    if not bench.peer.is_local:
        await _says_nothing_of_silence(bench)
    if bench.can_report:
        await _says_nothing_before_the_report(bench)


async def _says_nothing_of_silence(bench: Bench) -> None:
    """A far end that has not said a word has confirmed nothing."""
    await bench.line.set(State.HANGING)
    limit_s = bench.capabilities.attempt_s
    sending = asyncio.ensure_future(bench.life.made[-1].send(LoneJob(bench, TEXT, to=1)))
    await asyncio.wait([sending], timeout=limit_s if bench.is_virtual else min(limit_s, LONGEST_S))
    if not sending.done():
        sending.cancel()
        await asyncio.wait([sending])
    await bench.line.set(State.OPEN)
    outcome = sending.result() if not sending.cancelled() and sending.exception() is None else None
    if isinstance(outcome, Reached) and outcome.level >= DELIVERED:
        raise Broken(f"the far end has not said a word, and send() answers {outcome_text(outcome)}")


async def _says_nothing_before_the_report(bench: Bench) -> None:
    bench.is_reporting = False
    watch = bench.life.watch
    order = await bench.order(TEXT)
    await bench.until(lambda: any(isinstance(sent.outcome, Reached) for sent in watch.sent), "send() says that it is on its way")
    await bench.pause(MOMENT_S)
    level = (await bench.delivery(order)).evidence
    if level >= bench.needed:
        raise Broken(f"the far end has reported nothing yet, and the order counts as {level.name}")


def _confirmed_by_somebody(capabilities: Capabilities, peer: ConformancePeer) -> str:
    is_reported = capabilities.inbound and Ability.REPORT in peer.abilities
    return "" if is_reported or not peer.is_local else "nothing lies between it and its far end, which reports nothing"


CHECKS = (
    Check("no outcome and no receipt claims more than the channel declares", Grade.BRONZE, keeps_its_bounds),
    Check("what is handed over claims no more than the far end has confirmed", Grade.BRONZE, waits_for_word, _confirmed_by_somebody),
)
