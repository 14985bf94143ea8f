"""Two link channels joined by a wire instead of the air: settings, a context with a disk in memory, a job under its licence."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from fenghuo import Denied, Estimate, Notes, Priority, Rendition, Token, Traffic, Withdrawn
from fenghuo.clock import Clock, SystemClock
from fenghuo.link import Caps, Changes, Grant, Incoming, Kept, KeyRing, Ledger, Memory, Outgoing, Wanted
from fenghuo.link.parcels import Key
from fenghuo.plugin.context import LoneNotes
from fenghuo_narrowband import LinkSettings
from fenghuo_narrowband.link_rendition import compact_rendition
from fenghuo_narrowband.link_settings import GroupTable, PostTable
from tests.core.formats import compact_values
from tests.plugins.unasked import Unasked

__all__ = ["LinkContext", "LinkEmission", "LinkJob", "MemoryDisk", "an_order", "settings_of"]

HEAD = 1
GROUP = 200


def settings_of(code: int, others: Sequence[int], *, port: int = 8001, members: Sequence[int] = (), **more: object) -> LinkSettings:
    """Node 1 is the head of everybody; the air is fast, so that no test waits for it."""
    posts = {
        f"BJ1T{other}": PostTable(code=other, key_id=max(code, other), secret_file=f"{max(code, other)}", is_head=other == HEAD)
        for other in others
    }
    groups = {"towns": GroupTable(code=GROUP, key_id=GROUP, secret_file="200", head=HEAD, members=tuple(members))} if members else {}
    fast: dict[str, object] = {"bitrate": 1e5, "txdelay_ms": 0, "txtail_ms": 0, "access_s": 0.02, "turnaround_s": 0.02, "reopen_max_s": 0.1}
    return LinkSettings(mycall=f"BJ1T{code}", code=code, port=port, posts=posts, groups=groups, **(fast | more))  # type: ignore[arg-type]  # tests name the fields


@dataclass
class MemoryDisk:
    """What a store keeps, without one; it outlives the channel that wrote it."""

    counters: dict[str, int] = field(default_factory=dict)
    windows: dict[str, Kept] = field(default_factory=dict)
    outgoing: dict[tuple[int, int], Outgoing] = field(default_factory=dict)
    incoming: dict[Key, Incoming] = field(default_factory=dict)

    async def reserve(self, wanted: Iterable[Wanted]) -> list[Grant]:
        grants = []
        for each in wanted:
            first = self.counters.get(each.lane, 0)
            self.counters[each.lane] = first + 1024
            grants.append(Grant(each.lane, first, first + 1024))
        return grants

    async def keep(self, changes: Changes) -> None:
        self.windows.update({kept.lane: kept for kept in changes.windows})
        self.outgoing.update({(each.parcel.destination, each.transfer): each for each in changes.outgoing})
        self.incoming.update({each.key: each for each in changes.incoming})
        for out in changes.gone_out:
            self.outgoing.pop(out, None)
        for gone in changes.gone_in:
            self.incoming.pop(gone, None)

    async def airtime(self, caps: Caps) -> Ledger:
        return self.ledger(caps)

    def ledger(self, caps: Caps) -> Ledger:
        return Ledger(caps)

    async def recall(self, ring: KeyRing) -> Memory:
        return Memory(tuple(self.windows.values()), tuple(self.outgoing.values()), tuple(self.incoming.values()))


@dataclass
class LinkContext(Unasked):
    """A channel context; the name of a secret file is the number its octets begin with."""

    settings: LinkSettings
    link: MemoryDisk = field(default_factory=MemoryDisk)
    notes: Notes = field(default_factory=LoneNotes)
    blobs: Any = None
    name: str = "link"
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)

    def secret(self, path: str) -> str:
        return bytes((int(path) + at) % 256 for at in range(32)).hex()

    def strained(self, reason: str) -> None:
        raise NotImplementedError(reason)

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))


def an_order(text: str = "请立即转移") -> Rendition:
    """An order as the compact rendition of it."""
    return compact_rendition(compact_values.message(compact_values.order(infos=(compact_values.info(description=text),))))


@dataclass
class LinkEmission:
    """A licence. `is_wanted`: until the core says otherwise; `cost`: what it was booked with last."""

    payload: Rendition
    token: Token = Token("t-1")  # noqa: RUF009  # a string
    n: int = 1
    validity_s: float = 3600.0
    number: int = 123
    is_wanted: bool = True
    cost: Estimate | None = None

    def book(self, cost: Estimate) -> None:
        self.cost = cost

    async def turn(self) -> None:
        if not self.is_wanted:
            raise Withdrawn("cancelled")


class LinkJob:
    """One delivery to a post."""

    is_last = False

    def __init__(self, address: str, payload: Rendition, *, priority: Priority = Priority.P1, denied: Denied | None = None) -> None:
        self.address = address
        self.address_kind = "callsign"
        self.priority = priority
        self.traffic = Traffic.ACTUAL
        self.size = len(payload.data)
        self.deadline = 1e9
        self.begun = 0
        self.emission = LinkEmission(payload)
        self._denied = denied

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[LinkEmission]:
        self.begun += 1
        if self._denied is not None:
            raise self._denied
        yield self.emission
