"""Checks of a channel as a neighbour: collisions and lost answers (silver); cancel, pre-emption and honest estimates (gold)."""

from __future__ import annotations

import asyncio

from fenghuo.errors import Withdrawn
from fenghuo.plugin.conformance import Ability, Arrival, ConformancePeer
from fenghuo.plugin.ports import Capabilities, Doubt, Estimate
from fenghuo.rig.kit.bench import Bench, Broken, NotItsKind
from fenghuo.rig.kit.check import Check, half_duplex, shared
from fenghuo.rig.kit.grades import Grade

__all__ = ["CHECKS"]

TEXT = "请立即打开沿江各村的应急避难场所"
PLACES = "璜泾浏河双凤沙溪浮桥归庄鹿杨岳王陆渡板新毛板"
LONG = "".join(
    f"{PLACES[at * 7 % 22]}{PLACES[at * 5 % 22]}村乘{PLACES[at * 3 % 22]}{PLACES[at * 13 % 22]}船赴{PLACES[at]}闸集合；" for at in range(22)
)
"""Several fragments on any narrow medium: no two parts of it are alike, so that nothing makes it short."""
ESTIMATE_SHARE = 0.15
"""Source: plugins.md, the conformance kit."""
QUIET_S = 1.0
SPARE_S = 0.5
READ_S = 5.0
"""Longest wait for a far end to notice what it has."""
PASS_S = 3.0
"""Longest that a long order stands still for an urgent one that goes beside it."""


async def collides(bench: Bench) -> None:
    await bench.up()
    await bench.peer.be_deaf(on=True)
    try:
        order = await bench.order(TEXT)
        await bench.until(lambda: bool(bench.life.watch.sent), "send() returns", within_s=bench.capabilities.attempt_s + SPARE_S)
    finally:
        await bench.peer.be_deaf(on=False)
    if bench.emissions():
        raise Broken("the far end was deaf and heard it all the same: this shows nothing")
    await bench.ended(order)
    bench.only_declared()


async def loses_acks(bench: Bench) -> None:
    await bench.up()
    bench.is_reporting = False
    order = await bench.order(TEXT)
    await bench.until(lambda: len(bench.emissions()) > 1, "an emission without an answer is repeated")
    bench.is_reporting = True
    for arrival in bench.fragments():
        await bench.say_report(arrival)
    await bench.ended(order)
    bench.only_declared()


async def is_cancelled(bench: Bench) -> None:
    await bench.up()
    watch = bench.life.watch

    async def withdraw(turn: int) -> None:
        if turn == 2 or bench.fragments():
            raise Withdrawn("cancelled between two fragments")

    watch.on_turn = withdraw
    await bench.order(LONG, priority="P2")
    await bench.until(lambda: bool(watch.raised or watch.sent), "send() ends")
    if not watch.raised or not isinstance(watch.raised[0][1], Withdrawn):
        parts = await _parts(bench)
        raise Broken(f"it was cancelled between its {parts} fragments, and send() answered {watch.sent or watch.raised}")
    await bench.pause(QUIET_S)
    if len(bench.fragments()) > 1:
        raise Broken(f"it was cancelled after one fragment, and {len(bench.fragments())} left")


async def _parts(bench: Bench) -> int:
    """How many fragments the far end has of a long order that was sent in one go. Raises: NotItsKind: one, so that there is no between."""
    await bench.until(lambda: bool(bench.fragments()), "a long order arrives", within_s=READ_S)
    if (parts := bench.fragments()[0].parts) == 1:
        raise NotItsKind("an emission has one part here, however long it is")
    return parts


