"""`fenghuo db …`: backup while the daemon runs; restore and fsck on the folder while it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import Where, place, speaks
from fenghuo.cli.paper import print_json
from fenghuo.client.caller import Caller
from fenghuo.errors import FormatError
from fenghuo.service.problems import Exit

__all__ = ["db"]

WAY_OUT = (
    "the daemon starts without damaged rows, and alarms each; `fenghuo db fsck --repair` moves them into the quarantine, so that the store "
    "can be backed up and restored; pages that SQLite complains of need a backup: `fenghuo db restore BACKUP`"
)
state_option = click.option("--state", type=click.Path(path_type=Path), help="State folder; else the one of --config.")
config_option = click.option("--config", type=click.Path(path_type=Path), help="Settings file that names the state folder.")


@click.group()
def db() -> None:
    """The store: backup, restore, fsck."""


@db.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def backup(daemon: Caller, *, target: Path, as_json: bool) -> None:
    """Write a consistent copy of the store to TARGET, a new file, while the daemon goes on."""
    if target.exists():
        click.echo(f"fenghuo: {target} is there already; a backup never overwrites", err=True)
        click.get_current_context().exit(Exit.CANNOT_CREATE)
    data = daemon.call("db.backup", path=str(target.absolute()))
    if as_json:
        print_json(data)
    else:
        click.echo(f"{data['path']}: {data['bytes']} octets")


@db.command()
@click.argument("source", type=click.Path(path_type=Path))
@state_option
@config_option
@click.pass_context
def restore(ctx: click.Context, *, source: Path, state: Path | None, config: Path | None) -> None:
    """Put the backup SOURCE in place of the store, with the daemon stopped; what was there is kept beside it."""
    from fenghuo.cli.db_offline import put_back

    click.echo(put_back(source, _folder(ctx, state, config)))


@db.command()
@state_option
@config_option
@click.option("--repair", is_flag=True, help="Move damaged rows into the quarantine, and count anew; nothing else is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def fsck(ctx: click.Context, *, state: Path | None, config: Path | None, repair: bool, as_json: bool) -> None:
    """Check every page, every row digest and every count of the store, with the daemon stopped. Exit 1 when something is wrong, or stays
    so after --repair."""
    from fenghuo.cli.db_offline import examine, mend

    folder = _folder(ctx, state, config)
    report: dict[str, Any] = examine(folder)
    if repair and not report["ok"]:
        findings, moved = report["findings"], mend(folder)
        report = {**examine(folder), "repaired": findings, "quarantined": moved}
    if as_json:
        print_json(report)
    else:
        _print(report)
    ctx.exit(Exit.OK if report["ok"] else Exit.NEGATIVE)


def _print(report: dict[str, Any]) -> None:
    for finding in report.get("repaired", ()):
        click.echo(f"  was: {finding}", err=True)
    if "quarantined" in report:
        click.echo(f"{report['quarantined']} rows are in the quarantine now; what they belonged to goes on without them")
    click.echo(f"{report['path']}: {report['rows']} rows, {'sound' if report['ok'] else 'damaged'}")
    for finding in report["findings"]:
        click.echo(f"  {finding}", err=True)
    if not report["ok"]:
        click.echo(WAY_OUT, err=True)


def _folder(ctx: click.Context, state: Path | None, config: Path | None) -> Path:
    outer = ctx.find_object(Where) or Where()
    settings = config or outer.config
    if state is None and settings is None:
        raise click.UsageError("which store? Give --state FOLDER or --config FILE.", ctx)
    folder = state or place(settings or Path()).state
    if not folder.is_dir():
        raise FormatError(f"there is no store in {folder}", code="unreadable", where=str(folder))
    return folder
