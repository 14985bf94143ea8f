"""A session at one MQTT 5 broker that outlives its connections: connected again with jitter, subscribed again, asleep when told to be.

It knows topics, not alerts. Two promises carry the rest: nothing waits once publish() was called - a place among the publications under
way is taken before, by slot() - and nothing that came in is acknowledged before the caller says so.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from fenghuo.errors import LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters.mqtt_dial import Place
from fenghuo_adapters.mqtt_packets import Answer, Arrived, Login, Publication, Refused, TooLong, expiry_of
from fenghuo_adapters.mqtt_wire import Wire, connect
from fenghuo_adapters.smpp_pace import Backoff

__all__ = [
    "Answer",
    "Arrived",
    "Login",
    "MqttEvents",
    "MqttSession",
    "NoPlace",
    "NotPublished",
    "Place",
    "Publication",
    "Refused",
    "Slot",
    "Terms",
    "TooLong",
    "expiry_of",
    "why_unanswered",
]

STEADY_S = 10.0
"""A connection that held this long makes the next loss begin with the shortest pause again; a broker that lets us in only to throw us out
(two clients of one name do that to each other) is not dialled in a hot loop."""
HELD_S = 60.0
"""An arrival that could not be kept for so long: only a new connection makes a broker send it again."""


class NotPublished(LinkError):
    """Certainly nothing was written: there is no connection."""


class NoPlace(NotPublished):
    """Certainly nothing was written: there is a connection, and no place among the publications under way came free in time."""


def why_unanswered(failure: LinkError) -> str:
    """The word for a publication without an answer: the first three say that nothing of it was written."""
    match failure:
        case NoPlace():
            return "window-full"
        case NotPublished():
            return "not-connected"
        case TooLong():
            return "too-long"
        case LinkTimeout():
            return "no-puback"
        case _:
            return "link-lost"


class Terms(msgspec.Struct, frozen=True):
    """How a session is kept. Seconds; `topics`: what it subscribes to; `window`: publications under way at once, fewer where the
    broker takes fewer; `connect_s`: for dialling
    and for the broker's answer, each; `answer_s`: for any other answer, after which the connection counts as dead."""

    place: Place
    login: Login
    topics: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    window: int = 16
    connect_s: float = 10.0
    answer_s: float = 10.0
    reconnect_most_s: float = 30.0


class MqttEvents(Protocol):
    """What the owner of a session wants to be told at once; called on the loop, must neither block nor raise."""

    def connected(self) -> None:
        """There is a connection, and it is subscribed."""

    def lost(self, reason: str) -> None:
        """It ended, or a new one could not be had; told once for each loss."""


class Slot:
    """A place among the publications under way, at one connection."""

    def __init__(self, session: MqttSession, wire: Wire) -> None:
        self._session = session
        self._wire = wire

    async def publish(self, publication: Publication, *, within_s: float) -> Answer:
        """The broker's answer. Raises: NotPublished, TooLong: nothing was written; LinkBroken, LinkTimeout: it may have gone."""
        if not self._wire.is_open:
            raise NotPublished(self._session.why_down)
        try:
            return await self._wire.publish(publication, within_s=within_s)
        except LinkTimeout as silent:
            self._wire.drop(str(silent))  # TCP would go on for minutes; whoever gets it twice drops the copy by its name
            raise


