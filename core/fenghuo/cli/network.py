"""`fenghuo network`: what is left of the ways to each place."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["network"]

HEADS = ("place", "name", "network", "ways", "since", "up", "lost", "spare", "if what others say is true")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def network(daemon: Caller, *, as_json: bool) -> None:
    """What is left of the ways to this node's places: full, degraded or isolated, by how many ways share no risk group."""
    rows: list[dict[str, Any]] = daemon.call("network.ls")
    if as_json:
        print_json(rows)
        return
    print_table(HEADS, (_row(one) for one in rows))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    reported = f"{one['reported']} ({', '.join(one['by'])})" if one["by"] else "-"
    ways = f"{one['groups']} of {one['normal']}"
    up, lost, spare = (", ".join(one[which]) or "-" for which in ("up", "lost", "spare"))
    return (one["place"] or "the node", clean(one["name"]), one["mode"], ways, local(one["since"]), up, lost, spare, clean(reported))
