"""`fenghuo config …`: the settings file, without a daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from fenghuo.cli.logs import quiet_logs
from fenghuo.cli.paper import print_json
from fenghuo.cli.starter import write_starter
from fenghuo.errors import SettingsError
from fenghuo.plugin.foreign_types import ForeignSettings
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service import settings
from fenghuo.service.ground import faults_of_rules
from fenghuo.service.mode_profiles import load_profiles
from fenghuo.service.problems import Exit
from fenghuo.service.settings_authority import without_authority
from fenghuo.service.settings_tables import FileTable

__all__ = ["config"]

settings_file = click.option("--config", "file", type=click.Path(path_type=Path), help="Settings file; else the one named before the verb.")


@click.group()
def config() -> None:
    """Settings: check, show, schema, init."""


@config.command()
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@settings_file
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, *, named: Path | None, file: Path | None, as_json: bool) -> None:
    """Every fault of the settings and the rules, each a sentence with file and key, and whose authority nobody has set. Exit 78 when
    there are faults."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    try:
        warnings, notes = _warned(_which(ctx, named or file))
    except SettingsError as error:
        faults = error.faults
    if as_json:
        print_json({"ok": not faults, "faults": list(faults), "warnings": list(warnings), "notes": list(notes)})
    else:
        for line in (*faults, *(f"warning: {warning}" for warning in warnings), *(f"note: {note}" for note in notes)):
            click.echo(line, err=True)
    ctx.exit(Exit.SETTINGS if faults else Exit.OK)


@config.command()
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@settings_file
@click.option("--json", "as_json", is_flag=True, help="Print JSON; it is the same without, since settings have no second form.")
@click.pass_context
def show(ctx: click.Context, *, named: Path | None, file: Path | None, as_json: bool) -> None:
    """The settings as the daemon understands them, defaults filled in; secrets are named, never shown."""
    found = _load(_which(ctx, named or file))
    settings.load_rules(found)
    print_json({name: _plain(getattr(found, name)) for name in found.__struct_fields__})


@config.command()
def schema() -> None:
    """The JSON Schema of the settings file; under `x-types` that of each type's own settings."""
    quiet_logs()
    print_json(_schema(load_plugins()))


@config.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(*, folder: Path) -> None:
    """Write a first settings file and rules into FOLDER; nothing that is there is touched. Exit 73 when it cannot be made."""
    try:
        made = write_starter(folder)
    except OSError as error:
        click.echo(f"fenghuo: {folder} cannot be made: {error.strerror or error}", err=True)
        click.get_current_context().exit(Exit.CANNOT_CREATE)
    for path in made:
        click.echo(str(path))


def _which(ctx: click.Context, said: Path | None) -> Path:
    named = said or ctx.find_root().params.get("config")
    if named is None:
        raise click.UsageError("which settings? Name FILE or give --config FILE.", ctx)
    return Path(named)


def _load(file: Path) -> settings.Settings:
    quiet_logs()
    return settings.load(file, load_plugins())


def _warned(file: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What works and still should not stay so, in the settings and the rules, and which sources have no rule of authority.
    Raises: SettingsError."""
    quiet_logs()
    host = load_plugins()
    found = settings.load(file, host)
    load_profiles(found)
    broken, others = faults_of_rules(found, settings.load_rules(found), host)
    if broken:
        raise SettingsError(broken)
    return (*found.warnings, *others), tuple(without_authority(found, host))


def _schema(host: PluginHost) -> dict[str, Any]:
    families = (host.channel_types, host.source_types, host.sensor_types, host.front_types)
    types = {name: _schema_of(kind.settings) for family in families for name, (_, kind) in family.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(FileTable), "x-types": types}


def _schema_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Of a plugin that is not in this process, what it has said of itself."""
    return shape.declared.schema if issubclass(shape, ForeignSettings) else msgspec.json.schema(shape)


def _plain(value: object) -> object:
    """A value of the settings as JSON; a type is its id, and what has no JSON form is its own text."""
    if isinstance(value, msgspec.Struct):
        identifier = getattr(value, "id", None)
        if callable(getattr(value, "factory", None)) and isinstance(identifier, str):
            return identifier
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (tuple, list, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
