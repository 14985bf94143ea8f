"""What a terminal's answer or report says about a broadcast: pure tables, no I/O.

A terminal speaks for itself: its word is of no other terminal's delivery.
"""

from __future__ import annotations

from collections.abc import Collection

from fenghuo import Evidence, FormatError, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.broadcast_terminal_framing import Frame
from fenghuo_broadcast import terminal_command as command
from fenghuo_broadcast.platform_plays import DONE, FAILED, SOUNDS, Play
from fenghuo_broadcast.terminal_command import Report

__all__ = ["PRE_EMPTED", "SAY_AGAIN", "STATES", "WENT_NOWHERE", "is_of_another", "of_answer", "of_report", "record"]

WENT_NOWHERE = Transient(Scope.RECIPIENT, "never-left", 0.0)
SAY_AGAIN = Transient(Scope.RECIPIENT, "stop-not-confirmed", 0.0)
PRE_EMPTED = Permanent(Scope.RECIPIENT, "pre-empted")
STATES = {command.FAILED: FAILED, command.DONE: DONE, command.SOUNDS: SOUNDS}
"""States of a broadcast, by codes of a report."""


def of_answer(answer: Frame, accepts: Collection[int], refs: tuple[str, ...]) -> Outcome:
    """What it says to a command: no data, or a first octet of `accepts`, is yes. Nobody verified it, so that it is ACCEPTED and no more."""
    if answer.data and answer.data[0] not in accepts:
        return Permanent(Scope.RECIPIENT, f"refused-{answer.data[0]}")
    return Reached(Evidence.ACCEPTED, refs)


def of_report(report: Report, refs: tuple[str, ...] = ()) -> Outcome:
    """A terminal that has played it is a device that confirms it; one that sounds has only taken it."""
    match report.code:
        case command.DONE:
            return Reached(Evidence.DEVICE, refs)
        case command.SOUNDS:
            return Reached(Evidence.ACCEPTED, refs)
        case _:
            return Permanent(Scope.RECIPIENT, "broadcast-failed")


def record(answer: Frame | None, number: str, *, absent_is_certain: bool) -> Report | Outcome:
    """What it says when it is asked about a broadcast: its report, or why there is none. None: the answer is not believed."""
    if answer is None:
        return Unknown("not-believed")
    try:
        report = command.read_report(answer.data)
    except FormatError as unread:
        return Unknown(unread.code)
    if report is None:
        return WENT_NOWHERE if absent_is_certain else Unknown("no-record")
    return report if report.ebmid == number else Unknown("of-another")


def is_of_another(frame: Frame, play: Play | None) -> bool:
    """Whether a report about this play came from a terminal that it was not for."""
    return play is not None and frame.source != play.address
