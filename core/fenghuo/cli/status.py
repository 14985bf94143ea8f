"""`fenghuo status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, colour, local, print_json, print_table
from fenghuo.cli.power import power_line
from fenghuo.client.caller import Caller

__all__ = ["status"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def status(daemon: Caller, *, as_json: bool) -> None:
    """Whether the daemon is ready, and what it has to do."""
    data = daemon.call("status")
    if as_json:
        print_json(data)
        return
    ready = colour("ready", "ready") if data["ready"] else colour("not ready", "down")
    click.echo(
        f"fenghuo {clean(data['version'])}, {ready} since {local(data['since'])}; {data['queued']} queued,"
        f" {data['open_objectives']} objectives open; clock {clean(data['clock_quality'])}"
    )
    for one in data.get("invariants", {}).values():
        if not one["holds"]:
            names = ", ".join(clean(org["name"]) for org in one["broken"][:5])
            click.echo(f"not so: {clean(one['says'])}; {one['count']} have not: {names}; {one['broken_s']:.0f} s since the start")
    if data.get("self_probe"):
        click.echo(_probe_line(data["self_probe"]))
    if data.get("power", {}).get("sensors"):
        click.echo(power_line(data["power"]))
    channels = data["channels"]
    if isinstance(channels, list):
        print_table(
            ("channel", "admin", "health", "queued"), ([row.get(n) for n in ("name", "admin", "health", "queued")] for row in channels)
        )
    elif isinstance(channels, dict):
        print_table(("channel", "health"), channels.items())


def _probe_line(own: Mapping[str, Any]) -> str:
    """How the node's own probe fares."""
    if own["state"] in ("off", "resting", "waiting"):
        says = {"off": "none is made", "resting": "rests on battery", "waiting": f"first one {own['every_s']:g} s after the start"}
        return f"self-probe: {says[own['state']]}"
    took = "" if own["latency_s"] is None else f", took {1000 * own['latency_s']:.0f} ms"
    last = f"last came back {own['age_s']:.0f} s ago{took}" if own["passed"] else f"none came back for {own['age_s']:.0f} s"
    missed = f"; {colour(str(own['missed']) + ' missed', 'down')}: {clean(own['why'])}" if own["missed"] else ""
    return f"self-probe: {last}{missed}"
