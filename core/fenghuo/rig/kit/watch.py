"""The channel under examination, seen from the core's side: which licence it took, where it stands, and what it answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from typing import Any

import msgspec

from fenghuo.model.delivery import Outcome, Token
from fenghuo.model.rendition import Rendition
from fenghuo.plugin.ports import Channel, Emission, Estimate, SendJob

__all__ = ["Boundary", "Sent", "Watch", "Watched"]


class Boundary(StrEnum):
    """Where a process can die around one emission."""

    BEFORE_BEGIN = "before begin()"
    AFTER_BEGIN = "after begin()"
    BEFORE_RESULT = "before the result is kept"


class Sent(msgspec.Struct, frozen=True):
    """One call of send() that came back: octets of the payload, whether it had a licence, the outcome, and how long it took."""

    address: str
    size: int
    is_licensed: bool
    outcome: Outcome
    took_s: float


class Watch:
    """What was seen, and where to stop: `stop_at` holds the next emission there for ever, and `reached` says that it stands there.
    `payloads`: the last that each address got."""

    def __init__(self) -> None:
        self.stop_at: Boundary | None = None
        self.reached = asyncio.Event()
        self.licences: list[tuple[str, Token, int]] = []
        self.payloads: dict[str, Rendition] = {}
        self.sent: list[Sent] = []
        self.raised: list[tuple[str, BaseException]] = []
        self.turns = 0
        self.on_turn: Callable[[int], Awaitable[None]] = _on_with_it

    async def at(self, boundary: Boundary) -> None:
        if self.stop_at is boundary:
            self.reached.set()
            await asyncio.Event().wait()

    async def turn(self, emission: Emission) -> None:
        self.turns += 1
        await self.on_turn(self.turns)
        await emission.turn()


class Watched:
    """Stands before a channel and sees every send()."""

    def __init__(self, channel: Channel, watch: Watch) -> None:
        self._channel = channel
        self._watch = watch

    async def send(self, job: SendJob) -> Outcome:
        watched = WatchedJob(job, self._watch)
        began = asyncio.get_running_loop().time()
        try:
            outcome = await self._channel.send(watched)
        except Exception as raised:
            self._watch.raised.append((job.address, raised))
            raise
        took_s = asyncio.get_running_loop().time() - began
        await self._watch.at(Boundary.BEFORE_RESULT)
        self._watch.sent.append(Sent(job.address, job.size, watched.is_licensed, outcome, took_s))
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)  # whatever else the port has is the channel's own


class WatchedJob:
    """Fills SendJob by the core's own."""

    def __init__(self, job: SendJob, watch: Watch) -> None:
        self.address, self.address_kind = job.address, job.address_kind
        self.priority, self.traffic = job.priority, job.traffic
        self.size, self.deadline = job.size, job.deadline
        self.is_last = job.is_last
        self.is_licensed = False
        self._job = job
        self._watch = watch

    def begin(self) -> AbstractAsyncContextManager[Emission]:
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Emission]:
        await self._watch.at(Boundary.BEFORE_BEGIN)
        async with self._job.begin() as emission:
            self.is_licensed = True
            await self._watch.at(Boundary.AFTER_BEGIN)
            self._watch.licences.append((self.address, emission.token, emission.n))
            self._watch.payloads[self.address] = emission.payload
            yield WatchedEmission(emission, self._watch)


class WatchedEmission:
    """Fills Emission by the core's own."""

    def __init__(self, emission: Emission, watch: Watch) -> None:
        self.token, self.n = emission.token, emission.n
        self.payload = emission.payload
        self.validity_s, self.number = emission.validity_s, emission.number
        self._emission = emission
        self._watch = watch

    def book(self, cost: Estimate) -> None:
        self._emission.book(cost)

    async def turn(self) -> None:
        await self._watch.turn(self._emission)


async def _on_with_it(turn: int) -> None:
    """Nobody interferes."""
