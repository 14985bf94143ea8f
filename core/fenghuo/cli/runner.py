"""`fenghuo runner …`: sheets of paper that are out, and what comes back with them."""

from __future__ import annotations

import sys
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller, CallFailed
from fenghuo.service.problems import Exit

__all__ = ["runner"]

HEADS = ("code", "prio", "place", "recipient", "evidence", "by", "at")

by_whom = click.option("--by", required=True, help="Who took it: a name.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def runner() -> None:
    """Task sheets on paper: `ls` shows which are out, `take` who carries one, `receipt` that one is back."""


@runner.command()
@click.option("--all", "shows_all", is_flag=True, help="Those that are back too.")
@as_json
@speaks
def ls(daemon: Caller, *, shows_all: bool, as_json: bool) -> None:
    """Sheets that came out and are not back, newest first, each with whoever had it last."""
    rows = daemon.call("sheet.ls", all=shows_all)
    if as_json:
        print_json(rows)
        return
    names = ("code", "priority", "place", "recipient", "evidence", "by")
    print_table(HEADS, ([*(row[name] for name in names), local(row["at"])] for row in rows))


@runner.command()
@click.argument("code")
@by_whom
@as_json
@speaks
def take(daemon: Caller, *, code: str, by: str, as_json: bool) -> None:
    """Somebody sets out with the sheet CODE."""
    _say(daemon, code, by, as_json=as_json, level="taken", text="")


@runner.command()
@click.argument("code", required=False)
@by_whom
@click.option("--done", is_flag=True, help="What the sheet asks for is done.")
@click.option("--text", default="", help="What else is reported, for example 12/14 households.")
@click.option("--missed", multiple=True, help="On a sheet for many: a number or a place where nobody was met; may be repeated.")
@as_json
@speaks
def receipt(daemon: Caller, *, code: str | None, by: str, as_json: bool, done: bool, **said: Any) -> None:
    """The sheet CODE is back: a person has read it. Without CODE each line of standard input is one, as a scanner types them."""
    level = "done" if done else "read"
    if code is not None:
        _say(daemon, code, by, as_json=as_json, level=level, **said)
        return
    failed = False
    for line in filter(str.strip, sys.stdin):
        try:
            _say(daemon, line, by, as_json=as_json, level=level, **said)
        except CallFailed as failure:
            failed = True
            click.echo(f"? {clean(str(failure))}", err=True)
    click.get_current_context().exit(Exit.NEGATIVE if failed else Exit.OK)


def _say(daemon: Caller, code: str, by: str, *, as_json: bool, **said: Any) -> None:
    answer = daemon.call("sheet.receipt", code=code, by=by, **said)
    if as_json:
        print_json(answer)
    else:
        where = answer["place"] if answer["delivery"] is not None else answer["recipient"]
        click.echo(f"{answer['code']} {clean(where)}: {answer['level']}, {clean(answer['by'])}")
