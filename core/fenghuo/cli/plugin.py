"""`fenghuo plugin …`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from fenghuo.cli.logs import quiet_logs
from fenghuo.cli.paper import print_json, print_table
from fenghuo.errors import SettingsError
from fenghuo.plugin.host import PluginHost, load_plugins

__all__ = ["plugin"]

KIT = "fenghuo.rig.kit.pytest_plugin"
"""By name only: the rig stands above the command line."""


@click.group()
def plugin() -> None:
    """Plugins: ls, check."""


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


@plugin.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("more", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print every verdict as JSON; what pytest says goes to stderr.")
def check(*, name: str, more: tuple[str, ...], as_json: bool) -> None:
    """Examine the channels of plugin NAME with the conformance kit, and print their grades; MORE goes to pytest. Needs no daemon.

    Ends with 0 if nothing failed. See docs/reference/conformance.md.
    """
    if importlib.util.find_spec("pytest") is None:
        raise SettingsError(("the conformance kit needs pytest: pip install 'fenghuo[kit]'",))
    # Another one's pytest plugins must not decide how a channel is graded; the kit is named by hand for the same reason.
    command = [sys.executable, "-m", "pytest", "-p", KIT, "-p", "no:cacheprovider", "-q", "--fenghuo-channel", name, *more]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with tempfile.TemporaryDirectory(prefix="fenghuo-kit-") as folder:
        report = Path(folder) / "verdicts.json"
        command += ["--fenghuo-report", str(report)] if as_json else []
        done = subprocess.run(command, env=environment, stdout=sys.stderr if as_json else None, check=False)
        if as_json:
            print_json(msgspec.json.decode(report.read_bytes()) if report.exists() else [])
    click.get_current_context().exit(done.returncode)


def _sound(host: PluginHost) -> list[dict[str, Any]]:
    families = {"channel": host.channel_types, "source": host.source_types, "sensor": host.sensor_types, "front": host.front_types}
    rows: list[dict[str, Any]] = []
    for info in host.plugins:
        brings = [f"{family} {name}" for family, types in families.items() for name, (owner, _) in types.items() if owner == info.name]
        rows.append({"name": info.name, "version": info.version, "brings": brings, "fault": None})
    return rows