class MqttSession:
    """See the module. open() connects the first time and raises; from then until close() it connects again by itself."""

    def __init__(self, terms: Terms, events: MqttEvents, rng: random.Random) -> None:
        self._terms = terms
        self._events = events
        self._backoff = Backoff(terms.reconnect_most_s, rng)
        self._window = asyncio.Semaphore(terms.window)
        self._incoming: asyncio.Queue[Arrived | None] = asyncio.Queue()
        self._wire: Wire | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._why_down = "not connected yet"
        self._is_closed = False

    @property
    def is_connected(self) -> bool:
        return self._wire is not None and self._wire.is_open

    @property
    def is_asleep(self) -> bool:
        """It was put to sleep, or was never opened."""
        return self._keeper is None

    @property
    def why_down(self) -> str:
        """Why there is no connection, for an operator."""
        return self._why_down

    async def open(self) -> None:
        """Connect, subscribe, and stay so. May be called again after it raised. Raises: Refused, LinkBroken, LinkTimeout, LinkClosed."""
        if self._is_closed:
            raise LinkClosed("the session was closed")
        if self._keeper is None:
            self._adopt(await self._connect())
            self._keeper = asyncio.create_task(self._keep(), name=f"mqtt {self._terms.place}")

    async def sleep(self) -> None:
        """Say good-bye and rest until wake(): no ping, no connection. The broker keeps what comes, as long as it keeps the session."""
        await self._end("asleep")

    def wake(self) -> None:
        """Connect again in the background, as after a loss. Does nothing if awake or closed."""
        if self._keeper is None and not self._is_closed:
            self._keeper = asyncio.create_task(self._wake_up(), name=f"mqtt {self._terms.place}")

    async def close(self) -> None:
        """Say good-bye and end; afterwards no octet leaves. Idempotent."""
        self._is_closed = True
        await self._end("closed by us")
        self._incoming.put_nowait(None)

    @asynccontextmanager
    async def slot(self, *, within_s: float) -> AsyncIterator[Slot]:
        """A place among the publications under way, taken before anything irreversible. Raises: NotPublished, NoPlace."""
        self._connected()
        try:
            async with asyncio.timeout(within_s):
                window = await self._place()
        except TimeoutError:
            self._connected()
            raise NoPlace("no place among the publications under way came free in time") from None
        try:
            yield Slot(self, self._connected())
        finally:
            window.release()

    def measured(self, measure: Callable[[socket.socket], int | None]) -> int | None:
        """A figure of the socket under the connection, the octets that it has sent for example; None without a connection."""
        endpoint = self._wire.endpoint if self._wire is not None else None
        return None if endpoint is None else measure(endpoint)

    async def ask(self, *, within_s: float) -> float:
        """Seconds that the broker took to answer a subscription of ours once more, which changes nothing. Raises: LinkError."""
        wire = self._connected()
        began = asyncio.get_running_loop().time()
        await wire.subscribe(self._terms.topics or ("$SYS/broker/version",), within_s=within_s)
        return asyncio.get_running_loop().time() - began

    async def receive(self) -> Arrived | None:
        """The next thing that came in, in order; None once the session is closed. May be cancelled without losing anything."""
        item = await self._incoming.get()
        if item is None:
            self._incoming.put_nowait(None)  # whoever asks again is told again
        return item

    async def _place(self) -> asyncio.Semaphore:
        """The window of which a place was taken: that of the connection that there is by then."""
        while True:
            window = self._window
            await window.acquire()
            if window is self._window:
                return window
            window.release()

    def _connected(self) -> Wire:
        if self._wire is None or not self._wire.is_open:
            raise NotPublished(self._why_down)
        return self._wire

    async def _connect(self) -> Wire:
        terms = self._terms
        wire = await connect(terms.place, terms.login, self._incoming.put_nowait, tls=terms.tls, within_s=terms.connect_s)
        try:
            if terms.topics:
                await wire.subscribe(terms.topics, within_s=terms.answer_s)
        except BaseException:
            wire.drop("the subscription did not succeed")
            raise
        return wire

    def _adopt(self, wire: Wire) -> None:
        self._wire = wire
        # Each connection has a window of its own: a broker counts what is under way for each anew (MQTT 5.0 §4.9).
        self._window = asyncio.Semaphore(max(1, min(self._terms.window, wire.most_under_way)))
        self._why_down = ""
        self._events.connected()

    async def _keep(self) -> None:
        """Wait for the loss, tell it once, connect again: until sleep() or close() cancels."""
        loop = asyncio.get_running_loop()
        while self._wire is not None:
            began = loop.time()
            self._why_down = await self._until_lost(self._wire)
            self._events.lost(self._why_down)
            if loop.time() - began >= STEADY_S:
                self._backoff.reset()
            self._adopt(await self._again())

    async def _wake_up(self) -> None:
        self._adopt(await self._again())
        await self._keep()

    async def _until_lost(self, wire: Wire) -> str:
        while wire.is_open:
            try:
                async with asyncio.timeout(HELD_S):
                    return await asyncio.shield(wire.lost)
            except TimeoutError:
                if wire.oldest_unacknowledged_s >= HELD_S:
                    wire.drop(f"something that came in could not be kept for {HELD_S:g} s")
        return wire.lost.result()

    async def _again(self) -> Wire:
        while True:
            await asyncio.sleep(self._backoff.next())
            try:
                return await self._connect()
            except LinkError as failed:
                self._why_down = str(failed)

    async def _end(self, reason: str) -> None:
        self._why_down = reason
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait((keeper,))
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.leave()
