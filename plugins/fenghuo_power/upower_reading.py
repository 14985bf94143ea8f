"""What the devices of UPower mean together. Source: UPower 1.0 reference, org.freedesktop.UPower.Device (Type, State, WarningLevel)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fenghuo_power.reading import Reading, State

__all__ = ["upower_reading"]

Properties = Mapping[str, object]

BATTERY, UPS = 2, 3
DISCHARGING, EMPTY = 2, 3
LOW = 3
"""And whatever is worse: critical, action."""


def upower_reading(node: Properties, devices: Sequence[Properties]) -> Reading:
    """Batteries of mice and telephones (PowerSupply false) are none of this node's. One that discharges is what it lives on, whatever
    `OnBattery` says; of several the weakest gives charge and runtime."""
    own = [one for one in devices if one.get("PowerSupply") is True]
    batteries = [one for one in own if one.get("Type") in (BATTERY, UPS) and one.get("IsPresent") is not False]
    state = _state(node, own, batteries)
    return Reading(
        state=state,
        charge_pct=_weakest(batteries, "Percentage", most=100.0),
        runtime_s=_weakest([one for one in batteries if one.get("TimeToEmpty")], "TimeToEmpty"),
        is_low=any(_number(one.get("WarningLevel")) >= LOW for one in batteries),
        cause="" if state != "unknown" else _cause(node, own),
    )


def _state(node: Properties, own: Sequence[Properties], batteries: Sequence[Properties]) -> State:
    if node.get("OnBattery") is True or any(one.get("State") in (DISCHARGING, EMPTY) for one in batteries):
        return "battery"
    return "mains" if node.get("OnBattery") is False and own else "unknown"


def _weakest(batteries: Sequence[Properties], name: str, most: float = math.inf) -> float | None:
    figures = [_number(one.get(name)) for one in batteries]
    return min((one for one in figures if 0 <= one <= most and math.isfinite(one)), default=None)


def _number(value: object) -> float:
    """NaN for what is none, which no comparison holds for."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _cause(node: Properties, own: Sequence[Properties]) -> str:
    if not own:
        return "UPower knows no power supply of this machine"
    return f"UPower says OnBattery {node.get('OnBattery', 'nothing')}, which is neither true nor false"
