"""Why each target of a message stands where it stands: the plan that was kept, its rows, and sentences with the numbers in them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any, assert_never

import msgspec

from fenghuo.clock import instant
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
    Hold.RUNG: "waits for its rung to open",
    Hold.CHANNEL: "cannot go out: the channel is not usable now",
    Hold.SPENT: "waits until its channel is back: the last attempt while it was down brought nothing",
    Hold.WAY: "waits until its recipient is reached again: the channel is there, and what carries it to them is cut off",
    Hold.MODE: "is held by the mode that is in force (`fenghuo mode ls`), and goes when that is over",
    Hold.SILENCE: "is held by the radio silence of the mode in force, under which only a P0 goes by this channel",
    Hold.RESTORED: "was in force before the store was restored, may have gone since, and waits for `fenghuo queue release`",
    Hold.LATE: "would start a device long after its release, and awaits `fenghuo queue resolve ID --as not-sent` (it starts) or `failed`",
    Hold.POLICY: "is held by policy: the channel is on standby until a mode enables it",
}


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
    return {
        "recipient": target.recipient,
        "state": target.state.value,
        "evidence": target.evidence.name,
        "covers": target.covers,
        "says": target_sentence(target, objective, rungs=rungs),
        "outlook": target_says(target, deliveries, objective, outlook) if outlook is not None else "",
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
        "says": delivery_sentence(delivery, attempt, objective),
    }


def target_sentence(target: Target, objective: Objective, *, rungs: int) -> str:
    """How far a target has come, of `rungs` rungs that concern it."""
    has, needed = target.evidence.name, objective.needed.name
    match target.state:
        case TargetState.OPEN:
            said = f"has {has} and needs {needed}; {target.rung} of {rungs} rungs open"
            said += f", the last since {_time(target.rung_at)}" if target.rung else ""
            said += f"; looked at again at {_time(target.wake_at)}" if target.wake_at is not None else ""
        case TargetState.MET:
            said = f"has {has}, and {needed} was needed"
        case TargetState.COVERED:
            said = f"was stood in for; has {has} of its own"
        case TargetState.MISSED:
            said = f"was not reached in time: has {has} and needed {needed}"
        case TargetState.WITHDRAWN:
            said = f"is not wanted any more; had {has} by then"
        case _:
            assert_never(target.state)
    stands = f"stands in for {target.covers}; " if target.covers else ""
    asked = f"; {target.escalated} others were asked in its place" if target.escalated else ""
    return stands + said + asked


def delivery_sentence(delivery: Delivery, attempt: Attempt | None, objective: Objective) -> str:
    """Why a delivery is in its state, with the numbers that put it there. `attempt`: its last one."""
    match delivery.state:
        case DeliveryState.HELD:
            return _held(delivery, objective)
        case DeliveryState.READY:
            return f"waits for its turn on its channel, {_tried(delivery)}{_wait(delivery)}"
        case DeliveryState.EMITTING:
            return f"{_last(delivery, attempt)} is being emitted"
        case DeliveryState.AWAITING if delivery.until is not None:
            return f"{_last(delivery, attempt)} has {delivery.evidence.name}; more is waited for until {_time(delivery.until)}"
        case DeliveryState.AWAITING:
            return f"{_last(delivery, attempt)} has {delivery.evidence.name}; nothing more came in time, and a late receipt still counts"
        case DeliveryState.IN_DOUBT:
            limit = f"settled by {_time(delivery.until)}" if delivery.until is not None else "a person has to settle it"
            doubt = f"nobody knows whether {_last(delivery, attempt)} left ({delivery.reason})"
            return f"{doubt}; {limit}, {delivery.refires} marked copies so far"
        case _:
            return _ended(delivery, objective)


def _held(delivery: Delivery, objective: Objective) -> str:
    if delivery.reason == Hold.RELEASE:
        return f"waits for release: {objective.signatures} signatures are needed"
    known = HELD.get(Hold(delivery.reason)) if delivery.reason in list(Hold) else f"is held: {delivery.reason}"
    return f"{known}, {_tried(delivery)}{_wait(delivery)}"


def _ended(delivery: Delivery, objective: Objective) -> str:
    match delivery.state:
        case DeliveryState.MET:
            return f"has {delivery.evidence.name}, and {objective.needed.name} was needed; {_tried(delivery)}"
        case DeliveryState.FAILED:
            return f"failed: {delivery.reason}, {_tried(delivery)}, {delivery.failures} refused by the far end"
        case DeliveryState.EXPIRED:
            return f"ended when the content expired at {_time(delivery.expires_at)}, {_tried(delivery)}"
        case DeliveryState.SHED:
            return f"was given up for more urgent traffic, {_tried(delivery)}"
        case _:
            return f"is {delivery.state.lower()}" + (f" ({delivery.reason})" if delivery.reason else "") + f", {_tried(delivery)}"


def _tried(delivery: Delivery) -> str:
    copies = f" of which {delivery.refires} marked as copies" if delivery.refires else ""
    return f"tried {delivery.tries} times{copies}" if delivery.tries else "never tried"


def _wait(delivery: Delivery) -> str:
    reason = f" after {delivery.reason}" if delivery.state is DeliveryState.READY and delivery.reason else ""
    return f"{reason}, not before {_time(delivery.not_before)}" if delivery.not_before else reason


def _last(delivery: Delivery, attempt: Attempt | None) -> str:
    if attempt is None:
        return f"try {delivery.tries}"
    outcome = f", {attempt.outcome}" if attempt.outcome else ""
    return f"try {attempt.n} at {_time(attempt.at)}{outcome},"


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
