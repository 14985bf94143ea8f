"""`fenghuo doctor`: common mistakes of an installation, each with the command that mends it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from fenghuo.cli.door import Where, connect
from fenghuo.cli.logs import quiet_logs
from fenghuo.cli.paper import print_json
from fenghuo.client.caller import CallFailed, Unreachable
from fenghuo.doctor import faulty, visit
from fenghuo.doctor.finding import Finding
from fenghuo.doctor.patient import Answered, Patient
from fenghuo.errors import FenghuoError, SettingsError
from fenghuo.plugin.host import load_plugins
from fenghuo.service import settings
from fenghuo.service.problems import Exit

__all__ = ["doctor"]

USUAL = Path("/etc/fenghuo/fenghuo.toml")


@click.command()
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--config", "file", type=click.Path(path_type=Path), help=f"Settings file; else the one named before the verb, else {USUAL}.")
@click.option("--account", help="Who runs the daemon; else fenghuo where this machine has that account, else you.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, *, named: Path | None, file: Path | None, account: str | None, as_json: bool) -> None:
    """Look for common mistakes; print each with the command that mends it. Changes nothing. Exit 1 when something was found.

    It looks at the settings, the disk, the devices, the unit, the clock, and at the daemon if one answers."""
    chosen = Path(named or file or ctx.find_root().params.get("config") or USUAL)
    try:
        found = _found(chosen, account)
    except KeyError as error:
        raise click.UsageError(f"this machine has no account {account!r}; name one that getent passwd knows", ctx) from error
    if as_json:
        print_json({"ok": not found, "findings": [msgspec.structs.asdict(one) for one in found]})
    else:
        for one in found:
            click.echo(f"{one.cause}: {one.says}\n    {one.mend}")
        click.echo(f"{len(found)} found" if found else f"nothing found at {chosen}")
    ctx.exit(Exit.NEGATIVE if found else Exit.OK)


def _found(file: Path, account: str | None) -> list[Finding]:
    quiet_logs()
    machine = visit.machine_of(account)
    if not file.exists():
        return [visit.missing(file)]
    with faulty.credentials(machine) as environment:
        try:
            known = settings.load(file, load_plugins(), environment=environment)
            rules = settings.load_rules(known)
        except SettingsError as error:
            return faulty.findings(file, error.faults, machine, environment)
    return visit.looked_at(Patient(known, rules, machine, _answered(file), version("fenghuo")))


def _answered(file: Path) -> Answered:
    """What a daemon on these settings says, if there is one; whoever may not ask for the accounts is told the rest."""
    try:
        daemon = connect(Where(config=file))
        status = daemon.call("status")
    except Unreachable:
        return Answered()
    except (FenghuoError, PermissionError) as error:
        return Answered(refused=str(error))
    try:
        accounts = daemon.call("account.ls")
    except CallFailed:
        return Answered(status)
    return Answered(status, tuple(accounts))
