"""`fenghuo report`: what an endpoint has to say to whoever is above it."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.verdicts import accepted, refused_here
from fenghuo.cli.words import Word
from fenghuo.client.caller import Caller, CallFailed

__all__ = ["report"]

LEVELS = ("P0", "P1", "P2", "P3", "P4")
NOBODY = (
    "it would reach nobody: [endpoint] up names whom this node reports to, with an address that one of its channels takes;"
    " a node with rules of its own needs one that tells a Report to somebody, and --to names a person, organisation or role"
)
SCREEN = "post.screen"
TRAFFIC = ("actual", "exercise", "system", "test")


@click.command()
@click.option("--text", required=True, help="What to report.")
@click.option("--prio", "priority", default="P2", show_default=True, type=Word(*LEVELS))
@click.option("--traffic", default="actual", show_default=True, type=Word(*TRAFFIC))
@click.option("--to", multiple=True, default=("person:up",), help="Whom to tell instead of whoever is above.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def report(daemon: Caller, *, text: str, priority: str, traffic: str, to: tuple[str, ...], as_json: bool) -> None:
    """Send a report up and print its id; 65 where it would reach nobody."""
    said = {"to": to, "text": text, "kind": "Report", "priority": priority.upper(), "traffic": traffic.capitalize()}
    try:
        if _goes_nowhere(daemon, said):
            raise CallFailed("refused", NOBODY, err={"reason": "nobody-above", "where": "to"})
        data = daemon.call("message.send", **said)
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    accepted(data, as_json=as_json)


def _goes_nowhere(daemon: Caller, said: dict[str, Any]) -> bool:
    """Whether the rules tell it to nobody but this node's own screen; a channel that is down now is waited for."""
    try:
        objectives = daemon.call("message.send", **said, dry_run=True)["objectives"]
    except CallFailed as failure:
        if failure.code != "bad-request":
            raise
        return False  # HTTP has no dry run
    channels = (channel for objective in objectives for rung in objective["rungs"] for channel in rung["channels"])
    ways = {channel["channel"] for channel in channels if channel["recipients"]}
    return not ways - {row["name"] for row in daemon.call("channel.ls") if row["type"] == SCREEN}
