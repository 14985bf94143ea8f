"""The world outside the daemon: its time, its chance, and one log of everything that anybody outside could have seen.

The judge reads this log and nothing else. Whoever lives in the world is spawned here, so that no crash of the daemon takes them along.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from fenghuo.model.event import Event
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.world.ground import Ground
from fenghuo.service.log_ring import LogRing

__all__ = [
    "EPOCH",
    "Acked",
    "Aired",
    "Asked",
    "Ended",
    "Entry",
    "Fragment",
    "Heard",
    "Landed",
    "Note",
    "Said",
    "Shown",
    "Signed",
    "Submitted",
    "Taken",
    "Told",
    "Viewed",
    "World",
]

EPOCH = 1_780_000_000.0
"""UTC seconds at virtual second 0: a day in 2026."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Something that happened at `at` virtual seconds. `life`: which life of the daemon, from 1; 0 where none is concerned."""

    at: float
    life: int


class Submitted(Entry, frozen=True, gc=False):
    """A client handed a message in: what it says by `tag`, what it does to the one tagged `about`, and until when it holds."""

    key: str
    tag: str
    action: str
    about: str
    priority: Priority
    traffic: Traffic
    expires_at: float
    people: tuple[str, ...]


class Acked(Entry, frozen=True, gc=False):
    """A client saw "accepted"."""

    key: str
    tag: str
    id: str
    revision: int
    state: str


class Signed(Entry, frozen=True, gc=False):
    """A second person signed, and was told where the release stands."""

    id: str
    actor: str
    state: str


class Asked(Entry, frozen=True, gc=False):
    """A channel is about to ask for its licence."""

    channel: str
    address: str
    job: int
    priority: Priority


class Aired(Entry, frozen=True, gc=False):
    """The first irreversible octet left. `is_durable`: the attempt stood on the disk at that moment; `asked`: place of its Asked."""

    channel: str
    address: str
    token: str
    n: int
    job: int
    text: str
    traffic: Traffic
    priority: Priority
    is_durable: bool


class Fragment(Entry, frozen=True, gc=False):
    """A piece on the air of a medium, from `at` on for `seconds`."""

    medium: str
    channel: str
    priority: Priority
    seconds: float
    job: int


class Ended(Entry, frozen=True, gc=False):
    """The channel told the core what became of an emission; "none" where the send ended without an outcome."""

    channel: str
    token: str
    n: int
    job: int
    outcome: str


class Shown(Entry, frozen=True, gc=False):
    """A device showed a text to its person; a copy it had is dropped and not shown."""

    channel: str
    address: str
    token: str
    n: int
    text: str


class Said(Entry, frozen=True, gc=False):
    """A device (DEVICE) or a person (HUMAN, DONE) said something; it is on its way. `refused`: the device said no."""

    channel: str
    address: str
    token: str
    n: int
    level: Evidence
    text: str
    refused: bool


class Heard(Entry, frozen=True, gc=False):
    """The daemon acked what was said: the far end forgets it."""

    channel: str
    token: str
    n: int
    level: Evidence


class Taken(Entry, frozen=True, gc=False):
    """Another post learnt how far something has come that it said here, by the name both ends have for it: `reached` of `total`."""

    channel: str
    name: str
    level: Evidence
    reached: int
    total: int


class Landed(Entry, frozen=True, gc=False):
    """The server of pictures has taken octets `offset` to `offset` + `octets` of one of `size`, or of its small copy."""

    channel: str
    message: str
    is_small: bool
    offset: int
    octets: int
    size: int


class Told(Entry, frozen=True, gc=False):
    """The console was told of an event."""

    event: Event


class Viewed(Entry, frozen=True, gc=False):
    """The console asked for a message and was shown this."""

    view: dict[str, Any]


class Note(Entry, frozen=True, gc=False):
    """A fault, a crash, a start: what the judge must know and a reader wants to see. `what`: one word; `of`: whose."""

    what: str
    of: str = ""
    detail: str = ""


class World:
    """Time, chance and the log. `wall()` is the machine's wall clock, which faults move; `true()` is the real time; `lines`: what the
    daemon logs to, where that is simulated."""

    def __init__(self, loop: SimLoop, seed: int, ground: Ground) -> None:
        self.loop = loop
        self.ground = ground
        self.chance = random.Random(f"world {seed}")
        self.log: list[Entry] = []
        self.wall_off_s = 0.0
        self.life = 0
        self.failures: list[str] = []
        self.lines: LogRing | None = None
        self.on_entry: Callable[[Entry], None] = _nobody_watches
        self.context = contextvars.copy_context()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def now(self) -> float:
        return self.loop.time()

    def true(self) -> float:
        return EPOCH + self.loop.time()

    def wall(self) -> float:
        return self.true() + self.wall_off_s

    def add(self, kind: type[Entry], *fields: Any) -> None:
        """Write an entry of the present moment."""
        entry = kind(self.loop.time(), self.life, *fields)
        self.log.append(entry)
        self.loop.note(f"{len(self.log)} {kind.__name__}")
        self.on_entry(entry)

    def note(self, what: str, of: str = "", detail: str = "") -> None:
        self.add(Note, what, of, detail)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start something that outlives every crash of the daemon."""
        task = self.loop.create_task(work, context=self.context)
        task.add_done_callback(self._ended, context=self.context)
        self._tasks.append(task)
        return task

    def later(self, seconds: float, what: Callable[..., None], *args: Any) -> None:
        """Have something happen, whatever becomes of the daemon."""
        self.loop.call_later(seconds, what, *args, context=self.context)

    async def rest(self) -> None:
        """End everything that lives in the world."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            await asyncio.wait({task})

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(f"at {self.now:.3f} s the simulation itself failed: {error!r}")
            raise error


def _nobody_watches(entry: Entry) -> None:
    """Until trouble lies in wait."""
