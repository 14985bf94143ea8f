"""What the variables of a UPS mean. Source: RFC 9271 and the NUT developer guide (ups.status, battery.charge, battery.runtime)."""

from __future__ import annotations

from collections.abc import Mapping

from fenghuo_power.reading import Reading, State, figure

__all__ = ["nut_reading"]


def nut_reading(variables: Mapping[str, str]) -> Reading:
    """A UPS that says neither OL nor OB (WAIT, OFF, nothing) says nothing of the mains; one that says both is on battery."""
    words = frozenset(variables.get("ups.status", "").split())
    state: State = "battery" if "OB" in words else "mains" if "OL" in words else "unknown"
    charge = figure(variables.get("battery.charge"))
    return Reading(
        state=state,
        charge_pct=charge if charge is not None and charge <= 100 else None,
        runtime_s=figure(variables.get("battery.runtime")),
        is_low=bool(words & {"LB", "FSD"}),
        cause=f'ups.status "{" ".join(sorted(words))}" says neither OL nor OB' if state == "unknown" else "",
    )
