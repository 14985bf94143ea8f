"""What a terminal's answers and reports mean for a delivery: pure functions. Source: delivery.md; 3GPP TS 27.005 §3.2.5."""

from __future__ import annotations

from fenghuo import Evidence, LinkBroken, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.at_pool import Sent
from fenghuo_adapters.at_session import NotHandedOver
from fenghuo_adapters.at_status import Blame, blame_of
from fenghuo_adapters.pdu_framing import Reported

__all__ = ["outcome_of", "outcome_of_failure", "report_failure"]

# One part takes twenty seconds: whoever was refused for the moment does not ask again in two.
LATER_S = 30.0
CHANNEL_RETRY_S = 30.0


def outcome_of(sent: Sent, refs: tuple[str, ...]) -> Outcome:
    """The outcome of a text that was answered. Parts of it taken and the rest refused is neither sent nor unsent: Unknown."""
    if sent.is_complete:
        return Reached(Evidence.ACCEPTED, refs)
    if sent.references:
        return Unknown(f"{len(sent.references)} of {sent.parts} parts taken, then {sent.code}")
    by_blame: dict[Blame, Outcome] = {
        Blame.RECIPIENT: Permanent(Scope.RECIPIENT, sent.code),
        Blame.MESSAGE: Permanent(Scope.MESSAGE, sent.code),
        Blame.LATER: Transient(Scope.MESSAGE, sent.code, LATER_S),
        Blame.UNSURE: Transient(Scope.MESSAGE, sent.code, LATER_S),
        Blame.CHANNEL: Transient(Scope.CHANNEL, sent.code, CHANNEL_RETRY_S),
        Blame.DOUBT: Unknown(sent.code),
    }
    return by_blame[blame_of(sent.code)]


def outcome_of_failure(failure: LinkError) -> Outcome:
    """The outcome of a text that was not answered: certainly unsent only if no digit of it was written."""
    if isinstance(failure, NotHandedOver):
        return Transient(Scope.CHANNEL, "terminal-not-ready", CHANNEL_RETRY_S)
    known = {LinkTimeout: "no-response", LinkBroken: "terminal-lost"}
    return Unknown(known.get(type(failure), "link-lost"))


def report_failure(reported: Reported) -> Permanent | None:
    """Why the telephone did not get it, if the report says that the centre has given up: `report-46`."""
    return Permanent(Scope.RECIPIENT, f"report-{reported.status:02x}") if reported.is_failed else None
