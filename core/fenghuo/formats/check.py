"""What `fenghuo alert check FILE --json` says of a file: the form only, without daemon or settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from fenghuo.errors import FormatError
from fenghuo.formats.decode import decode
from fenghuo.formats.freshness import freshness_of
from fenghuo.formats.message_json import UNSENT
from fenghuo.formats.verdicts import ACCEPTED, REFUSED, REPAIRED, Decoded, refused

__all__ = ["check_report", "refusal_report"]


def check_report(raw: bytes, *, now: float | None = None) -> dict[str, Any]:
    """The report as builtins ready for JSON: verdict, verdicts, repairs, error, and `alerts` with the same four of each message.

    A file with one message reports that one. A container is refused only if nothing in it could be taken, and `error` is then
    the first refusal; else it is accepted (with repairs, if any were made) and a bad neighbour shows in `alerts` alone.
    `verdicts` and `repairs` are those of all messages in order. `now` (UTC seconds): each has the verdict on its age too, as intake would
    give it now; it changes no outcome, which is of the form. Never raises.
    """
    return _report([one if now is None else _aged(one, now) for one in decode(raw)])


def refusal_report(error: FormatError) -> dict[str, Any]:
    """The same of a file that is refused unread."""
    return _report([refused(error)])


def _report(decoded: Sequence[Decoded]) -> dict[str, Any]:
    outcome = _outcome(decoded)
    first_error = next((one.error for one in decoded if one.error), None) if outcome == REFUSED else None
    return {
        "verdict": outcome,
        "verdicts": [_builtin(verdict) for one in decoded for verdict in one.verdicts],
        "repairs": [repair for one in decoded for repair in one.repairs],
        "error": None if first_error is None else _builtin(first_error),
        "alerts": [_one(one) for one in decoded],
    }


def _aged(decoded: Decoded, now: float) -> Decoded:
    content = decoded.content
    if content is None:
        return decoded
    ends = content.expires
    sent = now if content.sent == UNSENT else content.sent.timestamp()
    age = freshness_of(sent, ends.timestamp() if ends else math.inf, now)
    return msgspec.structs.replace(decoded, verdicts=(*decoded.verdicts, age))


def _outcome(decoded: Sequence[Decoded]) -> str:
    outcomes = {one.outcome for one in decoded} - {REFUSED}
    if not outcomes:
        return REFUSED
    return ACCEPTED if outcomes == {ACCEPTED} else REPAIRED


def _one(decoded: Decoded) -> dict[str, Any]:
    return {
        "identifier": decoded.content.identifier if decoded.content else decoded.named,
        "verdict": decoded.outcome,
        "verdicts": [_builtin(verdict) for verdict in decoded.verdicts],
        "repairs": list(decoded.repairs),
        "error": None if decoded.error is None else _builtin(decoded.error),
    }


def _builtin(value: msgspec.Struct) -> dict[str, Any]:
    return dict(msgspec.structs.asdict(value))
