"""What an answer, a state, or the lack of one says about a broadcast: pure tables, no I/O.

For a loud device "perhaps" is never "no": only what certainly did not reach the platform may be tried again. Source: wire-formats of
GD/J 082-2018 and GY/T 385-2023: ResultCode, BrdStateCode.
"""

from __future__ import annotations

from fenghuo import Evidence, LinkError, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.ebd_post import HttpRefused, NotSent
from fenghuo_broadcast.ebd import Envelope, State
from fenghuo_broadcast.platform_plays import DONE, ENDED, FAILED, OVER, STOPPED, Play

__all__ = ["WENT_NOWHERE", "of_answer", "of_failure", "of_state", "of_stop", "worst"]

WENT_NOWHERE = Transient(Scope.RECIPIENT, "never-left", 0.0)
"""It was never given to the far end, or the far end says that it never had it."""
_NOT_HANDLED, _WELL, _UNREADABLE, _INCOMPLETE, _SIGNATURE = range(5)
_NEVER_READ = frozenset({401, 403, 404, 405, 410, 411, 415})
_TOO_LARGE = 413


def of_failure(failure: LinkError) -> Outcome:
    """No answer came. A gateway before the platform that says 5xx cannot tell what stands behind it."""
    match failure:
        case NotSent():
            return Transient(Scope.CHANNEL, "connect")
        case HttpRefused(status=status) if status in _NEVER_READ:
            return Transient(Scope.CHANNEL, f"http-{status}")
        case HttpRefused(status=status) if status == _TOO_LARGE:
            return Permanent(Scope.MESSAGE, f"http-{status}")
        case HttpRefused(status=status):
            return Unknown(f"http-{status}")
        case _:
            return Unknown(type(failure).__name__)


def of_answer(answer: Envelope, refs: tuple[str, ...]) -> Outcome:
    """What the platform said when it was given a broadcast, or was told to stop one."""
    if answer.result is None:
        known = next((state for state in answer.states if state.ebmid in refs), None)
        return of_state(known, refs) if known is not None else Unknown(f"answered-by-{answer.kind}"[:40])
    match answer.result.code:
        case code if code in (_NOT_HANDLED, _WELL):
            return Reached(Evidence.ACCEPTED, refs)
        case code if code in (_UNREADABLE, _INCOMPLETE):
            return Permanent(Scope.MESSAGE, f"ebd-{code}")
        case code if code == _SIGNATURE:
            return Permanent(Scope.CHANNEL, "signature-refused")
        case code:
            return Permanent(Scope.RECIPIENT, f"ebd-{code}")


def of_state(state: State, refs: tuple[str, ...] = (), *, terminals_count: bool = False) -> Outcome:
    """What a state report says; only a terminal's own is DEVICE, and only where the settings say that such are passed on."""
    match state.code:
        case code if code == DONE:
            return Reached(Evidence.DEVICE if state.by_terminal and terminals_count else Evidence.AIRED, refs)
        case code if code == FAILED:
            return Permanent(Scope.RECIPIENT, "broadcast-failed")
        case code if code == STOPPED:
            return Permanent(Scope.RECIPIENT, "broadcast-cancelled")
        case _:
            return Reached(Evidence.ACCEPTED, refs)


def of_stop(outcome: Outcome, play: Play, *, is_cancel: bool) -> Outcome:
    """What giving a stop of this came to. A far end may refuse to stop what it said is over; an Update may follow also what failed."""
    is_refused = isinstance(outcome, Permanent) and outcome.scope is Scope.RECIPIENT
    return Reached(Evidence.ACCEPTED) if is_refused and play.state in (OVER if is_cancel else ENDED) else outcome


def worst(outcomes: list[Outcome]) -> Outcome:
    """Of several stops: what is not known before what did not work before what did."""
    for kind in (Unknown, Transient, Permanent):
        for outcome in outcomes:
            if isinstance(outcome, kind):
                return outcome
    reached = [outcome for outcome in outcomes if isinstance(outcome, Reached)]
    return Reached(min(outcome.level for outcome in reached), tuple(ref for outcome in reached for ref in outcome.refs))
