"""`fenghuo send`: an order to people, organisations or groups, from one line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import msgspec

from fenghuo.cli.door import speaks
from fenghuo.cli.enclosing import enclosure
from fenghuo.cli.paper import print_json
from fenghuo.cli.plan import show_plan
from fenghuo.cli.verdicts import accepted, refused_here, tell_arrivals
from fenghuo.cli.waiting import wait_until_ended
from fenghuo.cli.words import Word
from fenghuo.client.caller import Caller, CallFailed
from fenghuo.service.problems import Exit

__all__ = ["send"]

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TRAFFIC = ("actual", "exercise", "system", "test")
EVIDENCE = ("ACCEPTED", "AIRED", "RELAYED", "DEVICE", "HUMAN", "DONE")


class Order(msgspec.Struct, frozen=True):
    """What was said on the command line, as `message.send` takes it."""

    to: tuple[str, ...]
    text: str
    kind: str
    priority: str
    traffic: str
    via: tuple[str, ...]
    needed: str | None
    expires_s: float | None
    deadline_s: float | None
    subject: str
    attachments: tuple[dict[str, str], ...]
    key: str
    dry_run: bool
    go_to: str
    by: tuple[str, ...]
    leave_out: bool
    despite: str


@click.command()
@click.option("--to", multiple=True, required=True, help="person:ID, org:ID, group:NAME, role:ID or area:SYSTEM:CODE; may be repeated.")
@click.option("--text", required=True, help="What to say.")
@click.option("--prio", "priority", default="P2", show_default=True, type=Word("P0", "P1", "P2", "P3", "P4"))
@click.option("--traffic", default="actual", show_default=True, type=Word(*TRAFFIC))
@click.option("--via", multiple=True, help="Only by this channel; repeated: only by these.")
@click.option("--needed", type=Word(*EVIDENCE), help="How surely it must arrive.")
@click.option("--expires", "expires_s", type=click.FloatRange(min=1), help="Seconds until it is worthless.")
@click.option("--deadline", "deadline_s", type=click.FloatRange(min=1), help="Seconds until it must have arrived.")
@click.option("--kind", default="Dispatch", show_default=True, type=Word("Dispatch", "Report"))
@click.option("--subject", default="", help="A headline of its own.")
@click.option("--attach", "files", type=FILE, multiple=True, help="A picture or another file that goes with it; may be repeated.")
@click.option("--go-to", default="", help="Where its units report, a place of the map of roads; refused where one cannot arrive.")
@click.option("--by", default="", help="With commas, what the units can use beside the road: water, air.")
@click.option("--leave-out", is_flag=True, help="Send it only to the units that can arrive.")
@click.option("--despite", default="", help="Send it to all although a unit cannot arrive, and say why; that stands in the audit.")
@click.option("--key", default="", help="Idempotency key: the same key with the same content is accepted once.")
@click.option("--wait", "wait_s", type=click.FloatRange(min=0), help="Wait up to so many seconds; exit 1 if it has not arrived by then.")
@click.option("--dry-run", is_flag=True, help="Show whom it would reach by what; nothing is kept or sent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def send(daemon: Caller, *, files: tuple[Path, ...], wait_s: float | None, as_json: bool, **said: Any) -> None:  # the fields of Order
    """Send an order and print its id."""
    enclosed = [enclosure(file) for file in files]
    by = tuple(word.strip() for word in said["by"].split(",") if word.strip())
    words = {"traffic": said["traffic"].capitalize(), "kind": said["kind"].capitalize(), "by": by}
    order = msgspec.convert({**said, **words, "attachments": tuple(one.named for one in enclosed)}, Order)
    since = 0 if wait_s is None else daemon.call("log.read", after=0, limit=1)["head"]
    try:
        for one in () if order.dry_run else enclosed:
            daemon.call("attachment.put", raw=one.octets)
        data = daemon.call("message.send", **_fields(order))
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    if order.dry_run:
        print_json(data) if as_json else show_plan(data)
        return
    accepted(data, as_json=as_json)
    tell_arrivals(data)
    if wait_s is not None and not _arrived(daemon, data["id"], since=since, wait_s=wait_s):
        click.get_current_context().exit(Exit.NEGATIVE)


def _fields(order: Order) -> dict[str, Any]:
    """As `message.send` takes it; what is about a journey only where there is one, for an older daemon knows nothing of it."""
    fields: dict[str, Any] = msgspec.to_builtins(order)
    journey = ("go_to", "by", "leave_out", "despite")
    return fields if order.go_to else {name: value for name, value in fields.items() if name not in journey}


def _arrived(daemon: Caller, message: str, *, since: int, wait_s: float) -> bool:
    message_now = wait_until_ended(daemon, message, since=since, until=time.monotonic() + wait_s)
    objectives = message_now["objectives"]
    told = ", ".join(f"{objective['audience']} {objective['state']} at {objective['evidence']}" for objective in objectives)
    click.echo(f"{message}: {told or 'nothing was planned'}", err=True)
    return bool(objectives) and all(objective["state"] == "MET" for objective in objectives)
