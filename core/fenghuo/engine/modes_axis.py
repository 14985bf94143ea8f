"""One axis of one place: what its signals are worth by now, entered on two, left slowly, and never bettered by silence. Pure.

A worse mode is entered when two sources have said it, or worse, for `ENTER_S` without a break. One source that measures is enough
(`MEASURES`): a UPS or the battery of a site is itself what the power axis is about, what our own channels show is what the network axis is
about, and a second one there is rare; it has to hold its word for the same time, breaks of
`BREAK_S` aside. A better mode is entered when nobody has said anything
worse, and somebody has said it, for `LEAVE_S`. What a source said counts until it expires. A good end that nobody says any more is unknown
at once, whether all are silent or say that it is worse, and a bad mode stays what it was: not sensed is never fine.
Source: failover.md, Modes; domain.md §3.2.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fenghuo.model.mode import Axis, NetworkMode, PowerMode, RoadMode, Signal

__all__ = ["ENTER_S", "LEAVE_S", "MEASURES", "MODES", "UNKNOWN", "AxisState", "heard", "next_at", "rank", "settled"]

ENTER_S = 30.0
LEAVE_S = 600.0
BREAK_S = 15.0
"""What measures a worse mode, not any more, and again so soon, has measured it all the time: mains that come back for seconds are none."""
MEASURES: Mapping[Axis, str] = {Axis.POWER: "sensor:", Axis.NETWORK: "health"}
"""What the source of a signal begins with that measures the very thing: its word needs no second."""
UNKNOWN = "unknown"
MODES: Mapping[Axis, tuple[str, ...]] = {
    Axis.POWER: tuple(mode.value for mode in PowerMode if mode is not PowerMode.UNKNOWN),
    Axis.NETWORK: tuple(mode.value for mode in NetworkMode if mode is not NetworkMode.UNKNOWN),
    Axis.ROAD: tuple(mode.value for mode in RoadMode if mode is not RoadMode.UNKNOWN),
}
"""The modes of each axis, best first."""


class AxisState(msgspec.Struct, frozen=True):
    """What is known of one axis of one place. `since`: UTC seconds of `mode`; `why`: who said so; `signals`: the newest of each source;
    `holding`: of every other mode since when it would be due, UTC seconds; `broken`: of a worse one that is due no more, since when it
    was and until when; `is_stale`: nobody says anything by now."""

    axis: Axis
    place: str
    mode: str = UNKNOWN
    since: float = 0.0
    why: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    holding: Mapping[str, float] = {}
    broken: Mapping[str, tuple[float, float]] = {}
    is_stale: bool = True


def rank(axis: Axis, mode: str) -> int:
    """How bad a mode is, 0 the good end; -1: unknown, or no mode of this axis."""
    return MODES[axis].index(mode) if mode in MODES[axis] else -1


def heard(state: AxisState, signal: Signal, now: float) -> AxisState:
    """The state after a source's word; one that is older than what the source said last changes nothing, and "unknown" takes it back."""
    last = next((one for one in state.signals if one.source == signal.source), None)
    if last is not None and last.at > signal.at:
        return settled(state, now)
    before = settled(state, now)  # what was due until now is due by what was said until now
    others = tuple(one for one in before.signals if one.source != signal.source)
    return settled(msgspec.structs.replace(before, signals=(*others, signal)), now)


def settled(state: AxisState, now: float) -> AxisState:
    """The state at `now` (UTC seconds). Asked no later than at `next_at`, it misses nothing."""
    fresh = tuple(one for one in state.signals if now < one.expires_at and rank(state.axis, one.mode) >= 0)
    holding = _holding(state, fresh, now)
    state = msgspec.structs.replace(state, signals=fresh, holding=holding, broken=_broken(state, holding, now), is_stale=not fresh)
    if not fresh:
        return _silent(state, now)
    mode = _due(state, now)
    if mode == state.mode and not _is_left_alone(state):
        return state
    mode = UNKNOWN if mode == state.mode else mode
    why = tuple(sorted(_said(one) for one in fresh))
    moved = msgspec.structs.replace(state, mode=mode, since=now, why=why)
    return msgspec.structs.replace(moved, holding=_holding(moved, fresh, now))


