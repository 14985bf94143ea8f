"""Checks of a text of several fragments that ends among them: what had arrived is not the whole, whatever is reported of it. Silver."""

from __future__ import annotations

from functools import partial

from fenghuo.plugin.conformance import Ability, Arrival, ConformancePeer
from fenghuo.plugin.ports import Capabilities
from fenghuo.rig.kit.bench import Bench, Broken, NotItsKind
from fenghuo.rig.kit.check import Check, listening, over_a_line
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.line import State

__all__ = ["CHECKS"]

LONG = "堤坝即将溃决，沿江各村立即撤离。" * 12
"""Several fragments wherever short messages are cut."""
MOMENT_S = 1.0
ANSWERED = 1.5
"""Of the delay of a slow line: by then its answer has come, and the next fragment is on the way."""
TAKEN = 1
"""Fragments that the far end takes before it refuses one."""
REPORT = frozenset({Ability.REPORT})


async def is_cut(bench: Bench, *, is_killed: bool) -> None:
    """The line falls after the first fragment, or we die there: its report comes when both are back."""
    await bench.up()
    bench.is_reporting = False
    await bench.line.set(State.SLOW)
    order = await bench.order(LONG)
    await bench.until(lambda: bool(bench.fragments()), "its first fragment arrives")
    await bench.pause(ANSWERED * bench.line.slow_s)
    if is_killed:
        await bench.kill()
        await bench.live()
    else:
        await bench.line.drop()
        await bench.line.set(State.OPEN)
    taken = _of_several(bench.fragments())
    await _is_not_the_whole(bench, order, taken)


async def is_refused(bench: Bench) -> None:
    """The far end takes the first fragment and refuses the next one, for the moment."""
    await bench.up()
    bench.is_reporting = False
    await bench.peer.be_refusing(after=TAKEN)
    order = await bench.order(LONG)
    await bench.until(lambda: bool(bench.fragments()), "its first fragment arrives")
    await bench.until(lambda: bool(bench.life.watch.sent) or len(bench.fragments()) > TAKEN, "send() returns")
    await _is_not_the_whole(bench, order, _of_several(bench.fragments()[:TAKEN]))


def _of_several(taken: list[Arrival]) -> list[Arrival]:
    """Raises: NotItsKind: there is no middle here, or none of its own to report."""
    if not taken[0].ref or taken[0].parts == 1:
        raise NotItsKind("a long text has no fragments here that are reported each for itself")
    if len(taken) >= taken[0].parts:
        raise NotItsKind("all fragments of a text are with the far end at once")
    return taken


async def _is_not_the_whole(bench: Bench, order: str, taken: list[Arrival]) -> None:
    """Their reports confirm nothing; the order goes again and is confirmed when all of one emission is. Raises: Broken."""
    for arrival in taken:
        await bench.say_report(arrival)
    await bench.pause(MOMENT_S)
    row = await bench.delivery(order)
    if row.evidence >= bench.needed:
        raise Broken(f"an order counts as {row.evidence.name}, and {len(taken)} of its {taken[0].parts} fragments were reported")
    bench.is_reporting = True
    for arrival in bench.fragments()[len(taken) :]:
        await bench.say_report(arrival)
    await bench.ended(order)
    last = bench.fragments()[-1]
    if last.part != last.parts:
        raise Broken(f"an order counts as {bench.needed.name}, and no emission of it arrived to its end")
    bench.only_declared()


def _in_between(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return listening(capabilities, peer) or over_a_line(capabilities, peer)


def _told_no(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return listening(capabilities, peer) or ("" if Ability.REFUSE in peer.abilities else "this far end refuses no fragment of a text")


CHECKS = (
    Check(
        "a line cut between fragments: what is reported of them is not the whole",
        Grade.SILVER,
        partial(is_cut, is_killed=False),
        _in_between,
        REPORT,
    ),
    Check(
        "killed between fragments: what is reported of them is not the whole",
        Grade.SILVER,
        partial(is_cut, is_killed=True),
        _in_between,
        REPORT,
    ),
    Check(
        "a fragment that is refused: what is reported of the others is not the whole",
        Grade.SILVER,
        is_refused,
        _told_no,
        REPORT,
        is_alone=True,
    ),
)
