"""`fenghuo mode …`: what is missing of power, network and road (三无), what a person declares about it, and what came of each change."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["mode"]

HEADS = ("place", "axis", "mode", "since", "declared by", "until", "sensed", "why")
AXIS = click.argument("axis", type=click.Choice(["power", "network", "road"]))
PLACE = click.option("--place", default="", help="Area code, or the id of an organisation; the node itself by default.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def mode() -> None:
    """Modes of power, network and road, of the node, its sites and areas: ls, show, declare, end, log."""


@mode.command()
@AS_JSON
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """What holds, and who says so."""
    data = daemon.call("mode.ls")
    if as_json:
        print_json(data)
        return
    print_table(HEADS, map(_row, data["stands"]))
    for place in data["sanwu"]:
        click.echo(clean(f"{place or 'the node'} has no power, no network and no road (三无)"))


@mode.command()
@AS_JSON
@speaks
def show(daemon: Caller, *, as_json: bool) -> None:
    """What each profile does, and what the modes of the node do now."""
    data = daemon.call("mode.show")
    if as_json:
        print_json(data)
        return
    for profile in data["profiles"]:
        click.echo(clean(f"{profile['axis']} {profile['mode']}"))
        for part in ("automatic", "declared"):
            click.echo(clean(f"  {part}: {_said(profile[part])}"))
    click.echo(clean(f"in force at the node: {_said(data['node'])}"))


@mode.command()
@AXIS
@click.argument("name", metavar="MODE")
@click.option("--reason", required=True, help="Why; it stands in the audit.")
@click.option("--for", "hours", type=click.FloatRange(0, 72, min_open=True), required=True, help="Hours until it expires.")
@PLACE
@AS_JSON
@speaks
def declare(daemon: Caller, *, name: str, hours: float, as_json: bool, **told: str) -> None:
    """Declare that AXIS is in MODE, whatever is sensed; open objectives are planned anew. `mode log` says what moved."""
    data = daemon.call("mode.declare", mode=name, lasts_s=hours * 3600.0, **told)
    if as_json:
        print_json(data)
    else:
        click.echo(clean(f"{data['axis']} of {data['place'] or 'the node'} is {data['mode']} until {local(data['until'])}"))
        _print_difference(daemon)


@mode.command()
@AXIS
@click.option("--reason", default="", help="Why; it stands in the audit.")
@PLACE
@AS_JSON
@speaks
def end(daemon: Caller, *, axis: str, reason: str, place: str, as_json: bool) -> None:
    """End a declaration before it expires; what is sensed holds again. Without one: forget a bad mode that nobody says any more."""
    data = daemon.call("mode.end", axis=axis, reason=reason, place=place)
    if as_json:
        print_json(data)
    else:
        click.echo(clean(f"{axis} of {place or 'the node'} is {data['mode']}"))
        _print_difference(daemon)


@mode.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="The newest so many.")
@AS_JSON
@speaks
def log(daemon: Caller, *, limit: int, as_json: bool) -> None:
    """Every change of modes, and which objective moved from which channel to which, and why."""
    rows: list[dict[str, Any]] = daemon.call("mode.log", limit=limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        for line in _lines(row):
            click.echo(clean(line))


def _print_difference(daemon: Caller) -> None:
    """What the change has moved; of thousands of recipients the last are planned anew a little later."""
    rows: list[dict[str, Any]] = daemon.call("mode.log", limit=1)
    if not rows or rows[-1]["type"] != "mode.replanned":
        click.echo("what is open is being planned anew; `fenghuo mode log` says what moved")
        return
    for line in _lines(rows[-1])[1:] or ["nothing that is open moved"]:
        click.echo(clean(line.strip()))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    sensed = f"{one['sensed']}, nobody says so any more" if one["stale"] and one["sensed"] != "unknown" else one["sensed"]
    since = local(one["since"]) if one["since"] else "-"
    until = local(one["until"]) if one["until"] else "-"
    return (one["place"] or "the node", one["axis"], one["mode"], since, one["by"] or "-", until, sensed, "; ".join(one["why"]) or "-")


def _said(overlay: dict[str, Any]) -> str:
    """What differs from nothing."""
    plain: dict[str, object] = {"escalate": 1.0, "probe_every": 1.0, "rendition": "full"}
    return ", ".join(f"{name} {_value(value)}" for name, value in overlay.items() if value and value != plain.get(name)) or "nothing"


def _value(value: object) -> str:
    match value:
        case dict():
            return " ".join(f"{name}={one}" for name, one in value.items())
        case list() | tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _lines(row: dict[str, Any]) -> list[str]:
    at = local(row["at"])
    match row["type"]:
        case "mode.changed":
            by = f" by {row['by']}" if row["by"] else ""
            why = "; ".join(filter(None, [*row["why"], row["reason"]]))
            return [f"{at}  {row['axis']} of {row['place'] or 'the node'}: {row['before']} → {row['after']}{by}: {why or '-'}"]
        case "mode.replanned":
            moved = [
                f"    objective {one['objective']}: {one['recipients']} from {one['before']} to {one['after']}: {one['why']}"
                for one in row["moves"]
            ]
            more = [f"    and {row['unlisted']} more"] if row["unlisted"] else []
            return [f"{at}  re-planned, {row['moved']} moved", *moved, *more]
        case "alarm.sanwu":
            return [f"{at}  {row['message']}"]
        case _:
            return [f"{at}  三无 is over: {row['place'] or 'the node'}"]
