"""What a client can do, whichever wire it speaks, and what it may raise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from fenghuo.errors import FenghuoError

__all__ = ["CallFailed", "Caller", "Unreachable"]


class CallFailed(FenghuoError):
    """The daemon said no. `code` is a stable word (docs/reference/exit-codes.md); the rest is what it added."""

    def __init__(self, code: str, message: str, *, err: dict[str, Any] | None = None) -> None:
        self.code = code
        self.err = err or {}
        self.where = str(self.err.get("where", ""))
        self.retry_after_s: float | None = self.err.get("retry_after_s")
        super().__init__(message)


class Unreachable(CallFailed):
    """No daemon answers there: it is not running, it is elsewhere, or the wire broke before the answer."""

    def __init__(self, message: str) -> None:
        super().__init__("unreachable", message)


class Caller(Protocol):
    """A daemon, as a client sees it. Results are JSON as the daemon sent it."""

    def call(self, do: str, **args: Any) -> Any:  # JSON
        """Carry out the verb and return its data. Raises: CallFailed, Unreachable."""

    def follow(self, after: int, *, epoch: str = "", silence_s: float | None = None) -> Iterator[dict[str, Any]]:
        """Events after `after` as they happen; ends when none came for `silence_s` seconds. Raises: CallFailed, Unreachable."""
