"""When a channel is probed and whether it may be paid for: jitter, the window of passive evidence, the purse. Pure.

Traffic is the best probe and costs nothing: a channel that has said anything lately is not asked. Source: failover.md, Health of a channel.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Probing

__all__ = ["IDLE_SPREAD", "Purse", "longer_s", "next_look_at", "paid", "refilled", "window_s"]

IDLE_SPREAD = 4.0 / 3.0
"""A quiet channel is asked after `idle_s` to so many times that, so that many do not ask in one second."""
GROWTH = 3.0
"""Decorrelated jitter: the next wait lies between the shortest and so many times the last one."""
DAY_S = 86_400.0
Uniform = Callable[[float, float], float]


class Purse(msgspec.Struct, frozen=True):
    """What probes of one channel may still cost: `fen` and `joules`, refilled evenly up to a day's worth; `at`: UTC seconds. What was
    spent since the start stands beside it."""

    fen_a_day: float
    joules_a_day: float
    fen: float
    joules: float
    at: float
    spent_fen: float = 0.0
    spent_joules: float = 0.0
    probes: int = 0

    @classmethod
    def of(cls, fen_a_day: float, joules_a_day: float, now: float) -> Purse:
        return cls(fen_a_day, joules_a_day, fen_a_day, joules_a_day, now)


def refilled(purse: Purse, now: float) -> Purse:
    """The purse at `now`."""
    days = max(0.0, now - purse.at) / DAY_S
    fen = min(purse.fen_a_day, purse.fen + days * purse.fen_a_day)
    joules = min(purse.joules_a_day, purse.joules + days * purse.joules_a_day)
    return msgspec.structs.replace(purse, fen=fen, joules=joules, at=now)


def paid(purse: Purse, price: Probing) -> Purse | None:
    """After one more probe; None: it holds too little."""
    if price.fee_fen > purse.fen or price.joules > purse.joules:
        return None
    return msgspec.structs.replace(
        purse,
        fen=purse.fen - price.fee_fen,
        joules=purse.joules - price.joules,
        spent_fen=purse.spent_fen + price.fee_fen,
        spent_joules=purse.spent_joules + price.joules,
        probes=purse.probes + 1,
    )


def longer_s(probing: Probing, last_s: float, uniform: Uniform) -> float:
    """The wait after one of `last_s` seconds that brought no answer: decorrelated jitter, never above the longest."""
    return min(probing.longest_s, uniform(probing.shortest_s, max(probing.shortest_s, last_s * GROWTH)))


def window_s(state: Health, probing: Probing) -> float:
    """Seconds of silence after which a channel that is not down is asked; 0: never. One that is suspected is asked soon, also where its
    type asks nothing while it works: where there is another way no traffic would clear it. So is one in its probation that tells by itself
    and can be asked for nothing: where nobody writes, no success would end that."""
    is_free = not (probing.idle_s or probing.fee_fen or probing.joules or probing.airtime_s)
    is_doubted = state is Health.SUSPECT or (state is Health.PROBATION and is_free)
    return probing.shortest_s if is_doubted else probing.idle_s


def next_look_at(state: Health, probing: Probing, evidence_at: float, uniform: Uniform) -> float:
    """When a channel that is not down is to be asked, UTC seconds, if nothing is heard of it meanwhile; infinite: never."""
    least_s = window_s(state, probing)
    if not least_s:
        return math.inf
    return evidence_at + uniform(least_s, least_s * IDLE_SPREAD)
