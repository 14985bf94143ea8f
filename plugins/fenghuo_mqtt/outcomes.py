"""What a broker's answers mean for a delivery: pure functions, tried cell by cell. Source: MQTT 5.0 §3.4.2.1, §3.2.2.2."""

from __future__ import annotations

from fenghuo import Evidence, LinkError, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo_adapters.mqtt_session import Answer, NoPlace, NotPublished, TooLong

__all__ = ["LOGIN_REFUSALS", "outcome_of", "outcome_of_failure"]

LOGIN_REFUSALS = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""Client identifier, name or password, not authorised, banned, authentication method: a person has to mend them."""

# Whoever is not subscribed now is asked for again soon: a terminal that restarts is away for so long.
NOBODY_RETRY_S = 30.0
CHANNEL_RETRY_S = 5.0

_RECIPIENT = frozenset({0x87, 0x90})
_MESSAGE = frozenset({0x91, 0x99})


def outcome_of(answer: Answer, ref: str) -> Outcome:
    """The outcome of a publication that was answered. A broker that took it has it in memory and perhaps on its disk: ACCEPTED, no more."""
    code = answer.name.lower().replace(" ", "-")
    if answer.is_taken:
        return (
            Reached(Evidence.ACCEPTED, (ref,)) if answer.has_subscriber else Transient(Scope.RECIPIENT, "nobody-subscribed", NOBODY_RETRY_S)
        )
    if answer.code in _RECIPIENT:
        return Permanent(Scope.RECIPIENT, code)
    if answer.code in _MESSAGE:
        return Permanent(Scope.MESSAGE, code)
    return Transient(Scope.CHANNEL, code, CHANNEL_RETRY_S)


def outcome_of_failure(failure: LinkError) -> Outcome:
    """The outcome of a publication that was not answered: certainly unsent only if nothing was written."""
    match failure:
        case NoPlace():  # the broker is slow, and says nothing of the connection
            return Transient(Scope.MESSAGE, "window-full", CHANNEL_RETRY_S)
        case NotPublished():
            return Transient(Scope.CHANNEL, "not-connected")
        case TooLong():
            return Permanent(Scope.MESSAGE, "too-long")
        case LinkTimeout():
            return Unknown("no-puback")
        case _:
            return Unknown("link-lost")