async def gives_way(bench: Bench) -> None:
    await bench.up()
    watch = bench.life.watch
    urgent: list[str] = []

    is_alone = bool(shared(bench.capabilities, bench.peer))

    async def hurry(turn: int) -> None:
        if (turn == 2 or bench.fragments()) and not urgent:
            urgent.append(await asyncio.ensure_future(bench.order(TEXT, to=1, priority="P0")))
            await bench.delivery(urgent[0])
            if is_alone:  # nobody parks the long one for it: it goes beside it, while that stands here
                await _passes(bench)

    watch.on_turn = hurry
    long = await bench.order(LONG, priority="P3")
    limit_s = bench.capabilities.attempt_s
    await bench.until(lambda: bool(urgent or watch.sent), "send() lets others pass, or ends", within_s=limit_s)
    if not urgent:
        raise Broken(f"send() never awaits turn() between its {await _parts(bench)} fragments")
    await bench.ended(urgent[0])
    await bench.ended(long)
    order = [arrival.address for arrival in bench.peer.arrivals]
    last = max(place for place, address in enumerate(order) if address == bench.address(0))
    if order.index(bench.address(1)) > last:
        raise Broken("an urgent order waited for the whole of a long one")


async def _passes(bench: Bench) -> None:
    try:
        await bench.until(lambda: bool(bench.fragments(1)), "an urgent order passes a long one", within_s=PASS_S)
    except Broken as waits:  # what came first at the far end decides
        bench.note(str(waits))


async def estimates_fragments(bench: Bench) -> None:
    for guess, fragments in await _sent_and_guessed(bench):
        parts = fragments[-1].parts
        bench.estimated(guess.fragments, parts)
        if abs(guess.fragments - parts) > max(1.0, ESTIMATE_SHARE * parts):
            raise Broken(f"{guess.fragments} fragments were estimated and it took {parts}")


async def estimates_airtime(bench: Bench) -> None:
    for guess, fragments in await _sent_and_guessed(bench):
        real_s = sum(arrival.airtime_s for arrival in fragments)
        bench.estimated(guess.airtime_s, real_s)
        if abs(guess.airtime_s - real_s) > ESTIMATE_SHARE * real_s:
            raise Broken(f"{guess.airtime_s:.2f} s on the air were estimated and it took {real_s:.2f} s")


async def _sent_and_guessed(bench: Bench) -> list[tuple[Estimate, list[Arrival]]]:
    """Three lengths: what was estimated for each, and the fragments of its first emission."""
    await bench.up()
    found = []
    for to, text in enumerate((TEXT, LONG, LONG[: len(LONG) // 2])):
        await bench.ended(await bench.order(text, to=to))
        sent = next(one for one in bench.life.watch.sent if one.address == bench.address(to))
        fragments = bench.fragments(to)
        found.append(
            (bench.life.made[-1].estimate(bench.life.watch.payloads[sent.address], sent.address), fragments[: fragments[-1].parts])
        )
    return found


def _repeats_shared(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return shared(capabilities, peer) or _is_repeated(capabilities)


def _repeats(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return half_duplex(capabilities, peer) or _is_repeated(capabilities)


def _is_repeated(capabilities: Capabilities) -> str:
    is_actuator = capabilities.doubt is Doubt.ACTUATOR
    return "what starts a device is never repeated by itself" if is_actuator else ""


def _can_pass(capabilities: Capabilities, peer: ConformancePeer) -> str:
    one_by_one = "it takes one emission at a time on a medium of its own: the core has nothing to let pass"
    return one_by_one if capabilities.concurrency == 1 and shared(capabilities, peer) else ""


CHECKS = (
    Check(
        "an emission lost in a collision is sent again", Grade.SILVER, collides, _repeats_shared, frozenset({Ability.DEAF}), is_alone=True
    ),
    Check("a lost answer costs a marked repeat and no more", Grade.SILVER, loses_acks, _repeats, frozenset({Ability.REPORT})),
    Check("a cancel between fragments keeps the rest off the air", Grade.GOLD, is_cancelled),
    Check("an urgent order passes between the fragments of a long one", Grade.GOLD, gives_way, _can_pass),
    Check("fragments are estimated within 15 % of what it took, or one", Grade.GOLD, estimates_fragments),
    Check("airtime is estimated within 15 % of what it took", Grade.GOLD, estimates_airtime, shared, frozenset({Ability.AIRTIME})),
)
