"""What a power cut cannot undo: what clients asked and were told, what left, what far ends gave, what people were shown.

The world is the fold of its events, so that it can be made again as it was at any place of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from fenghuo.model.evidence import Evidence
from fenghuo.rig.powercut.journal import Journal, Seen

__all__ = ["NO_COUNTER", "Air", "Asked", "Ended", "Head", "Sheet", "Shown", "Started", "Told", "Took", "World"]


NO_COUNTER = -1
"""Of a channel whose emissions carry no number."""


class Started(Seen, frozen=True, gc=False):
    """A process began to live at `at` (UTC seconds), as the holder of `epoch`."""

    epoch: int
    at: float


class Asked(Seen, frozen=True, gc=False):
    """A client asks: a message under its key, a signature, a decision."""

    key: str
    at: float


class Told(Seen, frozen=True, gc=False):
    """The client has its answer: `id` of the message, or the path of what was refused or decided about."""

    key: str
    id: str
    revision: int
    state: str
    at: float


class Air(Seen, frozen=True, gc=False):
    """An emission left over a channel. `counter`: of the channel's key, or NO_COUNTER; `text`: what was said."""

    token: str
    n: int
    channel: str
    address: str
    text: str
    counter: int
    epoch: int
    at: float


class Sheet(Seen, frozen=True, gc=False):
    """A page left over a channel, to `addresses`; the rest as of Air."""

    token: str
    n: int
    channel: str
    addresses: tuple[str, ...]
    text: str
    epoch: int
    at: float


class Took(Seen, frozen=True, gc=False):
    """We acked what a far end gave: its receipt, answer or custody `name`, worth `level`; `ref` or `token`: the emission that a receipt
    is about, `addresses`: those on a page; `sender`: the address of whoever answered; `raw`: its octets."""

    name: str
    ref: str
    sender: str
    level: Evidence | None
    raw: bytes
    at: float
    token: str = ""
    addresses: tuple[str, ...] = ()


class Shown(Seen, frozen=True, gc=False):
    """A console was shown this evidence of a delivery."""

    delivery: int
    level: Evidence


class Ended(Seen, frozen=True, gc=False):
    """A console was shown that an objective is over."""

    objective: int
    state: str


class Head(Seen, frozen=True, gc=False):
    """A second place has read so far: the events' number, the audit's number and hash."""

    event: int
    audit: int
    hash: bytes


class World:
    """Everything seen so far. `crashes`: lives that were cut off before this one."""

    def __init__(self, journal: Journal | None = None, past: Iterable[Seen] = ()) -> None:
        self._journal = journal
        self.starts: list[Started] = []
        self.asked: dict[str, float] = {}
        self.told: dict[str, Told] = {}
        self.airs: list[Air] = []
        self.sheets: list[Sheet] = []
        self.took: dict[str, Took] = {}
        self.shown: dict[int, Evidence] = {}
        self.ended: dict[int, str] = {}
        self.head = Head(0, 0, b"")
        self.now = 0.0
        for event in past:
            self._fold(event)

    def see(self, event: Seen) -> None:
        """Something happens, at this place of the journal."""
        if self._journal is not None:
            self._journal.append(event)
        self._fold(event)

    @property
    def crashes(self) -> int:
        """The first life ended in peace, and so may the last."""
        return max(0, len(self.starts) - 2)

    def _fold(self, event: Seen) -> None:
        match event:
            case Shown(delivery=delivery, level=level):
                self.shown[delivery] = max(level, self.shown.get(delivery, Evidence.STORED))
            case Ended(objective=objective, state=state):
                self.ended.setdefault(objective, state)
            case Head():
                self.head = event
            case Started() | Asked() | Told() | Air() | Sheet() | Took():
                self.now = max(self.now, event.at)
                self._happened(event)
            case _:
                raise TypeError(f"the world does not know {event!r}")

    def _happened(self, event: Started | Asked | Told | Air | Sheet | Took) -> None:
        match event:
            case Started():
                self.starts.append(event)
            case Asked(key=key, at=at):
                self.asked.setdefault(key, at)
            case Told(key=key):
                self.told.setdefault(key, event)
            case Air():
                self.airs.append(event)
            case Sheet():
                self.sheets.append(event)
            case Took(name=name):
                self.took.setdefault(name, event)
            case _:
                assert_never(event)
