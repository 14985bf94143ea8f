"""What a broker's answer to a publication means for a delivery, and what it means that there was none. Pure. Source: MQTT 5.0 §3.4.2.1."""

from __future__ import annotations

from fenghuo.model.delivery import Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence

__all__ = ["answer_outcome", "silence_outcome"]

NOBODY_RETRY_S = 30.0
"""Whoever is not subscribed now is asked for again soon: a terminal that restarts is away for so long."""
CHANNEL_RETRY_S = 5.0
_TAKEN_BELOW, _NOBODY = 0x80, 0x10
_RECIPIENT, _MESSAGE = frozenset({0x87, 0x90}), frozenset({0x91, 0x99})
_UNSENT: dict[str, Outcome] = {
    "window-full": Transient(Scope.MESSAGE, "window-full", CHANNEL_RETRY_S),  # the broker is slow, and says nothing of the connection
    "not-connected": Transient(Scope.CHANNEL, "not-connected"),
    "too-long": Permanent(Scope.MESSAGE, "too-long"),
}


def answer_outcome(code: int, name: str, ref: str) -> Outcome:
    """Of a PUBACK: its code, and the same in words. A broker that took it has it in memory and perhaps on its disk: ACCEPTED, no more."""
    if code == _NOBODY:
        return Transient(Scope.RECIPIENT, "nobody-subscribed", NOBODY_RETRY_S)
    if code < _TAKEN_BELOW:
        return Reached(Evidence.ACCEPTED, (ref,))
    words = name.lower().replace(" ", "-")
    if code in _RECIPIENT:
        return Permanent(Scope.RECIPIENT, words)
    if code in _MESSAGE:
        return Permanent(Scope.MESSAGE, words)
    return Transient(Scope.CHANNEL, words, CHANNEL_RETRY_S)


def silence_outcome(why: str) -> Outcome:
    """Of a publication that was not answered, by the word that the session has for it: certainly unsent only if nothing was written."""
    return _UNSENT.get(why) or Unknown(why)
