"""What a modem's answers and reports mean for a delivery: pure functions, tried cell by cell.

Source: delivery.md, Failures have a scope; 3GPP TS 27.005 §3.2.5, TS 23.040 §9.2.3.15.
"""

from __future__ import annotations

from fenghuo import LinkBroken, LinkError, LinkTimeout, Outcome, Scope, Transient, Unknown
from fenghuo.formats.modem_answers import Submitted, broken_off, submission_outcome
from fenghuo_adapters.at_pool import BrokenOff, Sent
from fenghuo_adapters.at_session import NotHandedOver
from fenghuo_adapters.at_status import blame_of

__all__ = ["outcome_of", "outcome_of_failure"]

CHANNEL_RETRY_S = 5.0


def outcome_of(sent: Sent, refs: tuple[str, ...], *, retry_after_s: float) -> Outcome:
    """The outcome of a text that was answered."""
    submitted = Submitted(len(sent.references), sent.parts, sent.code, blame_of(sent.code))
    return submission_outcome(submitted, refs, later_s=retry_after_s, channel_s=CHANNEL_RETRY_S)


def outcome_of_failure(failure: LinkError, refs: tuple[str, ...] = ()) -> Outcome:
    """The outcome of a text that was not answered: certainly unsent only if no digit of it was written. `refs`: the names of the parts
    that were taken before it broke off."""
    match failure:
        case BrokenOff(cause=cause, sent=sent):
            said = outcome_of_failure(cause)
            why = said.cause if isinstance(said, Unknown) else "modem-lost"
            return broken_off(why, refs, taken=len(sent.references), parts=sent.parts, may_have_left=failure.may_have_left)
        case NotHandedOver():
            return Transient(Scope.CHANNEL, "modem-not-ready", CHANNEL_RETRY_S)
        case LinkTimeout():
            return Unknown("no-response")
        case LinkBroken():
            return Unknown("modem-lost")
        case _:
            return Unknown("link-lost")
