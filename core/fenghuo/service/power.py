"""Keeps what power sensors say, tells of each change once, and notices by itself when one is not heard any more.

What it says of the power axis goes to the modes, which decide. Shapes: docs/reference/power.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.power import WHATS, PowerState, Sensed, has_moved, mode_of, next_stale_at, overall, sensed
from fenghuo.model.mode import Axis, Signal
from fenghuo.plugin.ports import Observation
from fenghuo.service.showing import rfc3339
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["PowerWatch"]

LONGEST_WAIT_S = 3_600.0
"""A timer of the loop may not be endless; what holds for longer is looked at again then."""
SHORTEST_WAIT_S = 0.01
"""Our clock may be a little behind the loop's: what is not yet stale then is looked at again."""


NODE = ""
"""The place of the modes that is this node."""
CLEAN_S = 600.0
"""So long on mains ends an episode: mains that come and go for an hour are one alarm, not a hundred."""


class _Told(msgspec.Struct):
    """What was told of a sensor. `since`: UTC seconds of its state; `charge_pct`, `fuel_pct`: the last points of its
    curves; `alarmed`: what of this episode a person has been told."""

    state: PowerState
    is_low: bool
    since: float
    charge_pct: float | None
    fuel_pct: float | None
    is_short: bool
    alarmed: frozenset[str]


