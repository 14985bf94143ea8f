"""Checks of receipts: early, late, twice, for nobody, and garbage. Silver."""

from __future__ import annotations

from functools import partial

from fenghuo.model.delivery import DeliveryState, Scope
from fenghuo.plugin.conformance import Ability, ConformancePeer, Word
from fenghuo.plugin.ports import Capabilities
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check, listening
from fenghuo.rig.kit.grades import Grade

__all__ = ["CHECKS"]

TEXT = "水库水位超汛限，立即撤离"
MOMENT_S = 1.0
REPORT = frozenset({Ability.REPORT})


async def hasty(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    await bench.peer.be_hasty(on=True)
    try:
        await bench.ended(await bench.order(TEXT))
    finally:
        await bench.peer.be_hasty(on=False)
    bench.only_declared()


async def out_of_order(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    first, second = await bench.order(TEXT, to=0), await bench.order(TEXT, to=1)
    await bench.until(lambda: bool(bench.emissions(0) and bench.emissions(1)), "both arrive")
    await _report(bench, 1)
    await bench.ended(second)
    await _not_confirmed(bench, first, "its neighbour was reported")
    await _report(bench, 0)
    await bench.ended(first)


async def twice(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    await bench.until(lambda: bool(bench.emissions()), "it arrives")
    for _ in range(2):
        await _report(bench, 0)
    await bench.ended(order)
    await _still_alive(bench)
    bench.only_declared()


async def nonsense(bench: Bench, word: Word) -> None:
    """A receipt that belongs to nobody confirms nothing, and costs the channel nothing."""
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    await bench.until(lambda: bool(bench.emissions()), "it arrives")
    await bench.peer.say(word, bench.fragments()[-1])
    await _not_confirmed(bench, order, f"a receipt with an {word} id came")
    for number in range(len(bench.emissions())):
        await bench.say_report(bench.emissions()[number])
    await _report(bench, 0)
    await bench.ended(order)
    await _still_alive(bench)


async def kept_first(bench: Bench) -> None:
    """A receipt whose commit a sudden death cuts short was never acknowledged, and so comes again."""
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    await bench.until(lambda: bool(bench.emissions()), "it arrives")
    bench.life.is_keeping = False
    heard, acknowledged = len(bench.life.inbound), bench.peer.acknowledged
    await _report(bench, 0)
    await bench.until(lambda: len(bench.life.inbound) > heard, "the receipt comes in")
    await bench.pause(MOMENT_S)
    if bench.peer.acknowledged != acknowledged:
        raise Broken("a receipt was acknowledged before it was kept: a crash would lose it")
    await bench.kill()
    await bench.live()
    await bench.ended(order)
    await bench.until(lambda: bench.peer.acknowledged > acknowledged, "what was kept is acknowledged")


async def failed(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    await bench.until(lambda: bool(bench.emissions()), "it arrives")
    await bench.peer.say(Word.FAILED, bench.fragments()[-1])

    async def is_over() -> bool:
        return (await bench.delivery(order)).state is DeliveryState.FAILED

    await bench.until(is_over, "a report of failure ends the delivery")
    if not (await bench.delivery(order)).reason.startswith((Scope.RECIPIENT, Scope.MESSAGE)):
        raise Broken("a report of failure about one recipient is told as the channel's own")
    await _still_alive(bench)


async def _report(bench: Bench, to: int) -> None:
    for arrival in bench.fragments(to):
        await bench.say_report(arrival)


async def _not_confirmed(bench: Bench, order: str, though: str) -> None:
    await bench.pause(MOMENT_S)
    row = await bench.delivery(order)
    if row.evidence >= bench.needed:
        raise Broken(f"an order counts as {row.evidence.name} although only {though}")


async def _still_alive(bench: Bench) -> None:
    """Another order goes through the very same object."""
    bench.is_reporting = True
    await bench.ended(await bench.order(TEXT, to=9))
    if len(bench.life.made) != 1 or bench.life.supervisor.inbound_faults:
        raise Broken(f"the channel did not survive: {bench.life.health}, {bench.life.supervisor.inbound_faults} faults of its inbound")


def _acknowledged(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return listening(capabilities, peer) or ("" if Ability.ACKS in peer.abilities else "this far end wants no acknowledgement")


def _told_of_failure(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return listening(capabilities, peer) or ("" if Ability.FAILED in peer.abilities else "this far end reports no failures")


CHECKS = (
    Check("a receipt before the result counts", Grade.SILVER, hasty, listening, frozenset({Ability.HASTY}), is_alone=True),
    Check("receipts out of order reach each its own", Grade.SILVER, out_of_order, listening, REPORT),
    Check("a receipt that comes twice is one receipt", Grade.SILVER, twice, listening, REPORT),
    Check(
        "a receipt for an unknown id confirms nothing",
        Grade.SILVER,
        partial(nonsense, word=Word.UNKNOWN),
        listening,
        REPORT | {Ability.UNKNOWN},
    ),
    Check(
        "a receipt with a mangled id confirms nothing",
        Grade.SILVER,
        partial(nonsense, word=Word.MANGLED),
        listening,
        REPORT | {Ability.MANGLED},
    ),
    Check("what comes in is acknowledged when it is kept, and not before", Grade.SILVER, kept_first, _acknowledged, REPORT, is_alone=True),
    Check("a report of failure ends the delivery and not the channel", Grade.SILVER, failed, _told_of_failure),
)
