"""`fenghuo directory …`: the CSV files of who is who."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.errors import FormatError
from fenghuo.service.problems import Exit

__all__ = ["directory"]


@click.group()
def directory() -> None:
    """Who is who: import, check; proven: who can be reached how."""


@directory.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would hold; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def import_(daemon: Caller, *, folder: Path, dry_run: bool, as_json: bool) -> None:
    """Put the CSV files of FOLDER in force; with a single fault nothing changes. Exit 65 when there are faults."""
    _tell(daemon.call("directory.import", files=_files(folder), dry_run=dry_run), as_json=as_json)


@directory.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, folder: Path, as_json: bool) -> None:
    """Every fault of the CSV files of FOLDER, without a daemon. Exit 65 when there are any."""
    from fenghuo.cli.logs import quiet_logs
    from fenghuo.formats.directory_csv import read_directory
    from fenghuo.plugin.host import load_plugins

    quiet_logs()
    kinds: dict[str, Callable[[str], str]] = {name: kind.normalise for name, kind in load_plugins().address_kinds.items()}
    found, faults = read_directory(_files(folder), kinds)
    counts = {name: len(getattr(found, name)) for name in ("orgs", "roles", "persons", "contacts", "areas")}
    notes = {"faults": [str(one) for one in faults if not one.is_note], "notes": [str(one) for one in faults if one.is_note]}
    _tell({"digest": found.digest, **counts, **notes}, as_json=as_json)


@directory.command()
@click.option("--recipient", default="", help="Only this person or post, by id.")
@click.option("--channel", default="", help="Only this channel.")
@click.option("--age", type=click.Choice(("green", "amber", "red")), help="Only ways that are so: proven, proven long ago, never proven.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def proven(daemon: Caller, *, as_json: bool, **wanted: str | None) -> None:
    """When each way to every person and post last carried something to its end: green within a week, then amber, red if never."""
    rows: list[dict[str, Any]] = daemon.call("directory.proven", **{name: value for name, value in wanted.items() if value})
    if as_json:
        print_json(rows)
        return
    heads = ("recipient", "name", "channel", "age", "proven", "level", "chance")
    lines = ([local(row[head]) if head == "proven" and row[head] else row[head] for head in heads] for row in rows)
    print_table(heads, lines)


def _files(folder: Path) -> dict[str, str | bytes]:
    try:
        files: dict[str, str | bytes] = {file.name: file.read_text(encoding="utf-8-sig") for file in sorted(folder.glob("*.csv"))}
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{folder} cannot be read as UTF-8 CSV files: {error}", code="unreadable", where=str(folder)) from error
    if not files:
        raise FormatError(f"{folder} holds no CSV file", code="unreadable", where=str(folder))
    return files


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        counts = ", ".join(f"{report[name]} {name}" for name in ("orgs", "persons", "contacts", "areas"))
        click.echo(f"{counts}; digest {report['digest'][:16]}")
        for fault in (*report["faults"], *report.get("notes", ())):
            click.echo(f"  {clean(fault)}", err=True)
    click.get_current_context().exit(Exit.BAD_DATA if report["faults"] else Exit.OK)
