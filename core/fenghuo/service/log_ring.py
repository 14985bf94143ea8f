"""Where log lines wait while nobody takes them, such as a volume that is full: a bounded ring, the oldest dropped and counted, and a record
of the gap once there is room. A line of the log never ends what wanted to log it.

Source: scenarios.md S10, Log volume full.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import msgspec

__all__ = ["MOST_LINES", "Gap", "LogRing", "descriptor_of"]

MOST_LINES = 5_000
"""Some two megabytes; what a busy node logs in ten minutes."""
LOOK_AGAIN_S = 1.0


class Gap(msgspec.Struct, frozen=True):
    """Nobody took log lines: since when (UTC), why, how many of them waited, and how many more were dropped."""

    since: str
    cause: str
    waited: int
    dropped: int


class LogRing:
    """A stream for logs, from any thread. `put`: takes octets and says how many; raises OSError; `wall`, `monotonic`: seconds;
    `on_begin` hears, once for each gap, that lines wait; `gap`: the last one that is over."""

    def __init__(
        self, put: Callable[[bytes], int], *, wall: Callable[[], float], monotonic: Callable[[], float], most: int = MOST_LINES
    ) -> None:
        self._put = put
        self._wall = wall
        self._monotonic = monotonic
        self._most = most
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._since = 0.0
        self._cause = ""
        self._waited = 0
        self._again_at = 0.0
        self._lock = threading.RLock()
        self.is_terminal = False
        self.gap: Gap | None = None
        self.on_begin: Callable[[], None] = _nobody_is_told

    @property
    def waits(self) -> str:
        """Why lines wait; empty: they do not."""
        return self._cause

    def isatty(self) -> bool:
        return self.is_terminal

    def flush(self) -> None:
        """Every line is put at once."""

    def write(self, text: str) -> int:
        """Never raises OSError."""
        with self._lock:
            if len(self._waiting) >= self._most:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(text.encode("utf-8", "backslashreplace"))
        self.look()
        return len(text)

    def look(self) -> None:
        """Put what waits, if there is room again; asked of a volume that had none once a second."""
        with self._lock:
            was_waiting = bool(self._cause)
            if not self._waiting or (was_waiting and self._monotonic() < self._again_at):
                return
            self._look()
            begins = bool(self._cause) and not was_waiting
        if begins:
            self.on_begin()

    def _look(self) -> None:
        try:
            if self._cause:
                self._put_all(_written(self._gap_now()))
            while self._waiting:
                self._put_all(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            self._holds_back(error)
            return
        if self._cause:
            self.gap, self._cause, self._dropped = self._gap_now(), "", 0

    def _put_all(self, octets: bytes) -> None:
        """Raises: OSError. A line of which a part was taken is said again as a whole: a reader sees a torn one before it."""
        while octets:
            octets = octets[self._put(octets) :]

    def _holds_back(self, error: OSError) -> None:
        self._again_at = self._monotonic() + LOOK_AGAIN_S
        if not self._cause:
            self._cause, self._since, self._waited = error.strerror or repr(error), self._wall(), 0

    def _gap_now(self) -> Gap:
        since = datetime.fromtimestamp(self._since, UTC).isoformat(timespec="seconds")
        self._waited = max(self._waited, len(self._waiting))
        return Gap(since, self._cause, self._waited, self._dropped)


def descriptor_of(stream: TextIO) -> Callable[[bytes], int]:
    """Puts octets where a stream goes, without a buffer that would keep what was refused and say it twice."""
    descriptor = stream.fileno()
    return lambda octets: os.write(descriptor, octets)


def _written(gap: Gap) -> bytes:
    """The record that stands where the lines are missing."""
    return msgspec.json.encode({"at": gap.since, "level": "error", "event": "log lines waited", **msgspec.to_builtins(gap)}) + b"\n"


def _nobody_is_told() -> None:
    """Until there is a store."""
