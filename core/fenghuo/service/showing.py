"""How messages, objectives and channels look to people and programs: the shapes of the desk's reads, stable for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fenghuo.clock import instant
from fenghuo.engine.channels import Instance
from fenghuo.engine.correcting import drafted, told_words
from fenghuo.model.attachment import attachments_of
from fenghuo.model.delivery import Accepted, Attempt, Delivery, Objective, Refused, Target, Token
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message, MessageState
from fenghuo.service.booked import Booked, booked_view, bookings
from fenghuo.service.past_events import SLACK_S, first_since
from fenghuo.store.blobs import GIVEN_UP
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, EVENT, MESSAGE, OBJECTIVE, TARGET

__all__ = ["answers_view", "channel_view", "headline", "message_line", "message_view", "objective_line", "reached", "remark_of", "rfc3339"]

Spent = Mapping[tuple[Token, int], Booked]
SHOWN_DELIVERIES = 500
"""Deliveries listed for one objective; the rest are counted. A list of 20,000 helps nobody."""


def rfc3339(at: float | None) -> str | None:
    """UTC seconds as RFC 3339 text, to the millisecond."""
    return instant(at).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None


def answers_view(answers: Sequence[Accepted | Refused]) -> dict[str, Any]:
    """The answer for a document of several messages: one object each, in their order; a refused one has no id and an error."""
    return {"messages": [_refused(answer) if isinstance(answer, Refused) else msgspec.structs.asdict(answer) for answer in answers]}


def _refused(answer: Refused) -> dict[str, Any]:
    return {
        "id": None,
        "revision": None,
        "state": "refused",
        "verdicts": answer.verdicts,
        "repairs": answer.repairs,
        "error": {"code": answer.code, "message": answer.message, "where": answer.where},
    }


def headline(message: Message) -> str:
    """What a person reads first."""
    return next((text for info in message.content.infos for text in (info.headline, info.description, info.event) if text), "")


def message_line(row: MessageRow) -> dict[str, Any]:
    """A message as one line of a list."""
    message = msgspec.msgpack.decode(row.body, type=Message)
    return {
        "id": row.id,
        "revision": row.revision,
        "kind": message.kind.value,
        "action": message.action.value,
        "traffic": row.traffic.value,
        "priority": row.priority.name,
        "state": row.state.value,
        "headline": headline(message),
        "number": row.number,
        "source": row.source,
        "accepted": rfc3339(row.accepted_at),
        "expires": rfc3339(row.expires_at),
    }


def reached(levels: Sequence[int], ack_rule: str) -> Evidence:
    """The level that an objective as a whole has reached: the lowest for "all", the highest for "any", the n-th for "n:COUNT"."""
    ordered = sorted(levels, reverse=True)
    if not ordered:
        return Evidence.STORED
    kind, _, count = ack_rule.partition(":")
    place = {"any": 0, "n": min(int(count or 1), len(ordered)) - 1}.get(kind, len(ordered) - 1)
    return Evidence(ordered[place])


def objective_line(objective: Objective) -> dict[str, Any]:
    """An objective with its counts, without its deliveries."""
    return {
        "id": objective.id,
        "message": objective.message,
        "revision": objective.revision,
        "audience": objective.audience,
        "needed": objective.needed.name,
        "state": objective.state.value,
        "deadline": rfc3339(objective.deadline_at),
        "priority": objective.priority.name,
        "total": objective.total,
        "met": objective.met,
        "ended": objective.ended,
        "highest": objective.evidence.name,
    }


async def message_view(store: Store, row: MessageRow) -> dict[str, Any]:
    """A message with its objectives, their deliveries and every attempt, and what all of that has cost."""
    spent = await bookings(store, row)
    objectives = await store.find(OBJECTIVE, "message = ? AND revision = ? ORDER BY id", row.id, row.revision)
    revisions = await store.find(MESSAGE, "id = ? ORDER BY revision", row.id)
    return {
        **message_line(row),
        "verdicts": msgspec.json.decode(row.verdicts),
        "repairs": msgspec.json.decode(row.repairs),
        "revisions": [{"revision": other.revision, "action": other.action.value, "state": other.state.value} for other in revisions],
        "correction": _correction(row),
        "waiting": await _waiting(store, revisions),
        "booked": booked_view(spent.values()),
        "attachments": await _attachments(store, row),
        "objectives": [await _objective_view(store, objective, spent) for objective in objectives],
    }


def _correction(row: MessageRow) -> dict[str, Any]:
    """What whoever was told of it hears when one person calls it off."""
    message = msgspec.msgpack.decode(row.body, type=Message)
    return {"text": told_words(message), "drafted": bool(drafted(message))}


async def _attachments(store: Store, row: MessageRow) -> list[dict[str, Any]]:
    """What goes with it beside its text, and to whom it never will."""
    found = attachments_of(msgspec.msgpack.decode(row.body, type=Message))
    if not found:
        return []
    first = await first_since(store, row.accepted_at - SLACK_S)
    told = await store.find(EVENT, "seq >= ? AND type = ? AND subject = ? ORDER BY seq", first, GIVEN_UP, f"message/{row.id}")
    bodies = [body for one in told if (body := msgspec.json.decode(one.body))["revision"] == row.revision]
    return [
        {
            "name": one.name,
            "media_type": one.media_type,
            "size": one.size,
            "digest": one.digest,
            "given_up": [
                {"channel": body["channel"], "to": body["to"], "reason": body["reason"], "is_small": body["is_small"]}
                for body in bodies
                if body["digest"] == one.digest
            ],
        }
        for one in found
    ]


async def _waiting(store: Store, revisions: Sequence[MessageRow]) -> dict[str, Any] | None:
    """The revision that a signature would be for, and the envelope that it would cover; None: none waits."""
    held = next((row for row in reversed(revisions) if row.state is MessageState.HELD), None)
    if held is None:
        return None
    planned = await store.find(OBJECTIVE, "message = ? AND revision = ? AND envelope != '' ORDER BY id", held.id, held.revision, limit=1)
    text = headline(msgspec.msgpack.decode(held.body, type=Message))
    return {"revision": held.revision, "headline": text, "envelope": planned[0].envelope if planned else ""}


async def _objective_view(store: Store, objective: Objective, spent: Spent) -> dict[str, Any]:
    targets = await store.find(TARGET, "objective = ?", objective.id)
    deliveries = await store.find(DELIVERY, "objective = ? ORDER BY id", objective.id, limit=SHOWN_DELIVERIES)
    ids = f"delivery IN (SELECT id FROM delivery WHERE objective = ? ORDER BY id LIMIT {SHOWN_DELIVERIES})"
    attempts: dict[int, list[Attempt]] = {}
    for attempt in await store.find(ATTEMPT, f"{ids} ORDER BY at", objective.id):
        attempts.setdefault(attempt.delivery, []).append(attempt)
    return {
        **objective_line(objective),
        "evidence": reached([target.evidence for target in targets if not target.covers], objective.ack_rule).name,
        "targets": _by_state(targets),
        "deliveries": [_delivery_view(delivery, attempts.get(delivery.id, []), spent) for delivery in deliveries],
    }


def _by_state(targets: Sequence[Target]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for target in targets:
        counts[target.state.value] = counts.get(target.state.value, 0) + 1
    return counts


def _delivery_view(delivery: Delivery, attempts: Sequence[Attempt], spent: Spent) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "recipient": delivery.recipient,
        "channel": delivery.channel,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "evidence": delivery.evidence.name,
        "attempts": [_attempt_view(attempt, spent.get((attempt.token, attempt.n))) for attempt in attempts],
    }


def _attempt_view(attempt: Attempt, spent: Booked | None) -> dict[str, Any]:
    return {
        "token": attempt.token,
        "n": attempt.n,
        "at": rfc3339(attempt.at),
        "mark": attempt.mark,
        "outcome": attempt.outcome or None,
        "booked": spent.figures if spent is not None else {},
    }


def channel_view(instance: Instance, queued: int) -> dict[str, Any]:
    """A channel instance as `fenghuo channel ls --json` prints it."""
    return {
        "name": instance.name,
        "type": instance.type_id,
        "admin": instance.admin.value,
        "health": instance.health.state.value,
        "evidence_max": instance.capabilities.evidence_max.name,
        "risk_groups": list(instance.risk_groups),
        "medium": instance.medium,
        "queued": queued,
        "since": rfc3339(instance.health.since) if instance.health.since else None,
        "reason": instance.admin_reason or instance.health.reason,
        "ungraded": instance.ungraded,
        "remark": remark_of(instance),
        "preferred": _preferred(instance),
    }


def _preferred(instance: Instance) -> dict[str, Any] | None:
    """Until when it goes first of its like, by whom and why; whoever shows it looks whether that is over."""
    one = instance.preferred
    return {"until": rfc3339(one.until), "by": one.by, "reason": one.reason} if one is not None and one.until else None


def remark_of(instance: Instance) -> str:
    """What there is to say of how it carries now: by itself, and of whom it does not get to."""
    shut = next(iter(instance.no_way.values()), "")
    others = f", and to {len(instance.no_way) - 1} more of its addresses" if len(instance.no_way) > 1 else ""
    return "; ".join(filter(None, (_own_remark(instance), f"{shut}{others}" if shut else "")))


def _own_remark(instance: Instance) -> str:
    channel = instance.channel()
    try:
        return channel.remark() if channel is not None else ""
    except Exception as error:  # noqa: BLE001  # a plugin's bug in a sentence keeps no list from being shown
        return f"it cannot say how it carries: {type(error).__name__}: {error}"
