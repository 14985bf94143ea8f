"""`fenghuo outage …`: what others say is out, which demotes the channels that hang on it before any probe notices."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller

__all__ = ["outage"]

HEADS = ("id", "what", "area", "since", "until", "by", "channels", "reason")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def outage() -> None:
    """Outages that others report: report, ls, end."""


@outage.command()
@click.argument("what")
@click.option("--area", default="", help="Where, as SYSTEM:CODE (mca:320585105); everywhere by default.")
@click.option("--since", default="", help="Since when, as 2026-11-26T08:00:00+08:00; now by default.")
@click.option("--for", "minutes", type=float, default=60.0, show_default=True, help="Minutes for which this word holds.")
@click.option("--key", default="", help="Your own name for it; the same key again renews it.")
@click.option("--reason", default="", help="In the words of whoever says so.")
@as_json
@speaks
def report(daemon: Caller, *, minutes: float, as_json: bool, **told: str) -> None:
    """Say that WHAT, a risk group or a channel of the settings, is out. A suspicion: it takes nothing down."""
    data = daemon.call("outage.report", lasts_s=minutes * 60.0, **told)
    if as_json:
        print_json(data)
        return
    whom = ", ".join(data["channels"]) or "no channel"
    click.echo(clean(f"{data['id']}: concerns {whom}, until {local(data['expires'])}"))


@outage.command()
@as_json
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """Every outage that somebody reported and nobody ended."""
    rows: list[dict[str, Any]] = daemon.call("outage.ls")
    if as_json:
        print_json(rows)
        return
    print_table(HEADS, (_row(one) for one in rows))


@outage.command()
@click.argument("ident", metavar="ID")
@click.option("--reason", default="", help="Why; it stands in the audit.")
@as_json
@speaks
def end(daemon: Caller, *, ident: str, reason: str, as_json: bool) -> None:
    """Say that it is over: what hung on it is believed again, as far as its own signs go."""
    data = daemon.call("outage.end", id=ident, reason=reason)
    if as_json:
        print_json(data)
    else:
        click.echo(clean(f"{data['id']} is over"))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    where = one["area"] or "everywhere"
    return (one["id"], one["what"], where, local(one["since"]), local(one["expires"]), one["by"], ", ".join(one["channels"]), one["reason"])
