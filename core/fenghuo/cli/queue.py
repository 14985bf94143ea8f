"""`fenghuo queue …`: deliveries that have not ended."""

from __future__ import annotations

from typing import Any

import click

from fenghuo.cli.door import speaks
from fenghuo.cli.paper import local, print_json, print_table
from fenghuo.client.caller import Caller
from fenghuo.errors import NotFound

__all__ = ["queue"]

HEADS = ("id", "message", "objective", "priority", "recipient", "channel", "state", "tries", "until", "reason")


@click.group()
def queue() -> None:
    """Deliveries not yet ended: ls, show; and what a person decides about them: resolve, shed, waive, release."""


@queue.command()
@click.option("--channel", help="Only of this channel.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 1000), help="At most so many, the most urgent first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def ls(daemon: Caller, *, channel: str | None, limit: int, as_json: bool) -> None:
    """What waits, in the order it will go."""
    rows: list[dict[str, Any]] = daemon.call("queue.ls", channel=channel, limit=limit)
    if as_json:
        print_json(rows)
    else:
        print_table(HEADS, ([local(row.get(name)) if name == "until" else row.get(name) for name in HEADS] for row in rows))


@queue.command()
@click.argument("id", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@speaks
def show(daemon: Caller, *, id: int, as_json: bool) -> None:  # noqa: A002  # the word users know
    """One delivery that has not ended."""
    rows: list[dict[str, Any]] = daemon.call("queue.ls", limit=1000)
    row = next((row for row in rows if row["id"] == id), None)
    if row is None:
        raise NotFound(f"no delivery {id} waits; `fenghuo alert show` tells what became of a message")
    if as_json:
        print_json(row)
    else:
        print_table(("key", "value"), row.items())


REASON = click.option("--reason", required=True, help="Why; it stands in the audit.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
RULINGS = click.Choice(["sent", "not-sent", "again", "failed"])


@queue.command()
@click.argument("id", type=int)
@click.option("--as", "ruling", required=True, type=RULINGS, help="It left; it did not, and goes; it goes again marked 重发; given up.")
@REASON
@AS_JSON
@speaks
def resolve(daemon: Caller, *, id: int, ruling: str, reason: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Say what became of delivery ID, which is in doubt."""
    answer = daemon.call("queue.resolve", **{"id": id, "as": ruling, "reason": reason})
    _tell(answer, f"delivery {id} is resolved as {ruling}", as_json=as_json)


@queue.command()
@click.argument("id", type=int)
@REASON
@AS_JSON
@speaks
def shed(daemon: Caller, *, id: int, reason: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Give delivery ID up; the other ways to its recipient go on."""
    _tell(daemon.call("queue.shed", id=id, reason=reason), f"delivery {id} is shed", as_json=as_json)


@queue.command()
@click.argument("objective", type=int)
@REASON
@AS_JSON
@speaks
def waive(daemon: Caller, *, objective: int, reason: str, as_json: bool) -> None:
    """Try no longer to meet OBJECTIVE, a number of `queue ls`; it counts as no miss."""
    _tell(daemon.call("queue.waive", id=objective, reason=reason), f"objective {objective} is waived", as_json=as_json)


@queue.command()
@click.argument("objective", type=int)
@click.option("--recipient", default="", help="Only for this one; else for everybody whom it has not reached.")
@REASON
@AS_JSON
@speaks
def escalate(daemon: Caller, *, objective: int, recipient: str, reason: str, as_json: bool) -> None:
    """Open the next rung of OBJECTIVE and ask the next person now, without waiting for their time."""
    answer = daemon.call("queue.escalate", id=objective, recipient=recipient, reason=reason)
    _tell(answer, f"objective {objective} is escalated", as_json=as_json)


@queue.command()
@click.argument("messages", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every message that is held since a restore.")
@REASON
@AS_JSON
@speaks
def release(daemon: Caller, *, messages: tuple[str, ...], is_all: bool, reason: str, as_json: bool) -> None:
    """Let MESSAGES go that are held since the store was restored from a backup; they go marked 重发."""
    if bool(messages) is is_all:
        raise click.UsageError("name the messages that are to go, or say --all")
    _tell(daemon.call("queue.release", messages=list(messages), reason=reason), "what was held since the restore goes", as_json=as_json)


def _tell(answer: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        click.echo(sentence)
