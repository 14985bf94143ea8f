"""What the variables of a UPS mean. Source: RFC 9271 and the NUT developer guide (ups.status, battery.charge, battery.runtime)."""

from __future__ import annotations

from collections.abc import Mapping

from fenghuo_power.reading import Reading, State, figure

__all__ = ["nut_reading"]


def nut_reading(variables: Mapping[str, str], fuel: str = "") -> Reading:
    """`fuel`: the variable that tells the percent in the tank of a generator, for which NUT has no name of its own.

    A UPS that says neither OL nor OB (WAIT, OFF, nothing) says nothing of the mains; one that says both is on battery."""
    words = frozenset(variables.get("ups.status", "").split())
    state: State = "battery" if "OB" in words else "mains" if "OL" in words else "unknown"
    charge, tank = figure(variables.get("battery.charge")), figure(variables.get(fuel))
    return Reading(
        state=state,
        charge_pct=charge if charge is not None and charge <= 100 else None,
        fuel_pct=tank if tank is not None and tank <= 100 else None,
        runtime_s=figure(variables.get("battery.runtime")),
        is_low=bool(words & {"LB", "FSD"}),
        cause=f'ups.status "{" ".join(sorted(words))}" says neither OL nor OB' if state == "unknown" else "",
    )
