"""A plan on paper: who would be reached by what, who would not, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from fenghuo.cli.paper import clean

__all__ = ["show_plan"]


def show_plan(data: dict[str, Any]) -> None:
    """Objectives with their fields, and everything that was left out with its reason."""
    if not data.get("objectives"):
        click.echo("nothing would be sent: no rule fits it, or it names nobody who is known")
    for objective in data.get("objectives") or ():
        click.echo(f"{clean(objective.get('audience', '?'))}:")
        for key, value in objective.items():
            if key not in ("audience", "rungs", "coverage"):
                _tell(key, value, indent=2)
        _show_coverage(objective.get("coverage"))
        _show_rungs(objective.get("rungs") or ())
    for kind in ("unknown", "unclear"):
        for sentence in data.get(kind) or ():
            click.echo(f"{kind}: {clean(sentence)}")
    for left in data.get("left_out") or ():
        _tell("left out", left, indent=0)


def _show_coverage(coverage: dict[str, Any] | None) -> None:
    """How surely they are reached by the deadline, and by which channels, in sentences."""
    if coverage is None:
        return
    click.echo(f"  reached by the deadline: {_line({key: coverage[key] for key in ('target', 'mean', 'lowest', 'lowest_for')})}")
    for plan in coverage["plans"]:
        click.echo(f"    {clean(plan['says'])}")


def _show_rungs(rungs: Iterable[dict[str, Any]]) -> None:
    """A line for each channel of each rung: whether it is up, for how many, its chance, what one message costs."""
    for rung in rungs:
        after = f", {_line(rung['after_s'])} s after" if rung["after_s"] is not None else ""
        head = f"  rung {rung['rung']} ({_line(rung['mode'])}{after})"
        for way in rung["channels"]:
            state = way["health"] if way["admin"] in ("enabled", "absent") else way["admin"]
            click.echo(f"{head}: {clean(way['channel'])} {state}, for {way['recipients']}{_cost(way)}")


def _cost(way: dict[str, Any]) -> str:
    if "p" not in way:
        return ""
    groups = f", with {_line(way['risk_groups'])}" if way["risk_groups"] else ""
    time = f"{way['airtime_s']:g} s on the air, confirmed within {way['arrives_s']:g} s"
    return f", p {way['p']:.4f}{groups}, {time}, {way['fee_fen']:g} fen, {way['joules']:g} J"


def _tell(key: str, value: object, *, indent: int) -> None:
    pad = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        click.echo(f"{pad}{clean(key)}:")
        for item in value:
            click.echo(f"{pad}  - {_line(item)}")
    else:
        click.echo(f"{pad}{clean(key)}: {_line(value)}")


def _line(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{clean(key)} {_line(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_line(item) for item in value)
    return clean(value)
