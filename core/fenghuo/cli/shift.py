"""`fenghuo shift …`: who is on duty, the roster, and the hand-over of a shift (交接班). At the machine a person proves who they are by the
act: password and code come from the terminal or standard input, never from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.cli.secrets import proof
from fenghuo.client.caller import Caller
from fenghuo.errors import FormatError
from fenghuo.service.problems import Exit

__all__ = ["shift"]

HEADS = ("id", "person", "role", "post", "state", "from", "until", "began")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NAME = click.argument("name")
ID = click.option("--id", "ident", default="", help="Which shift, where a person has several.")


@click.group()
def shift() -> None:
    """Who is on duty: ls, roster, start, handover, sheet, sign, end."""


@shift.command()
@AS_JSON
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """Who is on duty and who will be; exit 1 where nobody is in a role that the settings ask for."""
    data = daemon.call("shift.ls")
    if as_json:
        print_json(data)
    else:
        print_table(HEADS, [_row(one) for one in data["shifts"]])
        for gap in data["gaps"]:
            click.echo(clean(f"nobody is on duty as {gap['role']} from {local(gap['from'])} until {local(gap['until'])}"))
    click.get_current_context().exit(Exit.NEGATIVE if data["gaps"] else Exit.OK)


@shift.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what is wrong with it; change nothing.")
@AS_JSON
@speaks
def roster(daemon: Caller, *, file: Path, dry_run: bool, as_json: bool) -> None:
    """Put a roster in force (CSV: person, role, from, until, post, areas); with a single fault nothing changes. Exit 65 then."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{file} cannot be read as a UTF-8 CSV file: {error}", code="unreadable", where=str(file)) from error
    data = daemon.call("shift.roster", csv=text, dry_run=dry_run)
    if as_json:
        print_json(data)
    else:
        click.echo(f"{data['planned']} shifts, {'in force' if data['in_force'] else 'nothing changed'}")
        for fault in (*data["faults"], *data["notes"]):
            click.echo(f"  {clean(fault)}", err=True)
    click.get_current_context().exit(Exit.BAD_DATA if data["faults"] else Exit.OK)


@shift.command()
@NAME
@ID
@click.option("--role", default="", help="As a substitute in this role, where no shift is planned now.")
@AS_JSON
@speaks
def start(daemon: Caller, *, name: str, ident: str, role: str, as_json: bool) -> None:
    """Begin the shift of NAME that is planned now."""
    _print(daemon.call("shift.start", id=ident, role=role, **proof(name)), as_json)


@shift.command()
@NAME
@ID
@click.option("--note", default="", help="What the next one must know beside what the log says.")
@AS_JSON
@speaks
def handover(daemon: Caller, *, name: str, ident: str, note: str, as_json: bool) -> None:
    """Draw up the hand-over sheet of the shift of NAME; the next one signs it: fenghuo shift sign."""
    data = daemon.call("shift.handover", id=ident, note=note, **proof(name))
    if as_json:
        print_json(data)
        return
    _print_sheet(data["sheet"])
    click.echo(clean(f"the next one signs this: fenghuo shift sign NAME {data['id']} {data['digest']}"))


@shift.command()
@click.argument("ident", metavar="ID")
@AS_JSON
@speaks
def sheet(daemon: Caller, *, ident: str, as_json: bool) -> None:
    """The hand-over sheet of a shift, and by which digest it is signed."""
    data = daemon.call("shift.sheet", id=ident)
    if as_json:
        print_json(data)
        return
    _print_sheet(data["sheet"])
    signed = f"signed by {data['signed_by']}" if data["signed_by"] else "not signed yet"
    click.echo(clean(f"{signed}; its digest is {data['digest']}"))


@shift.command()
@NAME
@click.argument("ident", metavar="ID")
@click.argument("digest")
@AS_JSON
@speaks
def sign(daemon: Caller, *, name: str, ident: str, digest: str, as_json: bool) -> None:
    """Take the shift ID over as NAME, by signing the sheet with this digest."""
    _print(daemon.call("shift.sign", id=ident, digest=digest, **proof(name)), as_json)


@shift.command()
@NAME
@ID
@click.option("--reason", required=True, help="Why nobody takes it over; it stands in the audit.")
@AS_JSON
@speaks
def end(daemon: Caller, *, name: str, ident: str, reason: str, as_json: bool) -> None:
    """End a shift without a hand-over: the own one of NAME, or as chief or leader on duty that of somebody who cannot."""
    _print(daemon.call("shift.end", id=ident, reason=reason, **proof(name)), as_json)


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    began = local(one["began"]) if one["began"] else "-"
    return (one["id"], one["person"], one["role"], one["post"] or "-", one["state"], local(one["from"]), local(one["until"]), began)


def _print(data: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(data)
    else:
        click.echo(clean(f"{data['person']} is {data['state']} as {data['role']}, until {local(data['until'])} (shift {data['id']})"))


def _print_sheet(sheet: dict[str, Any]) -> None:
    for head, value in sheet.items():
        lines = value if isinstance(value, list) else [value]
        count = f" {len(lines)}:" if isinstance(value, list) else ""
        click.echo(clean(f"{head.replace('_', ' ')}:{count}"))
        for line in lines:
            click.echo("  " + clean(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)))
