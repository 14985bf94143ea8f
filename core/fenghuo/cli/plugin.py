"""`fenghuo plugin …`."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.logs import quiet_logs
from fenghuo.cli.paper import print_json, print_table
from fenghuo.plugin.host import PluginHost, load_plugins

__all__ = ["plugin"]


@click.group()
def plugin() -> None:
    """Plugins: ls."""


@plugin.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ls(*, as_json: bool) -> None:
    """What is installed here and what it brings; a plugin that was set aside is named with its cause. Needs no daemon."""
    quiet_logs()
    host = load_plugins()
    rows = [*_sound(host), *({"name": fault.plugin, "version": "", "brings": [], "fault": fault.cause} for fault in host.faults)]
    if as_json:
        print_json(rows)
    else:
        print_table(("name", "version", "brings", "fault"), ((r["name"], r["version"], ", ".join(r["brings"]), r["fault"]) for r in rows))


def _sound(host: PluginHost) -> list[dict[str, Any]]:
    families = {"channel": host.channel_types, "source": host.source_types, "sensor": host.sensor_types, "front": host.front_types}
    rows: list[dict[str, Any]] = []
    for info in host.plugins:
        brings = [f"{family} {name}" for family, types in families.items() for name, (owner, _) in types.items() if owner == info.name]
        rows.append({"name": info.name, "version": info.version, "brings": brings, "fault": None})
    return rows
