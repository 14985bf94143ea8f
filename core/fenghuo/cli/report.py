"""`fenghuo report`: what an endpoint has to say to whoever is above it."""

from __future__ import annotations

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.verdicts import accepted, refused_here
from fenghuo.cli.words import Word
from fenghuo.client.caller import Caller, CallFailed

__all__ = ["report"]

LEVELS = ("P0", "P1", "P2", "P3", "P4")
TRAFFIC = ("actual", "exercise", "system", "test")


@click.command()
@click.option("--text", required=True, help="What to report.")
@click.option("--prio", "priority", default="P2", show_default=True, type=Word(*LEVELS))
@click.option("--traffic", default="actual", show_default=True, type=Word(*TRAFFIC))
@click.option("--to", multiple=True, default=("person:up",), help="Whom to tell instead of whoever is above.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def report(daemon: Caller, *, text: str, priority: str, traffic: str, to: tuple[str, ...], as_json: bool) -> None:
    """Send a report up and print its id."""
    said = {"to": to, "text": text, "kind": "Report", "priority": priority.upper(), "traffic": traffic.capitalize()}
    try:
        data = daemon.call("message.send", **said)
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    accepted(data, as_json=as_json)
