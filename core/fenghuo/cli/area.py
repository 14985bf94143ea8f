"""`fenghuo area …`: the areas that a message may name, and layers of official boundaries for the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.errors import FormatError
from fenghuo.service.problems import Exit

__all__ = ["area"]

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
LAYER_HEADS = ("layer", "areas", "points", "source", "date", "审图号", "imported", "by")


@click.group()
def area() -> None:
    """Areas and their official boundaries: ls, import, layers, drop."""


@area.command()
@click.argument("words", default="")
@click.option("--level", type=click.Choice(("county", "town", "village")), default=None, help="Only this level.")
@AS_JSON
@speaks
def ls(daemon: Caller, *, words: str, level: str | None, as_json: bool) -> None:
    """Areas of the directory whose name or code has WORDS, each by both lists of codes, and whose boundary of it was imported."""
    rows: list[dict[str, Any]] = daemon.call("area.ls", words=words, level=level or "", limit=5000)
    drawn = {one["area"]: layer["name"] for layer in reversed(daemon.call("layer.ls")) for one in layer["areas"]}
    found = [{**row, "layer": drawn.get(row["area"], drawn.get(row["other"] or "", ""))} for row in rows]
    if as_json:
        print_json(found)
        return
    heads = ("area", "name", "level", "other", "people", "layer")
    print_table(heads, [["-" if row[head] in (None, "") else row[head] for head in heads] for row in found])


@area.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Whose lines they are; stands on the map.")
@click.option("--date", required=True, help="Of which day the lines are, as 2026-07-15; stands on the map.")
@click.option("--crs", required=True, type=click.Choice(("wgs84", "cgcs2000", "gcj02")), help="What the coordinates are in; never guessed.")
@click.option("--approval", default="", help="Its review number (审图号), for the corner of the map.")
@click.option("--system", type=click.Choice(("mca", "nbs")), help="The list of codes that do not say theirs.")
@click.option("--code-field", "code", default="code", show_default=True, help="The property that holds the code.")
@click.option("--name-field", "title", default="name", show_default=True, help="The property that holds the name.")
@click.option("--name", default="", help="What the layer is called here; the name of the file by default. One of this name is replaced.")
@click.option("--dry-run", is_flag=True, help="Say what it would hold; change nothing.")
@AS_JSON
@speaks
def import_(daemon: Caller, *, file: Path, name: str, system: str | None, as_json: bool, **told: Any) -> None:
    """Draw the boundaries of FILE (GeoJSON) on the map; with a single fault nothing changes. Exit 65 when there are faults."""
    called = name or file.stem.lower().replace("_", "-")
    report = daemon.call("layer.import", geojson=_text(file), name=called, system=system or "", **told)
    if as_json:
        print_json(report)
    else:
        names = ", ".join(f"{one['area']} {one['name']}" for one in report["areas"])
        end = f"kept: {names}" if report["kept"] else "nothing is kept"
        click.echo(clean(f"layer {report['name']}: {len(report['areas'])} areas, {report['points']} corners; {end}"))
        for line in (*report["faults"], *report["notes"]):
            click.echo(f"  {clean(line)}", err=True)
    click.get_current_context().exit(Exit.BAD_DATA if report["faults"] else Exit.OK)


@area.command()
@AS_JSON
@speaks
def layers(daemon: Caller, *, as_json: bool) -> None:
    """The layers that were imported, the newest first: it counts where two have the same area."""
    rows: list[dict[str, Any]] = daemon.call("layer.ls")
    if as_json:
        print_json(rows)
        return
    keys = ("points", "source", "date", "approval", "imported", "by")
    print_table(LAYER_HEADS, [[row["name"], len(row["areas"]), *(row[key] or "-" for key in keys)] for row in rows])


@area.command()
@click.argument("name")
@speaks
def drop(daemon: Caller, *, name: str) -> None:
    """Forget the layer NAME; the map draws its schematic again where nothing else covers it."""
    gone = daemon.call("layer.drop", name=name)
    click.echo(clean(f"layer {gone['name']} of {gone['source']} is gone: {len(gone['areas'])} areas are drawn as a schematic again"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{file} cannot be read as GeoJSON in UTF-8: {error}", code="unreadable", where=str(file)) from error
