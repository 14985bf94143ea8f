"""What a terminal's answers and reports mean for a delivery: pure functions. Source: delivery.md; 3GPP TS 27.005 §3.2.5."""

from __future__ import annotations

from fenghuo import LinkBroken, LinkError, LinkTimeout, Outcome, Scope, Transient, Unknown
from fenghuo.formats.modem_answers import Submitted, broken_off, submission_outcome
from fenghuo_adapters.at_pool import BrokenOff, Sent
from fenghuo_adapters.at_session import NotHandedOver
from fenghuo_adapters.at_status import blame_of

__all__ = ["outcome_of", "outcome_of_failure"]

# One part takes twenty seconds: whoever was refused for the moment does not ask again in two.
LATER_S = 30.0
CHANNEL_RETRY_S = 30.0


def outcome_of(sent: Sent, refs: tuple[str, ...]) -> Outcome:
    """The outcome of a text that was answered."""
    submitted = Submitted(len(sent.references), sent.parts, sent.code, blame_of(sent.code))
    return submission_outcome(submitted, refs, later_s=LATER_S, channel_s=CHANNEL_RETRY_S)


def outcome_of_failure(failure: LinkError, refs: tuple[str, ...] = ()) -> Outcome:
    """The outcome of a text that was not answered: certainly unsent only if no digit of it was written. `refs`: the names of the parts
    that were taken before it broke off."""
    if isinstance(failure, BrokenOff):
        said, sent = outcome_of_failure(failure.cause), failure.sent
        why = said.cause if isinstance(said, Unknown) else "terminal-lost"
        return broken_off(why, refs, taken=len(sent.references), parts=sent.parts, may_have_left=failure.may_have_left)
    if isinstance(failure, NotHandedOver):
        return Transient(Scope.CHANNEL, "terminal-not-ready", CHANNEL_RETRY_S)
    known = {LinkTimeout: "no-response", LinkBroken: "terminal-lost"}
    return Unknown(known.get(type(failure), "link-lost"))
