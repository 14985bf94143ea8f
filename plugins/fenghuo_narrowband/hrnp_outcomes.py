"""What an acknowledgement over DMR means for a delivery: pure functions, tried cell by cell."""

from __future__ import annotations

from fenghuo import Evidence, Outcome, Permanent, Scope, Transient, Unknown
from fenghuo_adapters.hrnp_framing import Result
from fenghuo_narrowband.sites import SiteState

__all__ = ["broken_off", "code_of", "level_of", "refusal_of", "unreachable"]

BUSY_RETRY_S = 5.0
RADIO_RETRY_S = 30.0
CHANNEL_RETRY_S = 15.0
SITE_RETRY_S = 60.0

_REFUSALS: dict[int, Outcome] = {
    Result.FAIL: Transient(Scope.RECIPIENT, "failed", RADIO_RETRY_S),
    Result.BAD_PARAMETER: Permanent(Scope.MESSAGE, "bad-parameter"),
    Result.CHANNEL_BUSY: Transient(Scope.CHANNEL, "channel-busy", BUSY_RETRY_S),
    Result.RECEIVE_ONLY: Transient(Scope.CHANNEL, "receive-only", CHANNEL_RETRY_S),
    Result.LOW_BATTERY: Transient(Scope.CHANNEL, "low-battery", CHANNEL_RETRY_S),
    Result.PLL_UNLOCKED: Transient(Scope.CHANNEL, "pll-unlocked", CHANNEL_RETRY_S),
    Result.NO_ACK: Transient(Scope.RECIPIENT, "no-ack", RADIO_RETRY_S),
    Result.REPEATER_ASLEEP: Transient(Scope.CHANNEL, "repeater-asleep", CHANNEL_RETRY_S),
    Result.NO_CONTACT: Transient(Scope.RECIPIENT, "no-contact", RADIO_RETRY_S),
    Result.TRANSMIT_DENIED: Permanent(Scope.CHANNEL, "transmit-denied"),
    Result.INTERRUPTED: Transient(Scope.CHANNEL, "interrupted", BUSY_RETRY_S),
}


def level_of(*, is_group: bool) -> Evidence:
    """What an acknowledgement shows: of a radio that it has the text; of a group that it was on the air, and never more."""
    return Evidence.AIRED if is_group else Evidence.DEVICE


def refusal_of(result: int) -> Outcome | None:
    """The outcome of a refused message; None when it was not refused. A result that nobody knows is the recipient's for now."""
    if result == Result.OK:
        return None
    return _REFUSALS.get(result, Transient(Scope.RECIPIENT, f"result-{result}", RADIO_RETRY_S))


def code_of(refusal: Outcome) -> str:
    """The word of a refusal."""
    return refusal.code if isinstance(refusal, Transient | Permanent) else "refused"


def broken_off(cause: str, refs: tuple[str, ...], parts: int, *, may_have_left: bool) -> Unknown:
    """A text that ended after the parts `refs` of its `parts`. `may_have_left`: the next one too, so that the whole is on the air if that
    was the last."""
    said = f"{len(refs)} of {parts} parts taken, then {cause}" if refs else cause
    return Unknown(said, refs, parts if parts > 1 else 0, is_short=len(refs) + may_have_left < parts)


def unreachable(state: SiteState) -> Outcome:
    """Of a radio at a base station that is cut off from here: nothing is sent, and the next rung is not kept from its turn."""
    return Transient(Scope.WAY, f"site-{state.value.replace('_', '-')}", SITE_RETRY_S)
