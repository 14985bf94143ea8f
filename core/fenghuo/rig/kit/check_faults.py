"""Checks against a far end that refuses, hangs, drags, flaps or browns out. Silver."""

from __future__ import annotations

from fenghuo.model.delivery import Outcome, Permanent, Reached, Transient, Unknown
from fenghuo.plugin.ports import Doubt
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check, over_a_line
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.job import LoneJob
from fenghuo.rig.kit.line import State

__all__ = ["CHECKS"]

TEXT = "台风将于今夜登陆，立即回港"
LONG = f"{TEXT}。" * 10
"""Several fragments on a narrow medium, so that there is a middle of it to be cut."""
REFUSED_S, MOMENT_S = 2.0, 0.2
CUTS, LOOKS = 3, 20
"""A look of the channel's own may be on the line when that is cut, and the order still behind it: then "not yet" is true, which nobody
can tell from a guess here. It is not so each time."""
FLAPS, FLAP_S = 4, 0.7
BROWN_S = 1.5
SPARE_S = 0.5
"""How much later than promised send() may return: scheduling on a busy machine."""


async def refuses(bench: Bench) -> None:
    await bench.up()
    await bench.line.set(State.REFUSED)
    await bench.pause(MOMENT_S)
    outcome = await bench.life.made[-1].send(LoneJob(bench, TEXT))  # as one that was under way when the line fell
    order = await bench.order(TEXT)
    await bench.pause(REFUSED_S)
    outcomes = [outcome, *(sent.outcome for sent in bench.life.watch.sent)]
    wrong = [one for one in outcomes if isinstance(one, Reached | Permanent)]
    if wrong or bench.emissions():
        raise Broken(f"nobody took the call, and the channel answers {wrong}")
    await bench.line.set(State.OPEN)
    await bench.ended(order)
    bench.only_declared()


async def is_cut(bench: Bench) -> None:
    # Where the far end knows a copy, "not yet" is as good: it is sent again under the same name. And an actuator looks before it
    # writes: what was cut may have been its question.
    honest = Unknown | Transient if bench.capabilities.doubt in (Doubt.IDEMPOTENT, Doubt.ACTUATOR) else Unknown
    await bench.up()
    for to in range(CUTS):
        order, outcome = await _cut(bench, to)
        if not isinstance(outcome, honest) and (to == CUTS - 1 or not isinstance(outcome, Transient)):
            raise Broken(f"the line was cut with the order on it, which nobody can tell the end of: {outcome!r}")
        await bench.line.set(State.OPEN)
        await bench.ended(order)
        bench.only_declared(to)
        if isinstance(outcome, honest):
            return


async def _cut(bench: Bench, to: int) -> tuple[str, Outcome]:
    """An order that was being written to the line when that was cut, and what send() made of it."""
    watch, line = bench.life.watch, bench.line
    await bench.until(lambda: len(watch.sent) + len(watch.raised) >= len(watch.licences), "every send() has returned")
    for _ in range(LOOKS):
        before = line.heard
        await bench.pause(MOMENT_S)
        if line.heard == before:  # nothing of the channel's own is in the way of the order
            break
    await line.set(State.HANGING)
    heard, licences, returned = line.heard, len(watch.licences), len(watch.sent)
    order = await bench.order(LONG, to=to)
    await bench.until(lambda: len(watch.licences) > licences and line.heard > heard, "it is written to the line")
    await line.drop()
    await bench.until(lambda: len(watch.sent) > returned, "send() returns", within_s=bench.capabilities.attempt_s + SPARE_S)
    return order, watch.sent[returned].outcome


async def hangs(bench: Bench) -> None:
    await bench.up()
    await bench.line.set(State.HANGING)
    order = await bench.order(TEXT)
    watch, limit_s = bench.life.watch, bench.capabilities.attempt_s
    await bench.until(lambda: bool(watch.sent), "send() returns by itself from a far end that hangs", within_s=limit_s + SPARE_S)
    if watch.sent[0].took_s > limit_s:
        raise Broken(f"send() took {watch.sent[0].took_s:.1f} s; attempt_s promises {limit_s:.1f}")
    await bench.line.set(State.OPEN)
    await bench.ended(order)
    bench.only_declared()


async def is_slow(bench: Bench) -> None:
    await bench.up()
    await bench.line.set(State.SLOW)
    order = await bench.order(TEXT)
    await bench.ended(order)
    await bench.line.set(State.OPEN)
    if len(bench.emissions()) != 1:
        raise Broken(f"a slow far end is given {len(bench.emissions())} emissions of one order")


async def flaps(bench: Bench) -> None:
    await bench.up()
    orders = []
    for flap in range(FLAPS):
        orders.append(await bench.order(TEXT, to=flap))
        await bench.pause(FLAP_S / 2)
        await bench.line.drop()
        await bench.pause(FLAP_S / 2)
    for flap, order in enumerate(orders):
        await bench.ended(order)
        bench.only_declared(flap)
    if bench.life.supervisor.crashes:
        raise Broken(f"a line that flaps made the channel crash {bench.life.supervisor.crashes} times")


async def browns_out(bench: Bench) -> None:
    await bench.up()
    await bench.line.set(State.SWALLOWING)
    orders = [await bench.order(TEXT, to=number) for number in range(3)]
    await bench.pause(BROWN_S)
    await bench.line.set(State.OPEN)
    for number, order in enumerate(orders):
        await bench.ended(order)
        bench.only_declared(number)


CHECKS = (
    Check("a far end that refuses gets the order when it is back", Grade.SILVER, refuses, over_a_line),
    Check("a line cut in the middle of an emission leaves it in doubt", Grade.SILVER, is_cut, over_a_line),
    Check("a far end that hangs is given up in time", Grade.SILVER, hangs, over_a_line),
    Check("a slow far end is waited for, and gets it once", Grade.SILVER, is_slow, over_a_line, is_alone=True),
    Check("a line that flaps loses nothing and doubles nothing in silence", Grade.SILVER, flaps, over_a_line),
    Check("a far end that browns out loses nothing", Grade.SILVER, browns_out, over_a_line),
)
