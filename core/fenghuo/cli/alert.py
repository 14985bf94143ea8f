"""`fenghuo alert …`: what becomes of an alert, from the file to the last receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenghuo.cli.alert_review import agree
from fenghuo.cli.door import read_token, speaks
from fenghuo.cli.lazy import LazyGroup, Verb
from fenghuo.cli.message import show_message, show_reasons
from fenghuo.cli.paper import local, print_json, print_table
from fenghuo.cli.reading import raw_of
from fenghuo.cli.verdicts import accepted, refused_here
from fenghuo.client.caller import Caller, CallFailed

__all__ = ["alert"]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
signers = click.option("--sign", "signers", type=click.Path(path_type=Path), multiple=True, help="Token file of a person who releases it.")


VERBS = {
    "check": Verb("fenghuo.cli.alert_check:check", "Judge a file without a daemon."),
    "preview": Verb("fenghuo.cli.alert_preview:preview", "Each form of a message, and what it costs."),
    "review": Verb("fenghuo.cli.alert_review:review", "What waits for a signature, as it will be heard."),
    "sign": Verb("fenghuo.cli.alert_review:sign", "Release what waits for a signature."),
}


@click.group(cls=LazyGroup, verbs=VERBS)
def alert() -> None:
    """Alerts: check, preview, submit, review, sign, correct, cancel, ls, show, why."""


@alert.command()
@click.argument("file")
@click.option("--key", default="", help="Idempotency key: the same key with the same content is accepted once.")
@click.option("--media-type", default="", help="What the file is; by default it is looked at.")
@signers
@click.option("--envelope", default="", help="With --sign: sign what has this envelope and ask no more; its first 12 letters are enough.")
@as_json
@speaks
def submit(daemon: Caller, *, file: str, signers: tuple[Path, ...], envelope: str, as_json: bool, **named: str) -> None:
    """Hand FILE (`-` for stdin) to the daemon; returns once it is on the disk there. With --sign it is shown first."""
    raw = raw_of(file)
    tokens = [read_token(signer) for signer in signers]
    if tokens:
        agree(daemon, tokens, envelope=envelope, as_json=as_json, raw=raw, media_type=named["media_type"])
    try:
        data = daemon.call("alert.submit", raw=raw, **named, tokens=tokens)
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    else:
        accepted(data, as_json=as_json)


@alert.command()
@click.argument("id")
@as_json
@speaks
def show(daemon: Caller, *, id: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Objectives, deliveries and attempts of a message."""
    data = daemon.call("message.show", id=id)
    print_json(data) if as_json else show_message(data)


@alert.command()
@click.argument("id")
@click.option("--recipient", default="", help="Only this one, by its id in the directory.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="So many recipients of each objective.")
@as_json
@speaks
def why(daemon: Caller, *, id: str, recipient: str, limit: int, as_json: bool) -> None:  # noqa: A002  # the word users know
    """The plan of each recipient: channels chosen, left out and why, and why each stands where it stands."""
    data = daemon.call("message.why", id=id, recipient=recipient, limit=limit)
    print_json(data) if as_json else show_reasons(data)


@alert.command()
@click.option("--state", help="held, active, expired, superseded, cancelled or complete.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="Newest so many.")
@as_json
@speaks
def ls(daemon: Caller, *, state: str | None, limit: int, as_json: bool) -> None:
    """The newest messages."""
    data: list[dict[str, Any]] = daemon.call("message.ls", state=state, limit=limit)
    if as_json:
        print_json(data)
        return
    heads = ("id", "no.", "prio", "kind", "traffic", "state", "accepted", "expires", "headline")
    names = ("id", "number", "priority", "kind", "traffic", "state")
    print_table(
        heads,
        ([*(row.get(name) for name in names), local(row.get("accepted")), local(row.get("expires")), row.get("headline")] for row in data),
    )


@alert.command()
@click.argument("id")
@click.option("--text", default="", help="Other words than those signed with it: a new message that waits for as many signatures.")
@click.option("--key", default="", help="Idempotency key: the same key with the same content is accepted once.")
@as_json
@speaks
def correct(daemon: Caller, *, id: str, text: str, key: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Call a message off in the words that were drafted and signed with it, over everything that was used."""
    try:
        data = daemon.call("alert.correct", id=id, text=text, key=key)
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    else:
        accepted(data, as_json=as_json)


@alert.command()
@click.argument("id")
@click.option("--reason", required=True, help="Why; people read it.")
@click.option("--key", default="", help="Idempotency key: the same key with the same content is accepted once.")
@as_json
@speaks
def cancel(daemon: Caller, *, id: str, reason: str, key: str, as_json: bool) -> None:  # noqa: A002  # the word users know
    """Cancel a message; whoever got it is told, once."""
    try:
        data = daemon.call("alert.cancel", id=id, reason=reason, key=key)
    except CallFailed as failure:
        refused_here(failure, as_json=as_json)
    else:
        accepted(data, as_json=as_json)
