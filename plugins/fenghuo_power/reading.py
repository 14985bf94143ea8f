"""One reading of a power sensor, whatever it came from, and the observations that it is handed over as."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from fenghuo import Observation

__all__ = ["Reading", "State", "figure", "observations"]

State = Literal["mains", "battery", "unknown"]


class Reading(msgspec.Struct, frozen=True):
    """`charge_pct`: 0 to 100; `runtime_s`: seconds left by the device's own estimate; both None when it does not say.
    `is_low`: the device says that its battery is nearly empty. `cause`: why the state is unknown; `fuel_pct`: of the tank of
    its generator."""

    state: State
    charge_pct: float | None = None
    runtime_s: float | None = None
    is_low: bool = False
    cause: str = ""
    fuel_pct: float | None = None


def observations(reading: Reading, at: float, stale_after_s: float) -> list[Observation]:
    """What the core is told, the state last, so that whoever hears of a change has its figures. A figure that is not there is not told:
    the one before it grows old. `at`: UTC seconds."""
    figures = [("power.charge", reading.charge_pct, "%"), ("power.runtime", reading.runtime_s, "s"), ("power.fuel", reading.fuel_pct, "%")]
    words: list[tuple[str, str | bool]] = [("power.low", reading.is_low), ("power.cause", reading.cause), ("power.state", reading.state)]
    told = [Observation(what, value, unit, at, stale_after_s) for what, value, unit in figures if value is not None]
    return told + [Observation(what, value, "", at, stale_after_s) for what, value in words]


def figure(text: str | None) -> float | None:
    """A number as a device writes it; None for none, for words, for less than nothing."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
