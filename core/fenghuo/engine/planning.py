"""Objective × recipient × Situation → which channels may carry it, by rung, and which not and why. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

import msgspec

from fenghuo.engine.admission import NO_LOAD, Load, late
from fenghuo.engine.rules import Rung
from fenghuo.engine.standing import too_urgent
from fenghuo.model.directory import ContactPoint, Directory, RecipientId
from fenghuo.model.situation import ChannelView, Health, Situation
from fenghuo.model.traffic import Priority, Traffic

__all__ = ["ACTUATOR", "UNCOMMANDED", "Candidate", "Carriage", "LeftOut", "all_the_same", "best_first", "candidates", "fitting", "lint"]

ACTUATOR = "actuator"
UNCOMMANDED = "what it says may start no device by itself: it came as no command of a post that may, and nobody here has signed it"
PROOFS = 4
"""Steps of a chance that make a difference between alternates: one receipt that was missed moves nobody."""
SHUT = "it waits until there is one"
"""What becomes of a way that the roads do not give."""
HEALTH_RANK = {Health.UP: 0, Health.UNKNOWN: 1, Health.PROBATION: 2, Health.SUSPECT: 3, Health.DOWN: 4}


class Candidate(msgspec.Struct, frozen=True):
    """A way that exists: this rung, this channel instance, this address; `rank` counts the recipient's addresses on it from 1."""

    rung: int
    channel: str
    address: str
    address_kind: str
    form: str
    rank: int = 1


class LeftOut(msgspec.Struct, frozen=True):
    """A channel that the ladder names and that cannot be used, with the reason as a sentence."""

    rung: int
    channel: str
    reason: str


class Carriage(msgspec.Struct, frozen=True):
    """What a message asks of a channel. `via`: only by these, by any if it is empty; `may_start`: whether a device may start because of
    it; `loads`: what it costs each channel; `left_s`, `expires_s`: seconds to the deadline, and until the content expires."""

    traffic: Traffic
    priority: Priority
    via: tuple[str, ...] = ()
    may_start: bool = True
    loads: Mapping[str, Load] = {}
    left_s: float = math.inf
    expires_s: float = math.inf


def candidates(
    recipient: RecipientId, rungs: tuple[Rung, ...], carriage: Carriage, *, directory: Directory, situation: Situation
) -> tuple[tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """All ways to a recipient in the order of the ladder, and what was left out, or is not counted on as it would be late."""
    ways: list[Candidate] = []
    left: list[LeftOut] = []
    points = directory.points_of(recipient)
    for index, rung in enumerate(rungs):
        for name in rung.channels:
            view = situation.channel.get(name)
            reason = _why_not(name, view, carriage)
            found = _addresses(view, points) if view and not reason else ()
            if reason or not found or view is None:
                left.append(LeftOut(index, name, reason or _no_address(view)))
                continue
            if too_late := late(carriage.loads.get(name, NO_LOAD), carriage.left_s, carriage.expires_s):
                left.append(LeftOut(index, name, f"{too_late}; {all_the_same(carriage.priority)}"))
            left.extend(LeftOut(index, name, f"{view.no_way[one.address]}; {SHUT}") for one in found if one.address in view.no_way)
            ways.extend(Candidate(index, name, point.address, point.kind, view.form, rank) for rank, point in enumerate(found, 1))
    return tuple(ways), tuple(left)


def fitting(rungs: tuple[Rung, ...], carriage: Carriage, situation: Situation) -> tuple[ChannelView, ...]:
    """The channels of a ladder that may carry it, whoever it is for."""
    views = (situation.channel.get(name) for name in dict.fromkeys(name for rung in rungs for name in rung.channels))
    return tuple(view for view in views if view is not None and not _why_not(view.name, view, carriage))


def _why_not(name: str, view: ChannelView | None, carriage: Carriage) -> str:
    """The reason a channel is out of the question, empty if it is not. Health and switch are none: what is off may be on again."""
    if view is None:
        return f"no channel is named {name}"
    if carriage.via and name not in carriage.via:
        return f"the sender asked for {', '.join(carriage.via)} only"
    if carriage.traffic not in view.traffic:
        return f"the channel may not carry {carriage.traffic} traffic"
    if view.doubt == ACTUATOR and not carriage.may_start:
        return UNCOMMANDED
    return too_urgent(view.ungraded, carriage.priority)


def all_the_same(priority: Priority) -> str:
    """When a way that is late goes."""
    return "tried all the same" if priority is Priority.P0 else "tried when no way in time is left"


def _no_address(view: ChannelView | None) -> str:
    kinds = " or ".join(view.address_kinds) if view else "known"
    return f"the recipient has no {kinds} address"


def _addresses(view: ChannelView, points: tuple[ContactPoint, ...]) -> tuple[ContactPoint, ...]:
    return tuple(point for point in points if point.kind in view.address_kinds)


def best_first(names: tuple[str, ...], situation: Situation, recipient: RecipientId) -> tuple[str, ...]:
    """Alternates in the order to try them: healthy first, then the heavier by the mode in force, then what was proven to this recipient,
    then cheap, then spread evenly over equals by the recipient."""
    if len(names) < 2:
        return tuple(name for name in names if name in situation.channel)
    proven = situation.proven.get(recipient, {})

    def key(name: str) -> tuple[int, float, int, float, bytes]:
        view = situation.channel[name]
        spread = hashlib.blake2b(f"{recipient}\x1f{name}".encode(), digest_size=4).digest()
        doubted = int((1.0 - proven.get(name, view.reach)) * PROOFS)
        return (HEALTH_RANK[view.health], -view.weight, doubted, view.fee_fen, spread)

    return tuple(sorted((name for name in names if name in situation.channel), key=key))


def lint(ladders: dict[str, tuple[tuple[Rung, ...], int]], situation: Situation) -> tuple[str, ...]:
    """What is wrong with ladders (name → rungs, minimum of risk groups) on these channels, as sentences."""
    faults: list[str] = []
    for name, (rungs, minimum) in ladders.items():
        named = [channel for rung in rungs for channel in rung.channels]
        missing = [channel for channel in named if channel not in situation.channel]
        faults += [f"ladder {name!r}: no channel is named {channel!r}" for channel in missing]
        found = [frozenset(situation.channel[channel].risk_groups) for channel in dict.fromkeys(named) if channel in situation.channel]
        if (disjoint := _disjoint(found)) < minimum:
            faults.append(f"ladder {name!r}: at most {disjoint} of its channels share no risk group; it asks for {minimum}")
    return tuple(faults)


def _disjoint(groups: list[frozenset[str]]) -> int:
    """How many of these can be picked so that no two share anything. Ladders are short: every choice is tried."""
    if not groups:
        return 0
    first, *rest = groups
    return max(_disjoint(rest), 1 + _disjoint([other for other in rest if not first & other]))
