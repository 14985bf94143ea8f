"""What a modem's answers and reports mean for a delivery, whatever network it is at. Pure.

Source: delivery.md, Failures have a scope; 3GPP TS 27.005 §3.2.5, TS 23.040 §9.2.3.15.
"""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence

__all__ = ["Submitted", "broken_off", "report_failure", "submission_outcome"]


class Submitted(msgspec.Struct, frozen=True):
    """What became of a text: `taken` of its `parts`; `code`: of the refusal that ended it, empty for none; `blame`: whom that is about
    (recipient, message, later, unsure, channel, doubt), as the modem layer reads it."""

    taken: int
    parts: int
    code: str = ""
    blame: str = ""


def submission_outcome(submitted: Submitted, refs: tuple[str, ...], *, later_s: float, channel_s: float) -> Outcome:
    """Parts of it taken and the rest refused is neither sent nor unsent: Unknown. `refs`: the names of the parts that were taken, as far as
    the modem gave any; a whole of which one has none can never be confirmed. `later_s`, `channel_s`: after how long again what was not
    taken for the moment, and what was the modem's own fault."""
    code = submitted.code
    if not code and submitted.taken == submitted.parts:
        return Reached(Evidence.ACCEPTED, refs if len(refs) == submitted.parts else ())
    if submitted.taken or submitted.blame == "doubt":
        return broken_off(code, refs, taken=submitted.taken, parts=submitted.parts, may_have_left=submitted.blame == "doubt")
    match submitted.blame:
        case "recipient":
            return Permanent(Scope.RECIPIENT, code)
        case "message":
            return Permanent(Scope.MESSAGE, code)
        case "later" | "unsure":
            return Transient(Scope.MESSAGE, code, later_s)
        case "channel":
            return Transient(Scope.CHANNEL, code, channel_s)
        case _:
            return Unknown(code)


def broken_off(cause: str, refs: tuple[str, ...], *, taken: int, parts: int, may_have_left: bool) -> Unknown:
    """A text that ended after `taken` of its `parts`. `may_have_left`: the next one too, so that the whole is there if it was the last."""
    said = f"{taken} of {parts} parts taken, then {cause}" if taken else cause
    return Unknown(said, refs[:taken], parts if parts > 1 else 0, is_short=taken + may_have_left < parts)


def report_failure(status: int, *, is_failed: bool) -> Permanent | None:
    """Why the telephone did not get it, if the report says that the centre has given up: `report-46`."""
    return Permanent(Scope.RECIPIENT, f"report-{status:02x}") if is_failed else None
