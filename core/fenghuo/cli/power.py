"""`fenghuo power`: what the node lives on, and how far the battery goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from fenghuo.cli.door import connect, located, speaks
from fenghuo.cli.paper import clean, colour, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["power", "power_line"]

HEADS = ("sensor", "state", "charge", "runtime", "fuel", "since", "cause")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@located
@click.pass_context
def power(ctx: click.Context, *, as_json: bool) -> None:
    """What the node lives on, and for how long: each power sensor, with the age of what it says."""
    if ctx.invoked_subcommand is None:
        _show(connect(ctx.obj), as_json=as_json)


def _show(daemon: Caller, *, as_json: bool) -> None:
    data = daemon.call("status").get("power") or {"state": "unknown", "sensors": []}
    if as_json:
        print_json(data)
        return
    click.echo(power_line(data))
    print_table(HEADS, (_row(one) for one in data["sensors"]))


@power.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def plan(daemon: Caller, *, as_json: bool) -> None:
    """How long the battery lasts, what to shed at which charge, and how many messages each channel can still send."""
    data = daemon.call("power.plan")
    if as_json:
        print_json(data)
        return
    for sentence in data["says"]:
        click.echo(clean(sentence))
    if data["plan"] is not None:
        _print_plan(data["plan"])


def power_line(data: dict[str, Any]) -> str:
    """One line for the node."""
    if not data["sensors"]:
        return "power: unknown; no power sensor has been heard"
    low = ", nearly empty" if any(one["low"] for one in data["sensors"]) else ""
    return f"power: {colour(clean(data['state']), clean(data['state']))}{low}"


def _print_plan(plan: Mapping[str, Any]) -> None:
    heads = ("stage", "charge", "begins in", "lasts", "watts", "to shed")
    print_table(heads, (_stage(one) for one in plan["steps"]))
    counted = sorted(plan["messages"].items())
    if counted:
        print_table(("channel", "messages left of P0", "of all others"), ((name, one["p0"], one["others"]) for name, one in counted))


def _stage(one: Mapping[str, Any]) -> tuple[object, ...]:
    sheds = ", ".join(f"{shed['name']} {shed['before_w']:g} → {shed['after_w']:g} W" for shed in one["sheds"]) or "-"
    charge = f"{one['from_pct']:g} to {one['to_pct']:g} %"
    return (one["stage"], charge, _hours(one["begins_s"]), _hours(one["lasts_s"]), f"{one['watts']:g}", sheds)


def _hours(seconds: float | None) -> str:
    return "no end" if seconds is None else f"{seconds / 3600:.1f} h"


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    state = f"{one['state']}, low" if one["low"] else one["state"]
    charge = _aged(None if one["charge_pct"] is None else f"{one['charge_pct']:g} %", one["charge_age_s"])
    runtime = _aged(None if one["runtime_s"] is None else f"{one['runtime_s']:.0f} s", one["runtime_age_s"])
    name = f"{one['name']} ({one['place']})" if one.get("place") else one["name"]
    fuel = "-" if one.get("fuel_pct") is None else f"{one['fuel_pct']:g} %"
    return (name, state, charge, runtime, fuel, local(one["since"]), one["cause"] or "-")


def _aged(figure: str | None, age_s: float | None) -> str:
    return "unknown" if figure is None or age_s is None else f"{figure}, {age_s:.0f} s old"
