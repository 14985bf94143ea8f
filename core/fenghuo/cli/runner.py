"""`fenghuo runner …`: sheets of paper that are out, and what comes back with them."""

from __future__ import annotations

import sys

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
    _say(daemon, code, by, level="taken", text="", as_json=as_json)


@runner.command()
@click.argument("code", required=False)
@by_whom
@click.option("--done", is_flag=True, help="What the sheet asks for is done.")
@click.option("--text", default="", help="What else is reported, for example 12/14 households.")
@as_json
@speaks
def receipt(daemon: Caller, *, code: str | None, by: str, done: bool, text: str, as_json: bool) -> None:
    """The sheet CODE is back: a person has read it. Without CODE each line of standard input is one, as a scanner types them."""
    level = "done" if done else "read"
    if code is not None:
        _say(daemon, code, by, level=level, text=text, as_json=as_json)
        return
    failed = False
    for line in filter(str.strip, sys.stdin):
        try:
            _say(daemon, line, by, level=level, text=text, as_json=as_json)
        except CallFailed as failure:
            failed = True
            click.echo(f"? {clean(str(failure))}", err=True)
    click.get_current_context().exit(Exit.NEGATIVE if failed else Exit.OK)


def _say(daemon: Caller, code: str, by: str, *, level: str, text: str, as_json: bool) -> None:
    answer = daemon.call("sheet.receipt", code=code, by=by, level=level, text=text)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['code']} {clean(answer['place'])}: {answer['level']}, {clean(answer['by'])}")
