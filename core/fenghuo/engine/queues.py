"""What waits and what is on the air: single deliveries and pages of a public counted together, each emission as one."""

from __future__ import annotations

from fenghuo.engine.book import Book
from fenghuo.engine.dispatcher import Dispatcher
from fenghuo.engine.fan_outs import FanOuts

__all__ = ["Queues"]


class Queues:
    """Counts at the moment of asking; keeps nothing."""

    def __init__(self, book: Book, dispatcher: Dispatcher, fan_outs: FanOuts) -> None:
        self._book = book
        self._dispatcher = dispatcher
        self._fan_outs = fan_outs

    @property
    def fan_outs(self) -> FanOuts:
        return self._fan_outs

    def queued(self, channel: str) -> int:
        """Emissions that wait for a channel."""
        return self._dispatcher.queued(channel) + self._fan_outs.queued(channel)

    @property
    def in_flight(self) -> int:
        """Emissions that have begun and have no outcome."""
        return self._dispatcher.in_flight + self._fan_outs.in_flight

    @property
    def in_doubt(self) -> int:
        """Emissions of which nobody knows whether they left."""
        return len(self._book.doubts) + self._fan_outs.in_doubt
