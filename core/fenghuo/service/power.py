"""Keeps what power sensors say, tells of each change once, and notices by itself when one is not heard any more.

Nothing is decided from it. Shapes: docs/reference/power.md.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.power import WHATS, PowerState, Sensed, has_moved, next_stale_at, overall, sensed
from fenghuo.plugin.ports import Observation
from fenghuo.service.showing import rfc3339
from fenghuo.store.store import Store
from fenghuo.store.transaction import Tx

__all__ = ["PowerWatch"]

LONGEST_WAIT_S = 3_600.0
"""A timer of the loop may not be endless; what holds for longer is looked at again then."""
SHORTEST_WAIT_S = 0.01
"""Our clock may be a little behind the loop's: what is not yet stale then is looked at again."""


class _Told(msgspec.Struct):
    """What was told of a sensor. `since`: UTC seconds of its state; `charge_pct`: the last point of its curve."""

    state: PowerState
    is_low: bool
    since: float
    charge_pct: float | None


class PowerWatch:
    """Every power sensor by its instance's name, from the first thing that it said."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, dict[str, Observation]] = {}
        self._told: dict[str, _Told] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def takes(self, observation: Observation) -> bool:
        """Whether it is about power at all."""
        return observation.what in WHATS

    def observe(self, sensor: str, observation: Observation) -> None:
        """Take what a sensor saw; it never blocks. Its state ends a reading, and is when changes are told. A time in the future counts
        as now: nothing is fresher than what is said now."""
        now = self._clock.time()
        seen = msgspec.structs.replace(observation, observed_at=min(observation.observed_at, now))
        self._seen.setdefault(sensor, {})[seen.what] = seen
        if seen.what == "power.state":
            self._look(sensor)

    def view(self) -> dict[str, Any]:
        """`power` of the desk's `status`."""
        now = self._clock.time()
        found = self.sensed()
        sensors = [
            {
                "name": name,
                "state": one.state.value,
                "low": one.is_low,
                "charge_pct": one.charge_pct,
                "charge_age_s": _rounded(one.charge_age_s),
                "runtime_s": one.runtime_s,
                "runtime_age_s": _rounded(one.runtime_age_s),
                "since": rfc3339(self._told[name].since if name in self._told else now),
                "cause": one.cause,
            }
            for name, one in found.items()
        ]
        return {"state": overall(one.state for one in found.values()).value, "sensors": sensors}

    def sensed(self) -> dict[str, Sensed]:
        """What each sensor stands for now."""
        now = self._clock.time()
        return {name: sensed(seen, now) for name, seen in self._seen.items()}

    def stop(self) -> None:
        """No timer is left."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _look(self, sensor: str) -> None:
        """Tell what has changed, and come again when the next thing grows stale."""
        now = self._clock.time()
        seen = self._seen[sensor]
        after, before = sensed(seen, now), self._told.get(sensor)
        if before is None or (before.state, before.is_low) != (after.state, after.is_low):
            self._tell_change(sensor, before, after)
            since = now if before is None or before.state is not after.state else before.since
            self._told[sensor] = _Told(after.state, after.is_low, since, after.charge_pct)
        elif after.state is not PowerState.UNKNOWN and has_moved(before.charge_pct, after.charge_pct):
            before.charge_pct = after.charge_pct
            self._store.submit(lambda tx: tx.event("power.level", f"power/{sensor}", **_figures(after)))
        self._rearm(sensor, next_stale_at(seen, now), now)

    def _tell_change(self, sensor: str, before: _Told | None, after: Sensed) -> None:
        was = before.state.value if before is not None else None
        alarm = _alarm(before, after)

        def tell(tx: Tx) -> None:
            tx.event("power.changed", f"power/{sensor}", was=was, cause=after.cause, **_figures(after))
            if alarm:
                tx.event("alarm.power", f"power/{sensor}", message=f"{sensor}: {alarm}")

        self._store.submit(tell)

    def _rearm(self, sensor: str, at: float | None, now: float) -> None:
        if (timer := self._timers.pop(sensor, None)) is not None:
            timer.cancel()
        if at is not None:
            wait_s = min(max(at - now, SHORTEST_WAIT_S), LONGEST_WAIT_S)
            self._timers[sensor] = asyncio.get_running_loop().call_later(wait_s, self._look, sensor)


def _figures(one: Sensed) -> dict[str, object]:
    return {"state": one.state.value, "low": one.is_low, "charge_pct": one.charge_pct, "runtime_s": one.runtime_s}


def _alarm(before: _Told | None, after: Sensed) -> str:
    """The sentence that a person must hear; "" when the change is none to worry about."""
    left = ", ".join(
        text
        for text in (
            f"{after.charge_pct:g} % left" if after.charge_pct is not None else "",
            f"{after.runtime_s / 60:.0f} minutes by its own estimate" if after.runtime_s is not None else "",
        )
        if text
    )
    match after.state:
        case PowerState.UNKNOWN:
            entered = before is None or before.state is not PowerState.UNKNOWN
            return f"nobody knows whether there is mains: {after.cause or 'it does not say'}" if entered else ""
        case PowerState.BATTERY if after.is_low:
            return f"the battery is nearly empty; {left or 'how long it lasts is not known'}"
        case PowerState.BATTERY if before is None or before.state is not PowerState.BATTERY:
            return f"the mains are gone, it is on battery; {left or 'how long it lasts is not known'}"
        case _:
            return ""


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
