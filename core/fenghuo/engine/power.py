"""What the node lives on, by what power sensors said last: figures that grow old, and the one word for all of them.

Stale is unknown, and unknown is never mains. Source: failover.md, Modes; domain.md §3.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from fenghuo.engine.energy import stage
from fenghuo.model.mode import PowerMode
from fenghuo.plugin.values import Observation

__all__ = ["WHATS", "PowerState", "Sensed", "has_moved", "mode_of", "next_stale_at", "overall", "sensed"]

WHATS = ("power.state", "power.charge", "power.runtime", "power.fuel", "power.low", "power.cause")
"""What a power sensor may observe; the state last, after the figures that go with it."""

CURVE_STEP_PCT = 5.0
"""A charge is told anew when it has moved so far: twenty points of a curve, whatever the pace of the sensor."""


FUEL_SHORT_PCT = 20.0
"""From here on somebody must bring fuel: a tank for a day lasts five hours more."""


class PowerState(StrEnum):
    """What a sensor's device lives on."""

    MAINS = "mains"
    BATTERY = "battery"
    UNKNOWN = "unknown"


class Sensed(msgspec.Struct, frozen=True):
    """What one sensor stands for at an instant; a figure that is stale, or makes no sense, is None. Ages in seconds."""

    state: PowerState = PowerState.UNKNOWN
    is_low: bool = False
    charge_pct: float | None = None
    charge_age_s: float | None = None
    runtime_s: float | None = None
    runtime_age_s: float | None = None
    cause: str = ""
    fuel_pct: float | None = None

    @property
    def is_short(self) -> bool:
        """Whether the tank of its generator is nearly empty."""
        return self.fuel_pct is not None and self.fuel_pct <= FUEL_SHORT_PCT


def sensed(seen: Mapping[str, Observation], now: float) -> Sensed:
    """The newest observation of each kind, as far as it holds at `now` (UTC seconds)."""
    fresh = {what: one for what, one in seen.items() if _holds(one, now)}
    charge, runtime = _figure(fresh.get("power.charge"), most=100.0), _figure(fresh.get("power.runtime"))
    fuel = _figure(fresh.get("power.fuel"), most=100.0)
    cause = fresh.get("power.cause")
    says = fresh.get("power.state")
    low = fresh.get("power.low")
    return Sensed(
        state=PowerState(str(says.value)) if says is not None and says.value in tuple(PowerState) else PowerState.UNKNOWN,
        is_low=low is not None and low.value is True,
        charge_pct=charge.value if charge else None,
        charge_age_s=now - charge.at if charge else None,
        runtime_s=runtime.value if runtime else None,
        runtime_age_s=now - runtime.at if runtime else None,
        fuel_pct=fuel.value if fuel else None,
        cause=str(cause.value) if cause is not None else "" if says is not None else "nothing was heard of the sensor lately",
    )


def overall(states: Iterable[PowerState]) -> PowerState:
    """The word for the node: battery as soon as one sensor says so, mains when all do; no sensor at all is unknown."""
    found = set(states)
    if PowerState.BATTERY in found:
        return PowerState.BATTERY
    return PowerState.MAINS if found == {PowerState.MAINS} else PowerState.UNKNOWN


def mode_of(one: Sensed) -> PowerMode:
    """What it says of the power axis: a battery whose charge nobody knows is one all the same, and one that is nearly empty by its own
    word is in its last stage whatever its charge."""
    match one.state:
        case PowerState.MAINS:
            return PowerMode.GRID
        case PowerState.BATTERY if one.is_low:
            return PowerMode.LAST_GASP
        case PowerState.BATTERY:
            return PowerMode.BATTERY_FULL if one.charge_pct is None else stage(one.charge_pct)
        case _:
            return PowerMode.UNKNOWN


def next_stale_at(seen: Mapping[str, Observation], now: float) -> float | None:
    """When the first of what still holds does not any more, UTC seconds."""
    return min((_until(one) for one in seen.values() if _holds(one, now)), default=None)


def has_moved(told_pct: float | None, charge_pct: float | None) -> bool:
    """Whether a charge is a new point of the curve."""
    return charge_pct is not None and (told_pct is None or abs(charge_pct - told_pct) >= CURVE_STEP_PCT)


class _Figure(msgspec.Struct, frozen=True):
    value: float
    at: float


def _figure(one: Observation | None, most: float = math.inf) -> _Figure | None:
    if one is None or isinstance(one.value, bool | str) or not 0 <= one.value <= most or math.isinf(one.value):
        return None
    return _Figure(float(one.value), one.observed_at)


def _holds(one: Observation, now: float) -> bool:
    return now < _until(one)


def _until(one: Observation) -> float:
    return one.observed_at + one.stale_after_s
