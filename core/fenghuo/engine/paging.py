"""The states of a page: what begin(), an outcome, a receipt, a crash or time makes of the row. Pure.

A page has the states of a delivery and the same ways out of them (delivery.md); who on it has what stands in its marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.engine import marks
from fenghuo.engine.settling import DOUBT_GRACE_S, MAX_FAILURES, retry_wait_s
from fenghuo.model.delivery import DeliveryState, Outcome, Paged, Permanent, Reached, Scope, Token, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import ChannelView
from fenghuo.model.traffic import Priority
from fenghuo.store.records import PageRow

__all__ = ["Left", "begun", "doubted", "is_for_another", "is_for_channel", "looked_at", "settled", "stopped", "told"]

MAX_REFIRES = 3
"""Marked copies of one page: one for each crash, and no endless chain."""
GIVEN_UP = "in doubt"
_IN_FLIGHT = frozenset({DeliveryState.EMITTING, DeliveryState.IN_DOUBT})
_replace = msgspec.structs.replace


class Left(msgspec.Struct, frozen=True):
    """The outcome, at `at` (UTC seconds), of attempt `n`, which went to `places`."""

    n: int
    outcome: Outcome | Paged
    places: Sequence[int]
    at: float


def begun(page: PageRow, channel: str, token: Token) -> PageRow:
    """READY → EMITTING, as attempt `tries`."""
    return _replace(page, state=DeliveryState.EMITTING, channel=channel, token=token, tries=page.tries + 1, reason="", until=None)


def settled(page: PageRow, left: Left, *, needed: Evidence, view: ChannelView | None) -> PageRow:
    """A page after the outcome of an attempt. One that comes late raises what is known and changes no state."""
    outcome, now = left.outcome, left.at
    whole = outcome.outcome if isinstance(outcome, Paged) else outcome
    if page.tries != left.n or page.state not in _IN_FLIGHT:
        return told(page, left.places, whole.level, None, needed=needed) if isinstance(whole, Reached) else page
    page = _counted(_replace(page, marks=marks.after(page.marks, left.places, outcome)), needed)
    if marks.has_doubt(page.marks):
        return _doubtful(page, whole.cause if isinstance(whole, Unknown) else "some on it", now=now, view=view)
    if marks.due(page.marks):
        return _retried(page, outcome, needed=needed, now=now)
    return _waiting(page, now=now, view=view)


def doubted(page: PageRow, cause: str, *, needed: Evidence, now: float, view: ChannelView | None) -> PageRow:
    """A page whose emission has no outcome and will have none."""
    marked = marks.after(page.marks, marks.due(page.marks), Unknown(cause))
    return _doubtful(_counted(_replace(page, marks=marked), needed), cause, now=now, view=view)


def told(page: PageRow, places: Iterable[int], level: Evidence | None, failure: Outcome | None, *, needed: Evidence) -> PageRow:
    """A page after a receipt for some of its places."""
    is_refused = isinstance(failure, Permanent)
    page = _counted(_replace(page, marks=marks.raised(page.marks, places, level, is_refused=is_refused)), needed)
    is_open = page.state in (DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
    return _ended(page) if is_open and page.met + page.ended >= page.size else page


def looked_at(page: PageRow, *, priority: Priority, needed: Evidence, now: float, view: ChannelView | None, has_alternate: bool) -> PageRow:
    """What time makes of a page: a doubt is resolved by what the channel can do, and then by another one (the table in delivery.md)."""
    if page.state is not DeliveryState.IN_DOUBT:
        return page
    doubt = view.doubt if view else "opaque"
    is_usable = view is not None and view.is_usable
    if doubt == "idempotent" and is_usable:
        return _replace(page, state=DeliveryState.READY, reason="", until=None, not_before=now)
    may_copy = page.refires < MAX_REFIRES and doubt not in ("idempotent", "actuator")
    is_over = page.until is not None and page.until <= now
    is_due = (priority <= Priority.P1 and is_usable and page.not_before <= now) or (is_over and has_alternate)
    if may_copy and is_due:
        return _replace(page, state=DeliveryState.READY, reason=GIVEN_UP, until=None, not_before=now, refires=page.refires + 1)
    if is_over:
        return _ended(_counted(_replace(page, marks=marks.given_up(page.marks)), needed), GIVEN_UP)
    return page


def stopped(page: PageRow, state: DeliveryState, reason: str) -> PageRow:
    """A page that will not go any more. What is on the air ends with its outcome."""
    is_open = page.state in (DeliveryState.READY, DeliveryState.AWAITING, DeliveryState.IN_DOUBT)
    return _replace(page, state=state, reason=reason, until=None) if is_open else page


def is_for_channel(page: PageRow) -> bool:
    """Whether it may go over no other channel than its own: only that one knows its token again."""
    return bool(page.channel) and page.tries > 0 and marks.has_doubt(page.marks) and not page.refires


def is_for_another(page: PageRow) -> bool:
    """Whether another channel should take it, where there is one: its own did not."""
    return page.reason == GIVEN_UP or page.reason.startswith(Scope.CHANNEL)


def _retried(page: PageRow, outcome: Outcome | Paged, *, needed: Evidence, now: float) -> PageRow:
    """Back to READY for those who did not get it; another channel may take it at once where this one failed as a whole."""
    whole = outcome.outcome if isinstance(outcome, Paged) else outcome
    failed = whole if isinstance(whole, Transient) else next((one for _, one in _but(outcome) if isinstance(one, Transient)), None)
    is_channel = failed is not None and failed.scope is Scope.CHANNEL
    failures = page.failures + (not is_channel)
    if failures >= MAX_FAILURES:
        return _ended(_counted(_replace(page, marks=marks.given_up(page.marks), failures=failures), needed), failed.code if failed else "")
    wait_s = failed.retry_after_s if failed is not None and failed.retry_after_s is not None else retry_wait_s(max(1, failures), 0.5)
    reason = f"{failed.scope} {failed.code}" if failed is not None else ""
    return _replace(page, state=DeliveryState.READY, reason=reason, failures=failures, not_before=now + wait_s, until=None)


def _but(outcome: Outcome | Paged) -> tuple[tuple[int, Outcome], ...]:
    return outcome.but if isinstance(outcome, Paged) else ()


def _doubtful(page: PageRow, cause: str, *, now: float, view: ChannelView | None) -> PageRow:
    window_s = max(view.latency_q95_s if view else 30.0, 2 * DOUBT_GRACE_S)
    return _replace(page, state=DeliveryState.IN_DOUBT, reason=cause, not_before=now + DOUBT_GRACE_S, until=now + window_s)


def _waiting(page: PageRow, *, now: float, view: ChannelView | None) -> PageRow:
    if page.met + page.ended >= page.size:
        return _ended(page)
    wait_s = view.latency_q95_s if view else 30.0
    return _replace(page, state=DeliveryState.AWAITING, reason="", until=now + wait_s)


def _ended(page: PageRow, reason: str = "") -> PageRow:
    """At its end: MET where somebody on it has what is needed, or nobody was meant."""
    state = DeliveryState.FAILED if page.ended and not page.met else DeliveryState.MET
    return _replace(page, state=state, reason=reason or (f"{page.ended} not reached" if page.ended else ""), until=None)


def _counted(page: PageRow, needed: Evidence) -> PageRow:
    size, met, ended = marks.count(page.marks, needed)
    return _replace(page, size=size, met=met, ended=ended)
