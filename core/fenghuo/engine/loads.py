"""What a message would cost on each channel, asked of the channels themselves and of the queues before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fenghuo.engine.admission import Load
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.costs import estimated, priced
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.model.message import Message
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Estimate

__all__ = ["Loads"]


class Loads:
    """`ahead`: how many emissions the medium of an instance has before one of this class to an audience of this size."""

    def __init__(self, board: ChannelBoard, shelf: RenditionShelf) -> None:
        self._board = board
        self._shelf = shelf
        self.ahead: Callable[[Instance, Priority, int], int] = _nothing_waits

    def of(self, message: Message, priority: Priority, channels: Iterable[str], *, audience: int = 1) -> dict[str, Load]:
        """By channel, for the next of an `audience` of so many; only for those whose rendition is made; one that cannot say costs what its
        type declares."""
        found: dict[str, Load] = {}
        for name in channels:
            instance = self._board.get(name)
            rendition = self._shelf.get(message.id, message.revision, instance.form) if instance is not None else None
            if instance is not None and rendition is not None:
                found[name] = self._load(instance, rendition, self.ahead(instance, priority, audience))
        return found

    def tried(self, message: Message, priority: Priority, channels: Iterable[str], *, audience: int = 1) -> dict[str, Load]:
        """The same for a message that is not to be sent: what is rendered for it is forgotten again."""
        names = list(channels)
        for instance in filter(None, map(self._board.get, names)):
            self._shelf.make(message, instance.form)
        try:
            return self.of(message, priority, names, audience=audience)
        finally:
            self._shelf.drop(message.id, message.revision)

    @staticmethod
    def _load(instance: Instance, rendition: Rendition, ahead: int) -> Load:
        caps = instance.capabilities
        estimate = estimated(instance, rendition, "") or priced(Estimate(latency_q50_s=0.0), caps)
        lanes = 1 if caps.half_duplex else max(1, caps.concurrency)
        return Load(
            airtime_s=estimate.airtime_s,
            fee_fen=estimate.fee_fen,
            joules=estimate.joules,
            ahead_s=ahead * estimate.airtime_s / lanes,
            latency_q50_s=estimate.latency_q50_s,
            latency_q95_s=caps.receipt_q95_s,
            turn_s=estimate.airtime_s / lanes,
        )


def _nothing_waits(instance: Instance, priority: Priority, audience: int) -> int:
    """Until the dispatcher is wired in."""
    return 0
