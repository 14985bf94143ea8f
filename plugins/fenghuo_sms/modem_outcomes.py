"""What a modem's answers and reports mean for a delivery: pure functions, tried cell by cell.

Source: delivery.md, Failures have a scope; 3GPP TS 27.005 §3.2.5, TS 23.040 §9.2.3.15.
"""

from __future__ import annotations

from typing import assert_never

from fenghuo import Evidence, LinkBroken, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.at_pool import Sent
from fenghuo_adapters.at_session import NotHandedOver
from fenghuo_adapters.at_status import Blame, blame_of
from fenghuo_adapters.pdu_framing import Reported

__all__ = ["outcome_of", "outcome_of_failure", "report_failure"]

CHANNEL_RETRY_S = 5.0


def outcome_of(sent: Sent, refs: tuple[str, ...], *, retry_after_s: float) -> Outcome:
    """The outcome of a text that was answered. Parts of it taken and the rest refused is neither sent nor unsent: Unknown."""
    if sent.is_complete:
        return Reached(Evidence.ACCEPTED, refs)
    if sent.references:
        return Unknown(f"{len(sent.references)} of {sent.parts} parts taken, then {sent.code}")
    blame = blame_of(sent.code)
    match blame:
        case Blame.RECIPIENT:
            return Permanent(Scope.RECIPIENT, sent.code)
        case Blame.MESSAGE:
            return Permanent(Scope.MESSAGE, sent.code)
        case Blame.LATER | Blame.UNSURE:
            return Transient(Scope.MESSAGE, sent.code, retry_after_s)
        case Blame.CHANNEL:
            return Transient(Scope.CHANNEL, sent.code, CHANNEL_RETRY_S)
        case Blame.DOUBT:
            return Unknown(sent.code)
        case _:
            assert_never(blame)


def outcome_of_failure(failure: LinkError) -> Outcome:
    """The outcome of a text that was not answered: certainly unsent only if no digit of it was written."""
    match failure:
        case NotHandedOver():
            return Transient(Scope.CHANNEL, "modem-not-ready", CHANNEL_RETRY_S)
        case LinkTimeout():
            return Unknown("no-response")
        case LinkBroken():
            return Unknown("modem-lost")
        case _:
            return Unknown("link-lost")


def report_failure(reported: Reported) -> Permanent | None:
    """Why the telephone did not get it, if the report says that the centre has given up: `report-46`."""
    return Permanent(Scope.RECIPIENT, f"report-{reported.status:02x}") if reported.is_failed else None
