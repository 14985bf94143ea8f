"""A message with its objectives and deliveries, on paper for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from fenghuo.cli.paper import clean, colour, local, print_table

__all__ = ["show_delivery_reasons", "show_message"]


def show_message(data: dict[str, Any]) -> None:
    """Headline, objectives with their counts, and one line for each delivery."""
    _head(data)
    for objective in data["objectives"]:
        _objective(objective)
    print_table(("recipient", "channel", "state", "evidence", "tries", "last outcome"), map(_delivery, _deliveries(data)))


def show_delivery_reasons(data: dict[str, Any]) -> None:
    """Every attempt with its outcome, and for each delivery why it stands where it stands."""
    _head(data)
    print_table(("recipient", "channel", "state", "at", "outcome or reason"), _reasons(data))


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


def _deliveries(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for objective in data["objectives"]:
        yield from objective["deliveries"]


def _delivery(delivery: dict[str, Any]) -> tuple[object, ...]:
    attempts = delivery["attempts"]
    last = attempts[-1]["outcome"] if attempts else delivery.get("reason")
    return (delivery["recipient"], delivery["channel"], delivery["state"], delivery["evidence"], len(attempts), last or "-")


def _reasons(data: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    for delivery in _deliveries(data):
        who = (delivery["recipient"], delivery["channel"], delivery["state"])
        for attempt in delivery["attempts"]:
            yield (*who, local(attempt["at"]), attempt["outcome"] or "no outcome yet")
        if delivery.get("reason") or not delivery["attempts"]:
            yield (*who, "-", delivery.get("reason") or "not yet begun")
