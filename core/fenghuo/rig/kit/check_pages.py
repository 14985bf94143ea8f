"""Checks of pages, for channels that take many recipients under one licence: bronze and silver."""

from __future__ import annotations

import asyncio

from fenghuo.errors import Denied, Withdrawn
from fenghuo.model.delivery import Outcome, Paged, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.plugin.conformance import ConformancePeer
from fenghuo.plugin.ports import Capabilities, Doubt
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check, over_a_line
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.job import LonePage
from fenghuo.rig.kit.line import State

__all__ = ["CHECKS"]

TEXT = "堤防渗漏，请立即向高处转移"
ON_IT = 12
QUIET_S = 1.0
SPARE_S = 0.5


async def reaches_everybody(bench: Bench) -> None:
    await bench.up()
    page = LonePage(bench, TEXT, range(ON_IT), ponders_s=QUIET_S)
    sending = asyncio.ensure_future(bench.life.made[-1].send_page(page))
    await bench.until(lambda: page.begun > 0, "begin() is entered", within_s=bench.capabilities.attempt_s)
    while not page.is_granted:
        if any(bench.fragments(to) for to in range(ON_IT)):
            sending.cancel()
            raise Broken("something arrived while begin() was still committing")
        await bench.pause(0.02)
    outcome = await sending
    if not isinstance(outcome, Reached):
        raise Broken(f"a page that nothing speaks against is told as {outcome!r}")
    await bench.until(lambda: all(bench.emissions(to) for to in range(ON_IT)), "everybody on the page is told")
    await bench.pause(QUIET_S)
    twice = [bench.address(to) for to in range(ON_IT) if len(bench.emissions(to)) != 1 or TEXT not in bench.emissions(to)[0].text]
    if twice or page.begun != 1:
        raise Broken(f"one page by {page.begun} licences, and wrong or more than once came to {', '.join(twice) or 'nobody'}")


async def is_refused(bench: Bench) -> None:
    await bench.up()
    denied = Withdrawn("met meanwhile")
    try:
        outcome = await bench.life.made[-1].send_page(LonePage(bench, TEXT, range(ON_IT), denied=denied))
    except Denied as raised:
        if raised is not denied:
            raise Broken(f"begin() raised {denied!r} and send_page() another: {raised!r}") from raised
    else:
        raise Broken(f"begin() raised {denied!r}, and send_page() answered {outcome!r} instead of letting it pass")
    await bench.pause(QUIET_S)
    if any(bench.fragments(to) for to in range(ON_IT)):
        raise Broken("begin() refused, and the page was sent all the same")


async def bad_number(bench: Bench) -> None:
    await bench.up()
    people = [0, 1, bench.bad, 2]
    outcome = await bench.life.made[-1].send_page(LonePage(bench, TEXT, people))
    for place, to in enumerate(people):
        one = _of(outcome, place)
        if to == bench.bad and not (isinstance(one, Permanent) and one.scope is Scope.RECIPIENT):
            raise Broken(f"the bad address on a page is told as {one!r}; it is Permanent(recipient)")
        if to != bench.bad and not isinstance(one, Reached):
            raise Broken(f"for one bad address on the page its neighbour is told as {one!r}")
    await bench.until(lambda: all(bench.emissions(to) for to in (0, 1, 2)), "everybody else on the page is told")


async def is_cut(bench: Bench) -> None:
    await bench.up()
    await bench.line.set(State.HANGING)
    heard = bench.line.heard
    page = LonePage(bench, TEXT, range(ON_IT))
    sending = asyncio.ensure_future(bench.life.made[-1].send_page(page))
    try:
        await bench.until(lambda: page.is_granted and bench.line.heard > heard, "it is written to the line")
        await bench.line.drop()
        await bench.until(sending.done, "send_page() returns", within_s=bench.capabilities.attempt_s + SPARE_S)
    finally:
        sending.cancel()
    honest = Unknown | Transient if bench.capabilities.doubt is Doubt.IDEMPOTENT else Unknown
    outcome = sending.result()
    wrong = [one for one in (_of(outcome, place) for place in range(ON_IT)) if not isinstance(one, honest)]
    if wrong:
        raise Broken(f"the line was cut with a page on it, which nobody can tell the end of: {wrong[0]!r}")
    await bench.line.set(State.OPEN)


def _of(outcome: Outcome | Paged, place: int) -> Outcome:
    """What became of whoever stands there."""
    if not isinstance(outcome, Paged):
        return outcome
    return dict(outcome.but).get(place, outcome.outcome)


def _paged(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "" if capabilities.batch else "it takes no pages"


def _paged_over_a_line(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return _paged(capabilities, peer) or over_a_line(capabilities, peer)


CHECKS = (
    Check("a page reaches everybody on it once, under one licence and not before it", Grade.BRONZE, reaches_everybody, _paged),
    Check("a refusal by begin() of a page passes through, and nothing leaves", Grade.BRONZE, is_refused, _paged),
    Check("a bad number on a page is that number's alone", Grade.SILVER, bad_number, _paged),
    Check("a line cut in the middle of a page leaves it in doubt", Grade.SILVER, is_cut, _paged_over_a_line),
)
