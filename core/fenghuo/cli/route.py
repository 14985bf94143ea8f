"""`fenghuo route …`: what the rules make of a message, without sending it."""

from __future__ import annotations

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, print_json
from fenghuo.cli.plan import show_plan
from fenghuo.cli.reading import raw_of
from fenghuo.client.caller import Caller
from fenghuo.service.problems import Exit

__all__ = ["route"]


@click.group()
def route() -> None:
    """Rules: explain what would happen to a message, lint."""


@route.command()
@click.argument("file")
@click.option("--media-type", default="", help="What the file is; by default it is looked at.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def explain(daemon: Caller, *, file: str, media_type: str, as_json: bool) -> None:
    """Whom FILE (`-` for stdin) would reach by what, and which channels are left out and why; nothing is kept or sent."""
    data = daemon.call("route.explain", raw=raw_of(file), media_type=media_type)
    print_json(data) if as_json else show_plan(data)


@route.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def lint(daemon: Caller, *, as_json: bool) -> None:
    """Faults of rules and ladders on the channels this node has; exit 1 when there are any."""
    data = daemon.call("route.lint")
    if as_json:
        print_json(data)
    for fault in () if as_json else data["faults"]:
        click.echo(clean(fault))
    click.get_current_context().exit(Exit.NEGATIVE if data["faults"] else Exit.OK)
