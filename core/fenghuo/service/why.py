"""Why each target of a message stands where it stands: the plan that was kept, its rows, and sentences with the numbers in them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any, assert_never

import msgspec

from fenghuo.clock import instant
from fenghuo.formats.sentences import Sentence, one_spoken, said
from fenghuo.model.delivery import Attempt, Delivery, DeliveryState, Hold, Objective, Target, TargetState
from fenghuo.service.booked import booked_view, bookings
from fenghuo.service.outlook import Outlook, target_says
from fenghuo.service.past_events import SLACK_S, first_since
from fenghuo.service.showing import message_line, objective_line
from fenghuo.service.why_public import public_view
from fenghuo.store.records import EventRow, MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, EVENT, OBJECTIVE, TARGET

__all__ = ["delivery_sentence", "target_sentence", "why_view"]

CHINA = timezone(timedelta(hours=8))
"""Sentences are for people here; instants in the fields beside them are UTC like everywhere."""

HELD = {
    Hold.RUNG: "rung",
    Hold.CHANNEL: "channel",
    Hold.SPENT: "spent",
    Hold.WAY: "way",
    Hold.MODE: "mode",
    Hold.SILENCE: "silence",
    Hold.RESTORED: "restored",
    Hold.LATE: "late",
    Hold.POLICY: "policy",
}
"""What is said of a delivery that is held, after `why.held.` in the table of sentences."""


class LeftOut(msgspec.Struct, frozen=True):
    """A way that the ladder names and the plan did without. As in the event objective.left_out."""

    rung: int
    channel: str
    reason: str
    recipients: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """What the events keep of a plan: the digest of the rules it was made by, and what was left out."""

    rules: str = ""
    left_out: tuple[LeftOut, ...] = ()


async def why_view(store: Store, row: MessageRow, *, recipient: str, limit: int, outlook: Outlook | None = None) -> dict[str, Any]:
    """The message with every target (or the one of `recipient`, or the first `limit` of an objective) and its reasons; with an `outlook`
    also how surely each that is open is reached as things stand."""
    objectives = await store.find(OBJECTIVE, "message = ? AND revision = ? ORDER BY id", row.id, row.revision)
    plans = [(one, await _plan(store, one, min(one.opened_at, row.accepted_at))) for one in objectives]
    return {
        **message_line(row),
        "booked": booked_view((await bookings(store, row)).values()),
        "objectives": [await _objective(store, one, plan, recipient=recipient, limit=limit, outlook=outlook) for one, plan in plans],
    }


async def _objective(
    store: Store, objective: Objective, plan: Plan, *, recipient: str, limit: int, outlook: Outlook | None
) -> dict[str, Any]:
    where, params = ("objective = ? AND recipient = ?", (objective.id, recipient)) if recipient else ("objective = ?", (objective.id,))
    targets = await store.find(TARGET, f"{where} ORDER BY recipient", *params, limit=limit)
    public = await public_view(store, objective)
    return {
        **objective_line(objective),
        "rule": objective.rule,
        "ladder": objective.ladder,
        "signatures": objective.signatures,
        "via": objective.via,
        "rules": plan.rules,
        "situation": objective.situation,
        "directory": objective.directory,
        "targets": [public] if public else [await _target(store, objective, target, plan, outlook=outlook) for target in targets],
    }


async def _target(store: Store, objective: Objective, target: Target, plan: Plan, *, outlook: Outlook | None) -> dict[str, Any]:
    key = (target.objective, target.recipient)
    deliveries = await store.find(DELIVERY, "objective = ? AND recipient = ? ORDER BY rung, id", *key)
    mine = "delivery IN (SELECT id FROM delivery WHERE objective = ? AND recipient = ?)"
    attempts = {one.delivery: one for one in await store.find(ATTEMPT, f"{mine} ORDER BY n", *key)}  # the last of each stays
    left = [one for one in plan.left_out if target.recipient in one.recipients]
    rungs = max([1 + one.rung for one in deliveries] + [1 + one.rung for one in left], default=0)
    surely = target_says(target, deliveries, objective, outlook) if outlook is not None else None
    return {
        "recipient": target.recipient,
        "state": target.state.value,
        "evidence": target.evidence.name,
        "covers": target.covers,
        **one_spoken(target_sentence(target, objective, rungs=rungs)),
        **one_spoken(surely, says="outlook", said="outlook_said"),
        "chosen": [_chosen(one, attempts.get(one.id), objective) for one in deliveries],
        "left_out": [{"channel": one.channel, "rung": one.rung + 1, "reason": one.reason} for one in left],
    }


def _chosen(delivery: Delivery, attempt: Attempt | None, objective: Objective) -> dict[str, Any]:
    return {
        "channel": delivery.channel,
        "rung": delivery.rung + 1,
        "state": delivery.state.value,
        "evidence": delivery.evidence.name,
        "tries": delivery.tries,
        **one_spoken(delivery_sentence(delivery, attempt, objective)),
    }


def target_sentence(target: Target, objective: Objective, *, rungs: int) -> Sentence:
    """How far a target has come, of `rungs` rungs that concern it."""
    stands = said("why.target.stands", recipient=target.covers) if target.covers else ""
    asked = said("why.target.asked", n=target.escalated) if target.escalated else ""
    return said("why.target", stands=stands, state=_stands(target, objective, rungs), asked=asked)


def _stands(target: Target, objective: Objective, rungs: int) -> Sentence:
    has, needed = target.evidence.name, objective.needed.name
    match target.state:
        case TargetState.OPEN:
            since = said("why.target.since", at=_time(target.rung_at)) if target.rung else ""
            again = said("why.target.again", at=_time(target.wake_at)) if target.wake_at is not None else ""
            opened = str(target.rung)
            return said("why.target.open", has=has, needed=needed, open=opened, rungs=str(rungs), since=since, again=again)
        case TargetState.MET:
            return said("why.target.met", has=has, needed=needed)
        case TargetState.COVERED:
            return said("why.target.covered", has=has)
        case TargetState.MISSED:
            return said("why.target.missed", has=has, needed=needed)
        case TargetState.WITHDRAWN:
            return said("why.target.withdrawn", has=has)
        case _:
            assert_never(target.state)


def delivery_sentence(delivery: Delivery, attempt: Attempt | None, objective: Objective) -> Sentence:
    """Why a delivery is in its state, with the numbers that put it there. `attempt`: its last one."""
    match delivery.state:
        case DeliveryState.HELD:
            return _held(delivery, objective)
        case DeliveryState.READY:
            return said("why.ready", tried=_tried(delivery), wait=_wait(delivery))
        case DeliveryState.EMITTING:
            return _trying("why.emitting", delivery, attempt)
        case DeliveryState.AWAITING if delivery.until is not None:
            return _trying("why.awaiting", delivery, attempt, has=delivery.evidence.name, at=_time(delivery.until))
        case DeliveryState.AWAITING:
            return _trying("why.awaited", delivery, attempt, has=delivery.evidence.name)
        case DeliveryState.IN_DOUBT:
            limit = said("why.settled_by", at=_time(delivery.until)) if delivery.until is not None else said("why.by_a_person")
            return _trying("why.in_doubt", delivery, attempt, reason=delivery.reason, limit=limit, n=str(delivery.refires))
        case _:
            return _ended(delivery, objective)


def _held(delivery: Delivery, objective: Objective) -> Sentence:
    if delivery.reason == Hold.RELEASE:
        return said("why.held.release", n=str(objective.signatures))
    is_known = delivery.reason in HELD
    why = said(f"why.held.{HELD[Hold(delivery.reason)]}") if is_known else said("why.held.other", reason=delivery.reason)
    return said("why.held", why=why, tried=_tried(delivery), wait=_wait(delivery))


def _ended(delivery: Delivery, objective: Objective) -> Sentence:
    tried = _tried(delivery)
    match delivery.state:
        case DeliveryState.MET:
            return said("why.met", has=delivery.evidence.name, needed=objective.needed.name, tried=tried)
        case DeliveryState.FAILED:
            return said("why.failed", reason=delivery.reason, tried=tried, n=str(delivery.failures))
        case DeliveryState.EXPIRED:
            return said("why.expired", at=_time(delivery.expires_at), tried=tried)
        case DeliveryState.SHED:
            return said("why.shed", tried=tried)
        case _:
            because = said("why.because", reason=delivery.reason) if delivery.reason else ""
            return said(f"why.{delivery.state.lower()}", because=because, tried=tried)


def _tried(delivery: Delivery) -> Sentence:
    if not delivery.tries:
        return said("why.never_tried")
    copies = said("why.copies", n=delivery.refires) if delivery.refires else ""
    return said("why.tried", n=delivery.tries, copies=copies)


def _wait(delivery: Delivery) -> Sentence | str:
    after = said("why.after", reason=delivery.reason) if delivery.state is DeliveryState.READY and delivery.reason else ""
    return said("why.not_before", after=after, at=_time(delivery.not_before)) if delivery.not_before else after


def _trying(code: str, delivery: Delivery, attempt: Attempt | None, **figures: Any) -> Sentence:
    """A sentence about the last try."""
    if attempt is None:
        return said(code, **{"try": said("why.try", n=delivery.tries)}, **figures)
    outcome = said("why.try_outcome", outcome=attempt.outcome) if attempt.outcome else ""
    return said(code, **{"try": said("why.try_at", n=attempt.n, at=_time(attempt.at), outcome=outcome)}, **figures)


def _time(at: float) -> str:
    return instant(at).astimezone(CHINA).isoformat(timespec="seconds")


# The plan as the event stream keeps it.


async def _plan(store: Store, objective: Objective, since: float) -> Plan:
    """Read by subject from about where the event is, not before `since` (UTC seconds); from the start if the clock was set back."""
    subject = f"objective/{objective.id}"
    rows: list[EventRow] = []
    for first in (await first_since(store, since - SLACK_S), 0):
        where = "seq >= ? AND subject = ? AND type IN ('objective.opened', 'objective.left_out') ORDER BY seq"
        rows = await store.find(EVENT, where, first, subject)
        if any(row.type == "objective.opened" for row in rows):
            break
    bodies = [(row.type, msgspec.json.decode(row.body)) for row in rows]
    rules = next((str(body.get("rules", "")) for kind, body in bodies if kind == "objective.opened"), "")
    left = [body["left_out"] for kind, body in bodies if kind == "objective.left_out"]
    return Plan(rules, msgspec.convert([one for part in left for one in part], tuple[LeftOut, ...]))
