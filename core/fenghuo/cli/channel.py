"""`fenghuo channel …`: the ways out, how they are, and taking one out of service."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.language import sentences_of
from fenghuo.cli.paper import clean, local, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.errors import NotFound

__all__ = ["channel"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def channel() -> None:
    """Channels: ls, show, enable, disable, why."""


@channel.command()
@as_json
@speaks
def ls(daemon: Caller, *, as_json: bool) -> None:
    """Every channel instance with its health and its queue."""
    rows: list[dict[str, Any]] = daemon.call("channel.ls")
    if as_json:
        print_json(rows)
        return
    heads = ("name", "type", "admin", "health", "evidence_max", "medium", "risk groups", "queued")
    print_table(heads, ([*(row[name] for name in heads[:6]), ",".join(row["risk_groups"]), row["queued"]] for row in rows))
    for row in (row for row in rows if row.get("ungraded")):
        click.echo(f"{row['name']} carries P2 to P4 only: {row['ungraded']}")
    for row in (row for row in rows if row.get("remark")):
        click.echo(clean(f"{row['name']}: {row['remark']}"))


@channel.command()
@click.argument("name")
@as_json
@speaks
def show(daemon: Caller, *, name: str, as_json: bool) -> None:
    """Everything about one channel."""
    row = _one(daemon, name)
    if as_json:
        print_json(row)
        return
    print_table(("key", "value"), ((key, ",".join(value) if isinstance(value, list) else value) for key, value in row.items()))


@channel.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stands in the audit.")
@as_json
@speaks
def enable(daemon: Caller, *, name: str, reason: str, as_json: bool) -> None:
    """Put a channel back into service."""
    _tell(daemon.call("channel.enable", name=name, reason=reason), as_json=as_json)


@channel.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stands in the audit.")
@as_json
@speaks
def disable(daemon: Caller, *, name: str, reason: str, as_json: bool) -> None:
    """Take a channel out of service; its deliveries go another way."""
    _tell(daemon.call("channel.disable", name=name, reason=reason), as_json=as_json)


@channel.command()
@click.argument("name")
@as_json
@speaks
def why(daemon: Caller, *, name: str, as_json: bool) -> None:
    """What its health rests on now, and every change of its state with the cause, newest last."""
    now = daemon.call("channel.why", name=name)
    changes = _changes(daemon, f"channel/{name}")
    if as_json:
        print_json({**now, "changes": changes})
        return
    for sentence in sentences_of(now):
        click.echo(clean(sentence))
    figures = (
        (key, ",".join(map(str, value)) if isinstance(value, list) else value) for key, value in now.items() if key not in ("says", "said")
    )
    print_table(("key", "value"), figures)
    print_table(
        ("at", "what", "details"),
        ((local(event["at"]), event["type"], " ".join(f"{key}={value}" for key, value in event["body"].items())) for event in changes),
    )


@channel.command()
@click.argument("name")
@click.option("--hours", type=click.FloatRange(0, 12), default=1.0, show_default=True, help="For so long from now on; 0: not any more.")
@click.option("--reason", required=True, help="For what; it stands in the audit.")
@as_json
@speaks
def prefer(daemon: Caller, *, name: str, hours: float, reason: str, as_json: bool) -> None:
    """Have a channel go first of alternates that are equally well, for a while."""
    answer = daemon.call("channel.prefer", name=name, lasts_s=hours * 3600.0, reason=reason)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{name} is preferred until {local(answer['until'])}" if answer["until"] else f"{name} is not preferred any more")


def _one(daemon: Caller, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = daemon.call("channel.ls")
    found = next((row for row in rows if row["name"] == name), None)
    if found is None:
        raise NotFound(f"no channel {name!r}; there are {', '.join(sorted(row['name'] for row in rows)) or 'none'}")
    return found


def _tell(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        click.echo(f"{row['name']} is {row['admin']}")


def _changes(daemon: Caller, subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after, head = 0, 1
    while after < head:
        page = daemon.call("log.read", after=after, limit=1000)
        head = page["head"]
        found += [event for event in page["events"] if event["subject"] == subject]
        after = page["events"][-1]["seq"] if page["events"] else head
    return found
