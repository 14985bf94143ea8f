"""`fenghuo road …`: what is reported of roads, water and air, who can be reached how soon, and what everything hangs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.service.problems import Exit

__all__ = ["road"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
BY_HELP = "With commas: road, water, air, foot; all by default."


@click.group()
def road() -> None:
    """Roads, water and air: cut, restrict, open, unknown, ls, reach, isolated, bridges, place."""


def _told(command: Callable[..., None]) -> click.Command:
    """What every report takes."""
    command = as_json(speaks(command))
    command = click.option("--reason", default="", help="In the words of whoever says so.")(command)
    command = click.option("--for", "minutes", type=float, help="Minutes for which this word holds.")(command)
    command = click.option("--until", default="", help="Until when it holds, as 2026-11-26T20:00:00+08:00.")(command)
    command = click.argument("segment")(command)
    return road.command()(command)


@_told
def cut(daemon: Caller, *, as_json: bool, **said: Any) -> None:
    """Nobody gets through SEGMENT: a name (沙鹿公路), ends (沙溪-璜泾), an id, or all of a layer (air). For a day if nothing is said."""
    _report(daemon, "cut", said, as_json=as_json)


@_told
def unknown(daemon: Caller, *, as_json: bool, **said: Any) -> None:
    """Nobody knows whether SEGMENT can be used: an arrival over it becomes an interval."""
    _report(daemon, "unknown", said, as_json=as_json)


@_told
def open(daemon: Caller, *, as_json: bool, **said: Any) -> None:  # noqa: A001  # the word of the command
    """SEGMENT can be used again; without an end, whatever was said of it is settled."""
    _report(daemon, "open", said, as_json=as_json)


@road.command()
@click.argument("segment")
@click.option(
    "--factor", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.5, show_default=True, help="Of the usual speed."
)
@click.option("--until", default="", help="Until when it holds, as 2026-11-26T20:00:00+08:00.")
@click.option("--for", "minutes", type=float, help="Minutes for which this word holds.")
@click.option("--reason", default="", help="In the words of whoever says so.")
@as_json
@speaks
def restrict(daemon: Caller, *, as_json: bool, **said: Any) -> None:
    """One gets through SEGMENT, and slowly."""
    _report(daemon, "restricted", said, as_json=as_json)


@road.command()
@as_json
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """What is reported, and of which map."""
    data = daemon.call("road.ls")
    if as_json:
        print_json(data)
        return
    click.echo(f"map {data['map']}: {data['places']} places, {data['segments']} segments, {data['unverified']} rows unverified (未核实)")
    print_table(("subject", "name", "state", "until", "by", "reason"), (_row(one) for one in data["reports"]))


@road.command()
@click.argument("places", nargs=-1, required=True, metavar="[FROM] TO")
@click.option("--by", default="", help=BY_HELP)
@as_json
@speaks
def reach(daemon: Caller, *, places: tuple[str, ...], by: str, as_json: bool) -> None:
    """When somebody from FROM, or from the nearest base, can be at TO. Exit 1 if there is no way."""
    if len(places) > 2:  # FROM TO
        raise click.UsageError("give one place, or where from and where to")
    data = daemon.call("road.reach", to=places[-1], start=places[0] if len(places) > 1 else "", by=_words(by))
    if as_json:
        print_json(data)
    else:
        click.echo(clean(data["says"]))
        print_table(("minutes", "over"), ([leg["minutes"], leg["name"]] for leg in data["legs"]))
    click.get_current_context().exit(Exit.OK if data["earliest_min"] is not None else Exit.NEGATIVE)


@road.command()
@as_json
@speaks
def isolated(daemon: Caller, *, as_json: bool) -> None:
    """Who is cut off (孤岛), or may be, and how to get there all the same. Exit 1 if somebody surely is."""
    rows = daemon.call("road.isolated")
    if as_json:
        print_json(rows)
    for one in () if as_json else rows:
        click.echo(clean(one["says"]))
    click.get_current_context().exit(Exit.NEGATIVE if any(one["reach"] != "doubtful" for one in rows) else Exit.OK)


@road.command()
@click.option("--layer", default="road", show_default=True, type=click.Choice(("road", "water", "air", "foot")), help="Of which layer.")
@as_json
@speaks
def bridges(daemon: Caller, *, layer: str, as_json: bool) -> None:
    """Segments on which somebody hangs alone: before the storm, what to watch."""
    rows = daemon.call("road.bridges", layer=layer)
    if as_json:
        print_json(rows)
        return
    print_table(("segment", "name"), ([one["segment"], one["name"]] for one in rows))


@road.command()
@click.option("--from", "start", default="", help="Where the vehicle stands; the nearest base by default.")
@click.option("--radius", "radius_km", type=click.FloatRange(0, 200, min_open=True), default=10.0, show_default=True, help="Kilometres.")
@click.option("--by", default="", help="With commas, what it can use beside the road: water, air.")
@click.option("--all", "every", is_flag=True, help="For whoever waits, not only those whom no working channel can reach.")
@as_json
@speaks
def place(daemon: Caller, *, by: str, as_json: bool, **wanted: Any) -> None:
    """Where to send the mobile base station, so that most open objectives become reachable. Exit 1 if no site helps anybody."""
    data = daemon.call("road.place", by=_words(by), **wanted)
    if as_json:
        print_json(data)
    else:
        click.echo(clean(data["says"]))
        heads = ("site", "arrival", "objectives", "recipients", "people", "mean km", "covers")
        print_table(heads, (_site(one) for one in data["proposals"]))
    click.get_current_context().exit(Exit.OK if data["proposals"] else Exit.NEGATIVE)


def _site(one: dict[str, Any]) -> tuple[object, ...]:
    return (one["name"], one["arrival"], one["objectives"], one["recipients"], one["people"], one["mean_km"], "、".join(one["covers"]))


def _report(daemon: Caller, state: str, said: dict[str, Any], *, as_json: bool) -> None:
    minutes = said.pop("minutes")
    times = {} if minutes is None else {"for_s": minutes * 60.0}
    data = daemon.call("road.report", state=state, **said, **times)
    if as_json:
        print_json(data)
        return
    click.echo(clean(f"{data['name']}: {data['state']}"))
    for one in data["isolated"]:
        click.echo(clean(one["says"]))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    state = one["state"] + (f" {one['factor']:g}" if one["state"] == "restricted" else "") + ("" if one["holds"] else ", over: unknown")
    return (one["subject"], one["name"], state, local(one["until"]), one["source"], one["reason"])
