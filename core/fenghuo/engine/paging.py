"""The states of a page: what begin(), an outcome, a receipt, a crash or time makes of the row. Pure.

A page has the states of a delivery and the same ways out of them (delivery.md); who on it has what stands in its marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from fenghuo.engine import marks
from fenghuo.engine.settling import DOUBT_GRACE_S, MAX_REFIRES, grace_s, retry_of
from fenghuo.model.delivery import DeliveryState, Outcome, Paged, Permanent, Reached, Scope, Token, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import ChannelView
from fenghuo.model.traffic import Priority
from fenghuo.store.records import PageRow

__all__ = ["Left", "begun", "doubted", "is_for_another", "is_for_channel", "looked_at", "settled", "stopped", "strikes", "told"]

GIVEN_UP = "in doubt"
_IN_FLIGHT = frozenset({DeliveryState.EMITTING, DeliveryState.IN_DOUBT})
_replace = msgspec.structs.replace


class Left(msgspec.Struct, frozen=True):
    """The outcome, at `at` (UTC seconds), of attempt `n`, which went to `places`. `jitter`: 0..1, drawn by the caller."""

    n: int
    outcome: Outcome | Paged
    places: Sequence[int]
    at: float
    jitter: float = 0.5


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
        return _doubtful(page, whole.cause if isinstance(whole, Unknown) else "some on it", now=now, view=view, jitter=left.jitter)
    if marks.due(page.marks):
        return _retried(page, left, needed=needed)
    return _waiting(page, now=now, view=view)


def doubted(page: PageRow, cause: str, *, needed: Evidence, now: float, view: ChannelView | None, jitter: float = 0.5) -> PageRow:
    """A page whose emission has no outcome and will have none. `jitter`: 0..1, drawn by the caller."""
    marked = marks.after(page.marks, marks.due(page.marks), Unknown(cause))
    return _doubtful(_counted(_replace(page, marks=marked), needed), cause, now=now, view=view, jitter=jitter)


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
    if doubt == "idempotent":  # it does no harm twice: however long its channel is away, it goes when that is back
        is_ripe = is_usable and page.not_before <= now
        return _replace(page, state=DeliveryState.READY, reason="", until=None, not_before=now) if is_ripe else page
    may_copy = page.refires < MAX_REFIRES and doubt != "actuator"
    is_owed = may_copy and priority <= Priority.P1
    is_over = page.until is not None and page.until <= now
    is_due = (is_usable and page.not_before <= now) or is_over
    if (is_owed and is_due) or (may_copy and is_over and has_alternate):
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


def strikes(page: PageRow) -> int:
    """How often it went and its channel failed, or did not say what became of it."""
    return page.tries - page.failures


def _retried(page: PageRow, left: Left, *, needed: Evidence) -> PageRow:
    """Back to READY for those who did not get it; another channel may take it at once where this one failed as a whole."""
    whole = left.outcome.outcome if isinstance(left.outcome, Paged) else left.outcome
    some = (one for _, one in _but(left.outcome) if isinstance(one, Transient))
    failed = whole if isinstance(whole, Transient) else next(some, Transient(Scope.RECIPIENT, ""))
    retry = retry_of(failed, page.failures, strikes=strikes(page), jitter=left.jitter)
    if retry.wait_s is None:
        return _ended(_counted(_replace(page, marks=marks.given_up(page.marks), failures=retry.failures), needed), failed.code)
    reason, not_before = f"{failed.scope} {failed.code}", left.at + retry.wait_s
    return _replace(page, state=DeliveryState.READY, reason=reason, failures=retry.failures, not_before=not_before, until=None)


def _but(outcome: Outcome | Paged) -> tuple[tuple[int, Outcome], ...]:
    return outcome.but if isinstance(outcome, Paged) else ()


def _doubtful(page: PageRow, cause: str, *, now: float, view: ChannelView | None, jitter: float) -> PageRow:
    patience_s = grace_s(view, strikes(page), jitter=jitter)
    window_s = max(view.latency_q95_s if view else 30.0, 2 * max(patience_s, DOUBT_GRACE_S))
    return _replace(page, state=DeliveryState.IN_DOUBT, reason=cause, not_before=now + patience_s, until=now + window_s)


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
