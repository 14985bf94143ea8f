"""`fenghuo power`."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, colour, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["power", "power_line"]

HEADS = ("sensor", "state", "charge", "runtime", "since", "cause")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def power(daemon: Caller, *, as_json: bool) -> None:
    """What the node lives on, and for how long: each power sensor, with the age of what it says."""
    data = daemon.call("status").get("power") or {"state": "unknown", "sensors": []}
    if as_json:
        print_json(data)
        return
    click.echo(power_line(data))
    print_table(HEADS, (_row(one) for one in data["sensors"]))


def power_line(data: dict[str, Any]) -> str:
    """One line for the node."""
    if not data["sensors"]:
        return "power: unknown; no power sensor has been heard"
    low = ", nearly empty" if any(one["low"] for one in data["sensors"]) else ""
    return f"power: {colour(clean(data['state']), clean(data['state']))}{low}"


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    state = f"{one['state']}, low" if one["low"] else one["state"]
    charge = _aged(None if one["charge_pct"] is None else f"{one['charge_pct']:g} %", one["charge_age_s"])
    runtime = _aged(None if one["runtime_s"] is None else f"{one['runtime_s']:.0f} s", one["runtime_age_s"])
    return (one["name"], state, charge, runtime, local(one["since"]), one["cause"] or "-")


def _aged(figure: str | None, age_s: float | None) -> str:
    return "unknown" if figure is None or age_s is None else f"{figure}, {age_s:.0f} s old"
