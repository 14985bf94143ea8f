"""A message with its objectives and deliveries, on paper for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from fenghuo.cli.language import sentence_of
from fenghuo.cli.paper import clean, colour, local, print_table

__all__ = ["show_message", "show_reasons"]


def show_message(data: dict[str, Any]) -> None:
    """Headline, what goes with it, objectives with their counts, and one line for each delivery."""
    _head(data)
    for one in data.get("attachments", ()):
        click.echo(f"  with {clean(one['name'])}: {clean(one['media_type'])}, {one['size']:,} octets, {clean(one['digest'])}")
        for lost in one.get("given_up", ()):
            what = "its small copy was" if lost["is_small"] else "was"
            click.echo(f"    {what} given up by {clean(lost['channel'])} to {clean(lost['to'])}: {clean(lost['reason'])}")
    for objective in data["objectives"]:
        _objective(objective)
    _booked(data)
    print_table(("recipient", "channel", "state", "evidence", "tries", "last outcome"), map(_delivery, _deliveries(data)))


def show_reasons(data: dict[str, Any]) -> None:
    """For each recipient how far it has come, the channels of its plan with their reasons, and those that were left out."""
    _head(data)
    for objective in data["objectives"]:
        _made_by(objective)
        for target in objective["targets"]:
            _target(target)
        if len(objective["targets"]) < objective["total"]:
            click.echo(
                f"    {len(objective['targets'])} of {objective['total']} recipients are shown; --recipient ID or --limit for others"
            )
    _booked(data)


def _booked(data: dict[str, Any]) -> None:
    """What it has cost so far, in all and by channel; nothing before anything was sent."""
    spent = data.get("booked") or {}
    if not spent.get("emissions"):
        return
    click.echo(f"  booked: {_costs(spent)}")
    for name, one in spent["channels"].items() if len(spent["channels"]) > 1 else ():
        click.echo(f"    {clean(name)}: {_costs(one)}")


def _costs(spent: dict[str, Any]) -> str:
    said = [f"{spent['emissions']} emissions in {spent['fragments']:g} parts"]
    said += [f"{spent['airtime_s']:.2f} s on the air"] if spent["airtime_s"] else []
    said += [f"{spent['octets']:,.0f} octets"] if spent["octets"] else []
    said += [f"¥{spent['fee_fen'] / 100:.2f}"] if spent["fee_fen"] else []
    said += [f"{spent['joules']:.0f} J"] if spent["joules"] else []
    return ", ".join(said)


def _head(data: dict[str, Any]) -> None:
    number = f" no. {data['number']}" if data.get("number") else ""
    head = f"{data['id']}{number}  {data['priority']} {data['kind']} {data['traffic']}  {data['state']}"
    click.echo(f"{clean(head)}  {clean(data.get('headline') or '')}".rstrip())


def _objective(objective: dict[str, Any]) -> None:
    states = Counter(delivery["state"] for delivery in objective["deliveries"])
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    state = colour(clean(objective["state"]), objective["state"])
    click.echo(
        f"  {clean(objective['audience'])}: {state}, at {clean(objective['evidence'])} of {clean(objective['needed'])}"
        f" by {local(objective['deadline'])}; {counts or 'nothing planned'}"
    )


def _made_by(objective: dict[str, Any]) -> None:
    made_by = f"rule {clean(objective['rule'])!r}, ladder {clean(objective['ladder'])!r}" if objective["rule"] else "what it replaces"
    click.echo(
        f"  {clean(objective['audience'])}: {clean(objective['state'])}, {objective['met']} of {objective['total']} at"
        f" {clean(objective['needed'])} by {local(objective['deadline'])}; by {made_by}"
    )
    digests = " ".join(f"{name} {clean(objective[name])[:12] or 'unknown'}" for name in ("rules", "situation", "directory"))
    click.echo(f"    planned from {digests}")


def _target(target: dict[str, Any]) -> None:
    click.echo(f"    {clean(target['recipient'])}: {clean(target['state'])}, {clean(sentence_of(target))}")
    if target.get("outlook"):
        click.echo(f"      {clean(sentence_of(target, 'outlook', 'outlook_said'))}")
    for way in target["chosen"]:
        click.echo(f"      {way['rung']}. {clean(way['channel'])}: {clean(way['state'])}, {clean(sentence_of(way))}")
    for way in target["left_out"]:
        click.echo(f"      {way['rung']}. {clean(way['channel'])}: left out, {clean(way['reason'])}")


def _deliveries(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for objective in data["objectives"]:
        yield from objective["deliveries"]


def _delivery(delivery: dict[str, Any]) -> tuple[object, ...]:
    attempts = delivery["attempts"]
    last = attempts[-1]["outcome"] if attempts else delivery.get("reason")
    return (delivery["recipient"], delivery["channel"], delivery["state"], delivery["evidence"], len(attempts), last or "-")
