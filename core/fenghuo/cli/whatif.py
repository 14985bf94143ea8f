"""`fenghuo whatif`: who could not be reached any more if something failed, and what must not fail at all."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.language import sentence_of, sentences_of
from fenghuo.cli.paper import clean, print_json
from fenghuo.client.caller import Caller
from fenghuo.service.problems import Exit

__all__ = ["whatif"]


@click.command()
@click.option("--lose", default="", help="Risk groups or channels, with commas, that fail together; none: every single point of failure.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def whatif(daemon: Caller, *, lose: str, as_json: bool) -> None:
    """Who would be cut off, on the channels, rules and directory as they are now; nothing is changed. Exit 1 if anybody is or would be."""
    names = [name.strip() for name in lose.split(",") if name.strip()]
    data = daemon.call("whatif", lose=names)
    if as_json:
        print_json(data)
    elif names:
        _show_loss(data)
    else:
        _show_points(data)
    is_cut_off = data["already"] or (data["count"] if names else data["single_points"])
    click.get_current_context().exit(Exit.NEGATIVE if is_cut_off else Exit.OK)


def _show_loss(data: dict[str, Any]) -> None:
    for sentence in sentences_of(data):
        click.echo(clean(sentence))
    for loss in data["lost"]:
        click.echo(f"  {clean(loss['says'])}")


def _show_points(data: dict[str, Any]) -> None:
    for sentence in (*sentences_of(data), *map(sentence_of, data["single_points"])):
        click.echo(clean(sentence))
    if not (data["says"] or data["single_points"]):
        click.echo("nothing cuts anybody off by itself")
