"""Two posts that share a key or several, each on a store of its own, and the air between them in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from fenghuo.engine.link_memory import LinkMemory
from fenghuo.link import Air, Delivered, Event, FrameKind, KeyRing, Ledger, Parcel, Reached, Root, SoftwareKeys, Station
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.store import Store
from tests.core.link.posts import CENTRE, NOW, TOWN
from tests.core.store.blank import lay_blank
from tests.core.store.rows import SMALL, StillClock

__all__ = ["LinkedPost", "an_order", "opened_store", "talk"]


async def opened_store(folder: Path, clock: StillClock | None = None) -> Store:
    lay_blank(folder)
    return await Store.open(folder, clock=clock or StillClock(), node="taicang", settings=SMALL)


def an_order(body: bytes, ref: str) -> Parcel:
    return Parcel(TOWN, FrameKind.ALERT, Traffic.ACTUAL, Priority.P1, body, NOW + 7200, ref)


class LinkedPost:
    """The centre or the town on one channel: key `key_id`, whose secret is made of its number."""

    def __init__(self, own: int, key_id: int, channel: str = "link") -> None:
        self.ring = KeyRing(own, SoftwareKeys({"town": bytes([key_id]) * 32}), [Root(key_id, CENTRE, TOWN, "town")])
        self.channel = channel
        self.events: list[Event] = []

    async def start(self, store: Store) -> LinkedPost:
        self.memory = LinkMemory(store, channel=self.channel, place="here")
        kept = await self.memory.recall(self.ring)
        self.station = Station(self.ring, Air(), ledger=Ledger(), chance=random.Random(7), memory=kept)
        for grant in await self.memory.reserve(self.station.counters.wanted()):
            self.station.counters.grant(grant)
        await self.settle()
        return self

    async def settle(self) -> None:
        changes = self.station.changes()
        if changes:
            await self.memory.keep(changes)
        self.station.committed()

    async def hear(self, octets: bytes, now: float) -> None:
        events = self.station.receive_frame(octets, now)
        await self.settle()
        for event in events:
            if isinstance(event, Delivered):
                self.station.taken(event)
        await self.settle()
        self.events += events

    @property
    def shown(self) -> list[bytes]:
        return [event.body for event in self.events if isinstance(event, Delivered)]

    @property
    def reached(self) -> list[str]:
        return [event.ref for event in self.events if isinstance(event, Reached)]


async def talk(centre: LinkedPost, town: LinkedPost, now: float, *, is_lost: Callable[[int], bool] = lambda number: False) -> float:
    """A minute of the air; `is_lost`: whether the nth frame of the centre goes astray. When it is over."""
    said, end = 0, now + 60
    while now < end:
        for post, other in ((centre, town), (town, centre)):
            post.events += post.station.look(now)
            await post.settle()
            frame = post.station.frame_due(now)
            await post.settle()
            if frame is None:
                continue
            said += post is centre
            if not (post is centre and is_lost(said - 1)):
                await other.hear(frame.octets, now + frame.airtime_s)
        now += 0.5
    return now
