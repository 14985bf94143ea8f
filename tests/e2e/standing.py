"""How an order stands, as the doors of the daemon show it."""

from __future__ import annotations

from typing import Any

from tests.e2e.node import Node

__all__ = ["alarms", "ended_as", "events", "sent", "standing", "stands"]


async def sent(node: Node, to: str | list[str], text: str = "立即到岗", **fields: Any) -> str:
    """The id of an order that was accepted."""
    status, answer = await node.order(to, text, **fields)
    assert 202 == status, answer
    ident: str = answer["id"]
    return ident


def standing(view: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """(state, reason, evidence) of each way of a message to one person, by channel."""
    ways = (one for objective in view["objectives"] for one in objective["deliveries"])
    return {one["channel"]: (one["state"], one["reason"], one["evidence"]) for one in ways}


async def stands(node: Node, message: str, channel: str, state: str, reason: str | None = None, *, timeout_s: float = 40.0) -> int:
    """Return when the delivery of a message over a channel stands so; its number."""

    def is_so(view: dict[str, Any]) -> bool:
        now = standing(view).get(channel, ("", "", ""))
        return now[0] == state and reason in (None, now[1])

    view = await node.until("message.show", is_so, timeout_s=timeout_s, id=message)
    (number,) = (one["id"] for objective in view["objectives"] for one in objective["deliveries"] if one["channel"] == channel)
    return int(number)


async def events(node: Node, kind: str) -> list[dict[str, Any]]:
    """Every event of a type, in their order."""
    log = await node.ask("log.read", after=0, limit=10_000)
    return [event for event in log["events"] if event["type"] == kind]


async def alarms(node: Node) -> list[str]:
    """The types of all that a person was called for, but for those whom the channels of a small node never reach."""
    log = await node.ask("log.read", after=0, limit=10_000)
    return [one["type"] for one in log["events"] if one["type"].startswith("alarm.") and one["type"] != "alarm.invariant"]


async def ended_as(node: Node, state: str, number: int, *, timeout_s: float = 40.0) -> dict[str, Any]:
    """The event by which a delivery of any revision ended in this state."""

    def has_ended(log: dict[str, Any]) -> bool:
        return any(_is_end(event, state, number) for event in log["events"])

    log = await node.until("log.read", has_ended, timeout_s=timeout_s, after=0, limit=10_000)
    return next(event for event in log["events"] if _is_end(event, state, number))


def _is_end(event: dict[str, Any], state: str, number: int) -> bool:
    return bool(event["type"] == f"delivery.{state.lower()}" and event["subject"] == f"delivery/{number}")