class PowerWatch:
    """Every power sensor by its instance's name, from the first thing that it said."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, dict[str, Observation]] = {}
        self._told: dict[str, _Told] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._places: dict[str, str] = {}
        self.on_signal: Callable[[Signal], None] = _nobody_hears
        self.on_reading: list[Callable[[str, Sensed], None]] = []

    def takes(self, observation: Observation) -> bool:
        """Whether it is about power at all."""
        return observation.what in WHATS

    def observe(self, sensor: str, observation: Observation, place: str = NODE) -> None:
        """Take what a sensor saw at a place of the modes, at the node itself by default; it never blocks. Its state ends a reading, and is
        when changes are told. A time in the future counts as now: nothing is fresher than what is said now."""
        now = self._clock.time()
        self._places[sensor] = place
        seen = msgspec.structs.replace(observation, observed_at=min(observation.observed_at, now))
        self._seen.setdefault(sensor, {})[seen.what] = seen
        if seen.what == "power.state":
            self._look(sensor)
            self._hand_on(sensor, seen)

    def view(self) -> dict[str, Any]:
        """`power` of the desk's `status`."""
        now = self._clock.time()
        found = self.sensed()
        sensors = [
            {
                "name": name,
                "place": self._places[name],
                "state": one.state.value,
                "low": one.is_low,
                "charge_pct": one.charge_pct,
                "charge_age_s": _rounded(one.charge_age_s),
                "runtime_s": one.runtime_s,
                "runtime_age_s": _rounded(one.runtime_age_s),
                "fuel_pct": one.fuel_pct,
                "since": rfc3339(self._told[name].since if name in self._told else now),
                "cause": one.cause,
            }
            for name, one in found.items()
        ]
        return {"state": overall(one.state for one in self.own().values()).value, "sensors": sensors}

    def sensed(self) -> dict[str, Sensed]:
        """What each sensor stands for now."""
        now = self._clock.time()
        return {name: sensed(seen, now) for name, seen in self._seen.items()}

    def own(self) -> dict[str, Sensed]:
        """The same of the node's own sensors, and of no other place's."""
        return {name: one for name, one in self.sensed().items() if self._places[name] == NODE}

    def stop(self) -> None:
        """No timer is left."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _hand_on(self, sensor: str, said: Observation) -> None:
        """A reading has ended: to the modes, and to whoever follows the battery."""
        one = sensed(self._seen[sensor], self._clock.time())
        expires_at = said.observed_at + said.stale_after_s
        reason = one.cause or one.state.value if one.charge_pct is None else f"{one.state.value}, {one.charge_pct:g} %"
        place = self._places[sensor]
        self.on_signal(Signal(Axis.POWER, place, mode_of(one).value, f"sensor:{sensor}", said.observed_at, expires_at, reason))
        for read in self.on_reading if place == NODE else ():
            read(sensor, one)

    def _look(self, sensor: str) -> None:
        """Tell what has changed, and come again when the next thing grows stale."""
        now = self._clock.time()
        seen = self._seen[sensor]
        after, before = sensed(seen, now), self._told.get(sensor)
        if before is None or (before.state, before.is_low, before.is_short) != (after.state, after.is_low, after.is_short):
            alarmed = _alarmed(before, now)
            kinds = _worries(after)
            self._tell_change(sensor, before, after, is_new=not kinds <= alarmed)
            since = now if before is None or before.state is not after.state else before.since
            self._told[sensor] = _Told(after.state, after.is_low, since, after.charge_pct, after.fuel_pct, after.is_short, alarmed | kinds)
        elif after.state is not PowerState.UNKNOWN and _has_moved(before, after):
            before.charge_pct, before.fuel_pct = after.charge_pct, after.fuel_pct
            self._store.submit(lambda tx: tx.event("power.level", f"power/{sensor}", **_figures(after)))
        self._rearm(sensor, next_stale_at(seen, now), now)

    def _tell_change(self, sensor: str, before: _Told | None, after: Sensed, *, is_new: bool) -> None:
        was = before.state.value if before is not None else None

        def tell(tx: Tx) -> None:
            tx.event("power.changed", f"power/{sensor}", was=was, cause=after.cause, **_figures(after))
            if is_new:
                body = {"message": f"{sensor}: {_sentence(after)}", "state": after.state.value, "low": after.is_low}
                tx.event("alarm.power", f"power/{sensor}", **body)

        self._store.submit(tell)

    def _rearm(self, sensor: str, at: float | None, now: float) -> None:
        if (timer := self._timers.pop(sensor, None)) is not None:
            timer.cancel()
        if at is not None:
            wait_s = min(max(at - now, SHORTEST_WAIT_S), LONGEST_WAIT_S)
            self._timers[sensor] = asyncio.get_running_loop().call_later(wait_s, self._look, sensor)


def _nobody_hears(signal: Signal) -> None:
    """Until the modes are wired in."""


def _figures(one: Sensed) -> dict[str, object]:
    return {"state": one.state.value, "low": one.is_low, "charge_pct": one.charge_pct, "runtime_s": one.runtime_s, "fuel_pct": one.fuel_pct}


def _has_moved(told: _Told, one: Sensed) -> bool:
    return has_moved(told.charge_pct, one.charge_pct) or has_moved(told.fuel_pct, one.fuel_pct)


def _alarmed(before: _Told | None, now: float) -> frozenset[str]:
    """What of this episode was told already; nothing where a new one begins."""
    is_over = before is None or (before.state is PowerState.MAINS and now - before.since >= CLEAN_S)
    return frozenset() if before is None or is_over else before.alarmed


def _worries(after: Sensed) -> frozenset[str]:
    """What a person must hear of a state, once in an episode; a battery that is nearly empty says that the mains are gone, too."""
    short = frozenset({"fuel"} if after.is_short else ())
    match after.state:
        case PowerState.UNKNOWN:
            return short | {"unknown"}
        case PowerState.BATTERY:
            return short | ({"battery", "low"} if after.is_low else {"battery"})
        case _:
            return short


def _sentence(after: Sensed) -> str:
    if after.state is PowerState.UNKNOWN:
        return f"nobody knows whether there is mains: {after.cause or 'it does not say'}"
    charge = [] if after.charge_pct is None else [f"{after.charge_pct:g} % left"]
    runtime = [] if after.runtime_s is None else [f"{after.runtime_s / 60:.0f} minutes by its own estimate"]
    fuel = [] if after.fuel_pct is None else [f"{after.fuel_pct:g} % of the fuel"]
    if after.state is PowerState.MAINS:
        return f"the fuel of its generator runs out; {', '.join(fuel)} left"
    left = ", ".join(charge + runtime + fuel) or "how long it lasts is not known"
    return f"the battery is nearly empty; {left}" if after.is_low else f"the mains are gone, it is on battery; {left}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
