"""The `fenghuo` command: the table of its verbs, and the one place where an error becomes an exit code and a sentence."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import URL_HELP, Where
from fenghuo.cli.language import LANG
from fenghuo.cli.lazy import LazyGroup, Verb
from fenghuo.client.caller import CallFailed
from fenghuo.errors import FenghuoError
from fenghuo.service.problems import Exit, exit_for, problem

__all__ = ["VERBS", "main", "root"]

VERBS = {
    "alarms": Verb("fenghuo.cli.alarms:alarms", "Alarms: ls, show, ack, shelve, unshelve, out-of-service, return-to-service, stats."),
    "alert": Verb("fenghuo.cli.alert:alert", "Alerts: check, preview, submit, sign, cancel, ls, show, why."),
    "area": Verb("fenghuo.cli.area:area", "Areas and their official boundaries: ls, import, layers, drop."),
    "break-glass": Verb("fenghuo.cli.break_glass:break_glass", "One leader alone, in need: key, release, ls, review."),
    "cert": Verb("fenghuo.cli.cert:cert", "The site's own CA and certificates: init, show, renew, client."),
    "channel": Verb("fenghuo.cli.channel:channel", "Channels: ls, show, enable, disable, why."),
    "check": Verb("fenghuo.cli.check:check", "One line and an exit code for a monitoring system (Nagios)."),
    "completion": Verb("fenghuo.cli.completion:completion", "Print the completion script for a shell."),
    "config": Verb("fenghuo.cli.config:config", "Settings: check, show, schema, init."),
    "coverage": Verb("fenghuo.cli.coverage:coverage", "Coverage of the public: estimates, the gate, who is left out."),
    "db": Verb("fenghuo.cli.db:db", "The store: backup, restore, fsck."),
    "directory": Verb("fenghuo.cli.directory:directory", "Who is who: import, check; proven: who can be reached how."),
    "doctor": Verb("fenghuo.cli.doctor:doctor", "Common mistakes of an installation, each with the command that mends it."),
    "endpoint": Verb("fenghuo.cli.endpoint:endpoint", "The far end of a link: run it, its screen, a person's receipt."),
    "log": Verb("fenghuo.cli.log:log", "The event stream, from a cursor or as it happens."),
    "network": Verb("fenghuo.cli.network:network", "What is left of the ways to each place."),
    "mode": Verb("fenghuo.cli.mode:mode", "Without power, network, road: ls, show, declare, end, log."),
    "outage": Verb("fenghuo.cli.outage:outage", "What others say is out: report, ls, end."),
    "plugin": Verb("fenghuo.cli.plugin:plugin", "Plugins: ls, check, new."),
    "power": Verb("fenghuo.cli.power:power", "What the node lives on, and for how long."),
    "print": Verb("fenghuo.cli.print_pages:print_pages", "On paper: the board as it is now, blank forms."),
    "queue": Verb("fenghuo.cli.queue:queue", "Deliveries not yet ended: ls, show, resolve, shed, waive, release."),
    "reconcile": Verb("fenghuo.cli.reconcile:reconcile", "After two nodes acted apart: take from the other what is missing here."),
    "report": Verb("fenghuo.cli.report:report", "Report up from an endpoint; prints the report's id."),
    "road": Verb("fenghuo.cli.road:road", "Roads, water and air: cut, open, ls, reach, isolated, bridges, place."),
    "rollcall": Verb("fenghuo.cli.rollcall:rollcall", "Call people or posts (点名), and see who answers on which bearer."),
    "route": Verb("fenghuo.cli.route:route", "Rules: explain what would happen to a message, lint."),
    "runner": Verb("fenghuo.cli.runner:runner", "Task sheets on paper: ls, take, receipt."),
    "send": Verb("fenghuo.cli.send:send", "Send an order to people, organisations or groups; prints its id."),
    "serve": Verb("fenghuo.cli.serve:serve", "Run the daemon in the foreground."),
    "shift": Verb("fenghuo.cli.shift:shift", "Who is on duty: ls, roster, start, handover, sheet, sign, end."),
    "status": Verb("fenghuo.cli.status:status", "Whether the daemon is ready, and what it has to do."),
    "user": Verb("fenghuo.cli.user:user", "People: add, enrol, ls, show, rights, password, disable, enable, end-sessions."),
    "whatif": Verb("fenghuo.cli.whatif:whatif", "Who would be cut off if something failed; every single point of failure."),
}


class Root(LazyGroup):
    """Core verbs by the table, plugins' verbs by the plugin door, and every FenghuoError as a sentence with its exit code."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _plugin_command(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:  # as click declares it
        try:
            return super().invoke(ctx)
        except FenghuoError as error:
            click.echo(f"fenghuo: {error}", err=True)
            ctx.exit(exit_of(error))


def _speak(ctx: click.Context, _: click.Parameter, named: str | None) -> None:
    if named:
        os.environ[LANG] = named


@click.group(cls=Root, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--socket", type=click.Path(path_type=Path), help="Control socket of the daemon.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file; its [control] and [node] say where the daemon is.")
@click.option("--url", help=URL_HELP)
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the token to speak with.")
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=_speak, help="Language of sentences; else LANG's.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=lambda ctx, _, asked: _version(ctx, asked))
@click.pass_context
def root(ctx: click.Context, *, socket: Path | None, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Fenghuo (烽火): alerts, orders and reports over whatever still works."""
    ctx.obj = Where(socket=socket, config=config, url=url, token_file=token_file)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    try:
        root.main(argv, prog_name="fenghuo")
    except Exception:  # noqa: BLE001  # the last door: whatever comes here is a bug of ours, and is shown whole
        traceback.print_exc()
        click.echo("fenghuo: this is a bug; please report the lines above", err=True)
        sys.exit(Exit.BUG)


def exit_of(error: FenghuoError) -> Exit:
    """The exit code of an error, whether the daemon or this process found it."""
    return exit_for(error.code if isinstance(error, CallFailed) else problem(error).code)


def _version(ctx: click.Context, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"fenghuo {version('fenghuo')}")
        ctx.exit()


def _plugin_command(name: str) -> click.Command | None:
    """A verb that the core does not know; only now are plugins looked for, which takes the time of importing them."""
    from fenghuo.cli.logs import quiet_logs
    from fenghuo.plugin.host import load_plugins

    quiet_logs()
    return load_plugins(foreign=True).commands.get(name)


if __name__ == "__main__":
    main()
