"""What an acknowledgement over DMR means for a delivery, and what a site says of itself: pure functions, tried cell by cell."""

from __future__ import annotations

import re
from enum import StrEnum

from fenghuo import Evidence, Outcome, Permanent, Scope, Transient
from fenghuo_adapters.hrnp_framing import Result

__all__ = ["SiteState", "level_of", "refusal_of", "site_state"]

BUSY_RETRY_S = 5.0
RADIO_RETRY_S = 30.0
CHANNEL_RETRY_S = 15.0

_SITE = re.compile(r"SITE (CORE|LOCAL|DIRECT)", re.IGNORECASE)

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


class SiteState(StrEnum):
    """How a base station stands: with its core network, on its own, or gone, so that radios speak to each other alone."""

    CORE_CONNECTED = "core_connected"
    LOCAL_TRUNKING = "local_trunking"
    DIRECT_MODE = "direct_mode"


_STATES = {"CORE": SiteState.CORE_CONNECTED, "LOCAL": SiteState.LOCAL_TRUNKING, "DIRECT": SiteState.DIRECT_MODE}


def level_of(*, is_group: bool) -> Evidence:
    """What an acknowledgement shows: of a radio that it has the text; of a group that it was on the air, and never more."""
    return Evidence.AIRED if is_group else Evidence.DEVICE


def refusal_of(result: int) -> Outcome | None:
    """The outcome of a refused message; None when it was not refused. A result that nobody knows is the recipient's for now."""
    if result == Result.OK:
        return None
    return _REFUSALS.get(result, Transient(Scope.RECIPIENT, f"result-{result}", RADIO_RETRY_S))


def site_state(text: str) -> SiteState | None:
    """The state that a site's reporter tells in a text message: SITE CORE, SITE LOCAL or SITE DIRECT."""
    found = _SITE.fullmatch(text.strip())
    return _STATES[found[1].upper()] if found else None
