"""Waiting for the end of a message by the event stream: no polling, and no question asked twice for one change."""

from __future__ import annotations

import time
from typing import Any

from fenghuo.client.caller import Caller

__all__ = ["has_ended", "wait_until_ended"]

ENDS = frozenset({"MET", "MISSED", "WAIVED"})
MESSAGE_ENDS = frozenset({"expired", "superseded", "cancelled", "complete"})


def wait_until_ended(daemon: Caller, message: str, *, since: int, until: float) -> dict[str, Any]:
    """The message once every objective has ended, or as it stands at `until` (monotonic seconds).

    `since`: a seq of the log from before the message was sent, so that no change falls between two questions.
    """
    now: dict[str, Any] = daemon.call("message.show", id=message)
    while not has_ended(now) and (left_s := until - time.monotonic()) > 0:
        since = _next_change(daemon, since, silence_s=left_s, until=until)
        now = daemon.call("message.show", id=message)
    return now


def has_ended(message: dict[str, Any]) -> bool:
    """Whether nothing more will come of it. A message without objectives has not been planned yet, unless it is over itself."""
    if message["state"] in MESSAGE_ENDS:
        return True
    objectives = message["objectives"]
    return bool(objectives) and all(objective["state"] in ENDS for objective in objectives)


def _next_change(daemon: Caller, since: int, *, silence_s: float, until: float) -> int:
    """The seq of the next event that can have changed an objective; `since` again when time ran out."""
    for event in daemon.follow(since, silence_s=silence_s):
        if event["subject"].startswith(("objective/", "message/")):
            return int(event["seq"])
        if time.monotonic() >= until:
            return int(event["seq"])
    return since
