"""What the kernel's power supplies mean together. Source: Documentation/ABI/testing/sysfs-class-power of Linux."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fenghuo_power.reading import Reading, State, figure

__all__ = ["ATTRIBUTES", "Supply", "supply_reading"]

Supply = Mapping[str, str]
"""Attributes of one supply, by the names of their files."""

ATTRIBUTES = (
    *("type", "scope", "online", "present", "status", "capacity", "capacity_level", "time_to_empty_now"),
    *("energy_now", "power_now", "charge_now", "current_now"),
)
_LOW = ("Critical", "Low")
_HOUR_S = 3600.0


def supply_reading(supplies: Sequence[Supply]) -> Reading:
    """All supplies of the machine; a battery of a mouse (scope Device) is none of them. The weakest battery gives charge and runtime:
    better too early than too late. A battery that discharges beside a plug in use is what the machine lives on."""
    own = [one for one in supplies if one.get("scope") != "Device" and one.get("present") != "0"]
    batteries = [one for one in own if one.get("type") in ("Battery", "UPS")]
    state = _state(batteries, [one.get("online") for one in own if one.get("type") in ("Mains", "USB", "Wireless")])
    return Reading(
        state=state,
        charge_pct=_weakest([_share(one) for one in batteries]),
        runtime_s=_weakest([_runtime_s(one) for one in batteries if one.get("status") == "Discharging"]),
        is_low=any(one.get("capacity_level") in _LOW for one in batteries),
        cause="" if state != "unknown" else _cause(own),
    )


def _state(batteries: Sequence[Supply], plugs: Sequence[str | None]) -> State:
    statuses = [one.get("status") for one in batteries]
    if "Discharging" in statuses:
        return "battery"
    if any(plug not in (None, "0") for plug in plugs):
        return "mains"
    if plugs:
        return "battery" if batteries and set(plugs) == {"0"} else "unknown"
    return "mains" if any(status in ("Charging", "Full") for status in statuses) else "unknown"


def _runtime_s(battery: Supply) -> float | None:
    """By its own word, else what is left over what flows: µWh and µW, or µAh and µA, which some drivers give a sign."""
    told = figure(battery.get("time_to_empty_now"))
    if told:
        return told
    for left, flow in (("energy_now", "power_now"), ("charge_now", "current_now")):
        amount, rate = figure(battery.get(left)), figure(battery.get(flow, "").lstrip("-"))
        if amount is not None and rate:
            return amount / rate * _HOUR_S
    return None


def _weakest(figures: Sequence[float | None]) -> float | None:
    return min((one for one in figures if one is not None), default=None)


def _share(battery: Supply) -> float | None:
    value = figure(battery.get("capacity"))
    return value if value is not None and value <= 100 else None


def _cause(supplies: Sequence[Supply]) -> str:
    if not supplies:
        return "the kernel shows no power supply"
    said = ", ".join(f"{one.get('type', '?')} {one.get('status') or one.get('online') or '?'}" for one in supplies)
    return f"these supplies do not say what the machine lives on: {said}"
