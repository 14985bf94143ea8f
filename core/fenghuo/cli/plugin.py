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

from fenghuo.cli.door import place
from fenghuo.cli.logs import quiet_logs
from fenghuo.cli.paper import print_json, print_table
from fenghuo.cli.scaffold import write_plugin
from fenghuo.errors import SettingsError
from fenghuo.plugin.grading import standing_of
from fenghuo.plugin.host import PluginHost, load_plugins

__all__ = ["plugin"]

KIT = "fenghuo.rig.kit.pytest_plugin"
"""By name only: the rig stands above the command line."""


@click.group()
def plugin() -> None:
    """Plugins: ls, check, new."""


settings_file = click.option(
    "--config", "file", type=click.Path(path_type=Path), help="Settings file of the node; else the one named before the verb."
)


@plugin.command()
@settings_file
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def ls(ctx: click.Context, *, file: Path | None, as_json: bool) -> None:
    """What is installed here, what it brings, and on the node of --config the grade of each channel and what it was earned at: a real peer,
    published vectors, or a far end of the plugin's own. A plugin that was set aside is named with its cause. Needs no daemon.
    """
    quiet_logs()
    host = load_plugins()
    rows = _sound(host, _records(ctx, file))
    rows += [{"name": fault.plugin, "version": "", "brings": [], "fault": fault.cause, "grades": []} for fault in host.faults]
    if as_json:
        print_json(rows)
        return
    lines = ((r["name"], r["version"], ", ".join(r["brings"]), _grades(r["grades"]), r["fault"]) for r in rows)
    print_table(("name", "version", "brings", "grades", "fault"), lines)
    for grade in (grade for row in rows for grade in row["grades"] if grade["ungraded"]):
        click.echo(f"{grade['channel']} carries P2 to P4 only: {grade['ungraded']}")


@plugin.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("more", nargs=-1, type=click.UNPROCESSED)
@settings_file
@click.option("--json", "as_json", is_flag=True, help="Print every verdict as JSON; what pytest says goes to stderr.")
@click.pass_context
def check(ctx: click.Context, *, name: str, more: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Examine the channels of plugin NAME with the conformance kit, print their grades, and record them for the node of --config, whose
    daemon reads them at its next start; MORE goes to pytest. Needs no daemon.

    Ends with 0 if nothing failed. See docs/reference/conformance.md.
    """
    if importlib.util.find_spec("pytest") is None:
        raise SettingsError(("the conformance kit needs pytest: pip install 'fenghuo[kit]'",))
    # Another one's pytest plugins must not decide how a channel is graded; the kit is named by hand for the same reason.
    command = [sys.executable, "-m", "pytest", "-p", KIT, "-p", "no:cacheprovider", "-q", "--fenghuo-channel", name, *more]
    records = _records(ctx, file)
    command += ["--fenghuo-record", str(records)] if records is not None else []
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with tempfile.TemporaryDirectory(prefix="fenghuo-kit-") as folder:
        command += _alone(Path(folder), more)
        report = Path(folder) / "verdicts.json"
        command += ["--fenghuo-report", str(report)] if as_json else []
        done = subprocess.run(command, env=environment, stdout=sys.stderr if as_json else None, check=False)
        if as_json:
            print_json(msgspec.json.decode(report.read_bytes()) if report.exists() else [])
    if records is None:
        click.echo("nothing was recorded; name the node with --config", err=True)
    ctx.exit(done.returncode)


@plugin.command()
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="Folder to make; else fenghuo-NAME here.")
def new(*, name: str, into: Path | None) -> None:
    """Write the package of a new plugin: a channel that talks to a gateway over TCP, what the kit examines it against, and a test that
    passes bronze as it comes. What to change then: docs/en/plugin/tutorial.md. Needs no daemon.
    """
    folder = into if into is not None else Path(f"fenghuo-{name.replace('_', '-')}")
    for path in write_plugin(name, folder):
        click.echo(path)
    click.echo(f"next: pip install --editable '{folder}[test]' && pytest {folder}", err=True)


def _alone(folder: Path, more: tuple[str, ...]) -> list[str]:
    """Options by which the settings of whatever project this is called in decide nothing either, unless its tests are asked for too. A
    conftest.py here may bring far ends."""
    if any(Path(word.partition("::")[0]).exists() for word in more):
        return []
    own, here = folder / "pytest.ini", Path.cwd()
    own.write_text("[pytest]\n", encoding="utf-8")
    is_heard = (here / "conftest.py").exists() and not (here / "__init__.py").exists()
    return ["-c", str(own), "--rootdir", str(here), *(["-p", "conftest"] if is_heard else []), str(folder)]


def _records(ctx: click.Context, file: Path | None) -> Path | None:
    """The folder of records of the node that was named, if one was."""
    named = file or ctx.find_root().params.get("config")
    return place(Path(named)).records if named is not None else None


def _grades(grades: list[dict[str, str]]) -> str:
    return ", ".join(f"{one['channel']} {one['grade']}" + (f" ({one['standing']})" if one["standing"] else "") for one in grades)


def _sound(host: PluginHost, records: Path | None) -> list[dict[str, Any]]:
    families = {"channel": host.channel_types, "source": host.source_types, "sensor": host.sensor_types, "front": host.front_types}
    rows: list[dict[str, Any]] = []
    for info in host.plugins:
        brings = [f"{family} {name}" for family, types in families.items() for name, (owner, _) in types.items() if owner == info.name]
        channels = [name for name, (owner, _) in host.channel_types.items() if owner == info.name]
        found = {name: standing_of(name, host.origin(name), records) for name in channels}
        grades = [
            {"channel": name, "grade": str(one), "standing": one.peer.value if one.grade else "", "ungraded": one.ungraded}
            for name, one in found.items()
        ]
        rows.append({"name": info.name, "version": info.version, "brings": brings, "fault": None, "grades": grades})
    return rows
