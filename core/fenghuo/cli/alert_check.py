"""`fenghuo alert check FILE`: what intake would say of a file, with no daemon and no settings."""

from __future__ import annotations

import time
from typing import Any

import click

from fenghuo.cli.paper import clean, print_json
from fenghuo.cli.reading import raw_of
from fenghuo.cli.verdicts import tell_verdicts
from fenghuo.errors import FormatError
from fenghuo.formats.check import check_report, refusal_report
from fenghuo.service.problems import Exit

__all__ = ["check"]


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, *, file: str, as_json: bool) -> None:
    """Judge FILE (`-` for stdin): exit 0 when it would be accepted, 65 when it, or one of the messages in it, would be refused."""
    try:
        report = check_report(raw_of(file), now=time.time())
    except FormatError as error:
        if error.code != "too-large":
            raise  # there is no file to judge
        report = refusal_report(error)
    if as_json:
        print_json(report)
    else:
        _tell(report)
    is_refused = report["verdict"] == "refused" or any(one["verdict"] == "refused" for one in report["alerts"])
    ctx.exit(Exit.BAD_DATA if is_refused else Exit.OK)


def _tell(report: dict[str, Any]) -> None:
    """The verdict of the file; of several messages each by its place and name, with what was said of it below."""
    several = report["alerts"]
    if len(several) < 2:
        click.echo(report["verdict"])
        _tell_one(report)
        return
    refused = sum(one["verdict"] == "refused" for one in several)
    click.echo(report["verdict"] + (f", but {refused} of {len(several)} would be refused" if 0 < refused < len(several) else ""))
    for place, one in enumerate(several, 1):
        click.echo(f"no. {place} {clean(one['identifier']) or '(without a name)'} {one['verdict']}")
        _tell_one(one)


def _tell_one(report: dict[str, Any]) -> None:
    if report["error"]:
        click.echo(f"  {clean(report['error']['message'])} (at {clean(report['error']['where'] or 'the whole file')})", err=True)
    tell_verdicts(report)