def next_at(state: AxisState) -> float | None:
    """When something about it changes by itself, UTC seconds; None: not before somebody says something."""
    here = rank(state.axis, state.mode)
    due = (since + (ENTER_S if rank(state.axis, mode) > here else LEAVE_S) for mode, since in state.holding.items())
    return min((*due, *(one.expires_at for one in state.signals)), default=None)


def _holding(state: AxisState, fresh: tuple[Signal, ...], now: float) -> dict[str, float]:
    """Since when every mode but this one has had what it needs: a worse one its sources, a better one nobody who says worse."""
    here, worst = rank(state.axis, state.mode), max((rank(state.axis, one.mode) for one in fresh), default=0)
    found: dict[str, float] = {}
    for level, mode in enumerate(MODES[state.axis]):
        if fresh and (_is_backed(fresh, state.axis, level) if level > here else worst <= level < here):
            begins = _before(state, mode, now) if _is_measured(fresh, state.axis, level) else now
            found[mode] = min(state.holding.get(mode, begins), now)
    return found


def _before(state: AxisState, mode: str, now: float) -> float:
    """Since when a mode holds that begins to hold now: since before a short break."""
    since, until = state.broken.get(mode, (now, now))
    return since if now - until <= BREAK_S else now


def _broken(state: AxisState, holding: Mapping[str, float], now: float) -> dict[str, tuple[float, float]]:
    here = rank(state.axis, state.mode)
    ended = {mode: (since, now) for mode, since in state.holding.items() if mode not in holding and rank(state.axis, mode) > max(here, 0)}
    recent = {mode: span for mode, span in state.broken.items() if mode not in holding and now - span[1] <= BREAK_S}
    return recent | ended


def _is_backed(fresh: tuple[Signal, ...], axis: Axis, level: int) -> bool:
    """Whether enough sources say that it is at least so bad."""
    if level == 0:  # unknown becomes fine by one word, and by none while another says that it is not
        return all(rank(axis, one.mode) == 0 for one in fresh)
    sources = [one.source for one in fresh if rank(axis, one.mode) >= level]
    return len(sources) >= 2 or _is_measured(fresh, axis, level)


def _is_measured(fresh: tuple[Signal, ...], axis: Axis, level: int) -> bool:
    """Whether one of those that measure the very thing says that it is at least so bad."""
    return axis in MEASURES and any(one.source.startswith(MEASURES[axis]) for one in fresh if rank(axis, one.mode) >= level)


def _is_left_alone(state: AxisState) -> bool:
    """Whether it stands at its good end, and nobody says so any more."""
    return rank(state.axis, state.mode) == 0 and all(rank(state.axis, one.mode) > 0 for one in state.signals)


def _due(state: AxisState, now: float) -> str:
    """The worst mode that has been held for long enough, else the best one that has; from unknown to the good end nothing is waited for."""
    here = rank(state.axis, state.mode)
    held = [(rank(state.axis, mode), mode, now - since) for mode, since in state.holding.items()]
    worse = [(level, mode) for level, mode, for_s in held if level > here and (for_s >= ENTER_S or not level)]
    better = [(level, mode) for level, mode, for_s in held if level < here and for_s >= LEAVE_S]
    if worse:
        return max(worse)[1]
    return min(better)[1] if better else state.mode


def _silent(state: AxisState, now: float) -> AxisState:
    if rank(state.axis, state.mode) != 0:
        return state
    return msgspec.structs.replace(state, mode=UNKNOWN, since=now, why=("nobody says anything any more",))


def _said(one: Signal) -> str:
    return f"{one.source}: {one.mode}" + (f" ({one.reason})" if one.reason else "")
