"""How surely a set of channels reaches somebody when some of them fall together, and which to take for what they cost. Pure.

P(S) = 1 - prod over groups g of (1 - a_g (1 - prod over channels c of S in g of (1 - p_c))), which is exact while each channel names one
risk group. A channel that names several needs all of them at once, so those that channels share are worked out case by case instead:
it stands or it has fallen. With one group each both give the same.
Source: failover.md, Which channels, how many.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from fenghuo.engine.admission import Load
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority

__all__ = [
    "AVAILABILITY",
    "LEAST_GAIN",
    "TARGET",
    "WORKING",
    "Choice",
    "Taken",
    "Way",
    "can_show",
    "chance",
    "chosen",
    "groups_of",
    "is_disjoint",
    "joint",
    "price",
]

AVAILABILITY = 0.98
"""Of a risk group of which the settings say nothing: what several channels hang on is rarely better than a week a year."""
TARGET = {Priority.P0: 0.999, Priority.P1: 0.99, Priority.P2: 0.95, Priority.P3: 0.9, Priority.P4: 0.8}
"""How surely a recipient is to be reached by the deadline; nothing is added for more."""
LEAST_GAIN = 0.03
"""A channel that makes it surer by less than 3 % of what it is already is not worth its airtime (failover.md)."""

# What the state of a channel leaves of its chance. DOWN is not zero: it is what is tried when there is nothing else, and may be back.
WORKING = {Health.UP: 1.0, Health.UNKNOWN: 0.9, Health.PROBATION: 0.8, Health.SUSPECT: 0.5, Health.DOWN: 0.0}

# One price for money, airtime and energy, in fen: a second on a shared frequency is worth two short messages, a kilojoule a fen.
# The least keeps a channel that costs nothing from being infinitely good.
FEN_A_SECOND, FEN_A_KILOJOULE, LEAST_PRICE = 20.0, 1.0, 1.0


class Way(msgspec.Struct, frozen=True):
    """A channel as a chance: `p` that it reaches the recipient by the deadline while its risk groups stand, and its price in fen."""

    channel: str
    p: float
    groups: frozenset[str]
    price: float = LEAST_PRICE


class Taken(msgspec.Struct, frozen=True):
    """One channel of a choice: how sure it is with it and with all before it, and by how much that is more."""

    channel: str
    reached: float
    gain: float


class Choice(msgspec.Struct, frozen=True):
    """Channels in the order in which they are worth their price; `reached` by all of them, and why no more are taken."""

    taken: tuple[Taken, ...]
    reached: float
    because: str


def joint(ways: Iterable[Way], availability: Mapping[str, float]) -> float:
    """The chance that at least one of them gets through. `availability`: of risk groups by name; of the others the usual one."""
    return _joint(tuple((way.p, way.groups) for way in ways), availability)


def _joint(ways: tuple[tuple[float, frozenset[str]], ...], availability: Mapping[str, float]) -> float:
    counts = Counter(group for _, groups in ways for group in groups)
    group, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if count < 2:
        return _apart(ways, availability)
    stands = availability.get(group, AVAILABILITY)
    standing = tuple((p, groups - {group}) for p, groups in ways)
    fallen = tuple((p, groups) for p, groups in ways if group not in groups)
    return stands * _joint(standing, availability) + (1 - stands) * _joint(fallen, availability)


def _apart(ways: tuple[tuple[float, frozenset[str]], ...], availability: Mapping[str, float]) -> float:
    """Of ways that share nothing."""
    missed = 1.0
    for p, groups in ways:
        missed *= 1 - p * math.prod(availability.get(group, AVAILABILITY) for group in groups)
    return 1 - missed


def chosen(ways: Iterable[Way], availability: Mapping[str, float], *, target: float) -> Choice:
    """Add what is worth most for its price until the target is reached, the gain is under 3 %, or nothing plausible is left."""
    left = sorted((way for way in ways if way.p > 0), key=lambda way: way.channel)
    picked: list[Way] = []
    taken: list[Taken] = []
    reached = 0.0
    while left and reached < target:
        gains = [joint((*picked, way), availability) - reached for way in left]
        best = max(range(len(left)), key=lambda n: (gains[n] / left[n].price, -n))
        worthwhile = [n for n in range(len(left)) if gains[n] >= LEAST_GAIN * reached]
        if not worthwhile:
            return Choice(tuple(taken), reached, f"the next, {left[best].channel}, would add {gains[best]:.4f}, less than 3 %")
        best = max(worthwhile, key=lambda n: (gains[n] / left[n].price, -n))
        reached += gains[best]
        taken.append(Taken(left[best].channel, reached, gains[best]))
        picked.append(left.pop(best))
    because = f"{reached:.4f} is the {target:g} asked for" if reached >= target else "nothing plausible is left"
    return Choice(tuple(taken), reached, because)


def groups_of(view: ChannelView) -> frozenset[str]:
    """What it shares with others: a channel without risk groups of its own falls alone, which its chance says already."""
    return frozenset(view.risk_groups) - {view.name}


def is_disjoint(one: ChannelView, other: ChannelView) -> bool:
    """Whether no one failure takes both."""
    return one.name != other.name and not set(one.risk_groups).intersection(other.risk_groups)


def chance(view: ChannelView, situation: Situation, recipient: str = "", *, left_s: float = float("inf")) -> float:
    """That a channel reaches a recipient within `left_s` seconds while its risk groups stand: what was proven to this recipient over it,
    else what its settings say; as much of it as its health leaves, and as comes in time."""
    if view.admin is not Admin.ENABLED or left_s <= 0:
        return 0.0
    base = situation.proven.get(recipient, {}).get(view.name, view.reach) if recipient else view.reach
    # 95 % of receipts have come by q95: a tail that falls by the same share in each second has 5 % left then.
    in_time = 1.0 - 0.05 ** (left_s / view.latency_q95_s) if view.latency_q95_s > 0 else 1.0
    return base * WORKING[view.health] * in_time


def can_show(view: ChannelView, needed: Evidence) -> bool:
    """Whether a channel can ever bring this evidence. Whether a person answers no channel can say of itself: there the device counts."""
    return view.evidence_max >= min(needed, Evidence.DEVICE)


def price(load: Load) -> float:
    """What one message costs in fen, all told: money, airtime, energy."""
    return LEAST_PRICE + load.fee_fen + FEN_A_SECOND * load.airtime_s + FEN_A_KILOJOULE * load.joules / 1000
