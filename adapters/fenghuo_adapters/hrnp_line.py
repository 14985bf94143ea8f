"""An HRNP line to one radio or gateway: by UDP, or on a byte stream as a serial server gives it; connected again whenever it was lost.

It carries HDAP messages and knows neither texts nor alerts. deliver() returns when the far end has acknowledged the octets, said again
under the same packet number until it did; what comes in is acknowledged when its owner says so, and a copy of it is given out once.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo_adapters.hrnp_framing import Frame, Operation
from fenghuo_adapters.hrnp_pipe import Pipe
from fenghuo_adapters.smpp_pace import Backoff

__all__ = ["Heard", "HrnpLine", "LineTerms"]

STEADY_S = 10.0
"""A connection that held this long makes the next loss begin with the shortest pause again."""
_REMEMBERED = 64
"""Packets by which a copy is known: a far end that had no acknowledgement says the same one again, at once."""
COPY_S = 60.0
"""For so long: a far end that has begun anew counts its packets from the beginning, and may have the same octets to say."""


class LineTerms(msgspec.Struct, frozen=True):
    """How a far end is reached and treated. Seconds; `local_port`: of ours, 0 for any; `ack_s`: wait for the acknowledgement of a packet,
    which is said `tries` times in all; `heartbeat_s`: after so long without a word the far end is asked whether it is there."""

    host: str
    port: int
    driver: Literal["udp", "tcp"] = "udp"
    local_port: int = 0
    connect_s: float = 3.0
    ack_s: float = 1.0
    tries: int = 3
    heartbeat_s: float = 15.0
    reopen_most_s: float = 30.0

    def __str__(self) -> str:
        return f"{self.driver}://{self.host}:{self.port}"


class Heard(msgspec.Struct, frozen=True):
    """A message that came in, and the way to acknowledge it once it is kept."""

    data: bytes
    acknowledge: Callable[[], None]


class _Taken(msgspec.Struct):
    at: float
    is_acknowledged: bool = False


class HrnpLine:
    """See the module. start() opens the first time and raises; from then until stop() the line opens again by itself.

    `on_state(up, reason)` is called at each change, `on_heard` for each message that comes in, once; neither may block or raise.
    """

    def __init__(
        self, terms: LineTerms, rng: random.Random, *, on_state: Callable[[bool, str], None], on_heard: Callable[[Heard], None]
    ) -> None:
        self._terms = terms
        self._on_state = on_state
        self._on_heard = on_heard
        self._backoff = Backoff(terms.reopen_most_s, rng)
        self._pipe: Pipe | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._why_down = "not opened yet"
        self._address = 0x20
        self._packet = rng.randrange(0x10000)
        self._turn = asyncio.Lock()
        self._acked: dict[int, asyncio.Future[None]] = {}
        self._seen: OrderedDict[tuple[int, bytes], _Taken] = OrderedDict()
        self._last_word = 0.0

    @property
    def is_up(self) -> bool:
        return self._pipe is not None and not self._pipe.lost.done()

    @property
    def why_down(self) -> str:
        """Why it is not up, for an operator."""
        return self._why_down

    async def start(self) -> None:
        """Open and connect. May be called again after it raised. Raises: LinkBroken, LinkTimeout."""
        if self._keeper is None:
            self._rise(await self._open())
            self._keeper = asyncio.create_task(self._keep(), name=f"hrnp {self._terms}")

    async def stop(self) -> None:
        """Say CLOSE and end; afterwards no octet leaves. Idempotent."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait((keeper,))
        self._why_down = "closed by us"
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            if not pipe.lost.done():
                pipe.send(self._frame(Operation.CLOSE))
            pipe.end("closed by us")

    async def deliver(self, data: bytes) -> None:
        """Return when the far end has it. Raises: LinkClosed: nothing was written; LinkTimeout, LinkBroken: it may have it."""
        async with self._turn:
            pipe = self._up()
            self._packet = (self._packet + 1) % 0x10000
            frame = self._frame(Operation.DATA, self._packet, data)
            acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._acked[frame.packet] = acked
            try:
                await self._until_acked(pipe, frame, acked)
            finally:
                del self._acked[frame.packet]

    async def ask(self, *, within_s: float) -> float:
        """Seconds that the far end took to answer a CONNECT. Raises: LinkClosed, LinkBroken, LinkTimeout."""
        return await self._connected(self._up(), within_s=within_s)

    def _up(self) -> Pipe:
        if self._pipe is None or self._pipe.lost.done():
            raise LinkClosed(f"{self._terms} is down: {self._why_down}")
        return self._pipe

    def _frame(self, operation: Operation, packet: int = 0, data: bytes = b"") -> Frame:
        return Frame(operation, packet, data, source=self._address)

    async def _until_acked(self, pipe: Pipe, frame: Frame, acked: asyncio.Future[None]) -> None:
        for _ in range(self._terms.tries):
            pipe.send(frame)
            await asyncio.wait((acked, pipe.lost), timeout=self._terms.ack_s, return_when=asyncio.FIRST_COMPLETED)
            if acked.done():
                return
            if pipe.lost.done():
                raise LinkBroken(pipe.lost.result())
        silent = f"no acknowledgement of a packet said {self._terms.tries} times"
        pipe.end(silent)
        raise LinkTimeout(silent)

    async def _open(self) -> Pipe:
        """Raises: LinkBroken, LinkTimeout."""
        terms, loop = self._terms, asyncio.get_running_loop()
        make = partial(Pipe, self._received, is_stream=terms.driver == "tcp")
        local = ("0.0.0.0", terms.local_port) if terms.local_port else None  # noqa: S104  # a gateway sends to a port of ours
        try:
            async with asyncio.timeout(terms.connect_s):
                if terms.driver == "udp":
                    _, pipe = await loop.create_datagram_endpoint(make, local_addr=local, remote_addr=(terms.host, terms.port))
                else:
                    _, pipe = await loop.create_connection(make, terms.host, terms.port)
        except TimeoutError as late:
            raise LinkTimeout(f"{terms} did not open within {terms.connect_s:g} s") from late
        except OSError as broken:
            raise LinkBroken(f"{terms} cannot be opened: {broken.strerror or broken}") from broken
        try:
            await self._connected(pipe, within_s=terms.connect_s)
        except BaseException:
            pipe.end("it did not come about")
            raise
        return pipe

    async def _connected(self, pipe: Pipe, *, within_s: float) -> float:
        """CONNECT until ACCEPT, said again once a second: a datagram may be lost. Whoever asks meanwhile waits for the same answer."""
        clock = asyncio.get_running_loop().time
        began = clock()
        if pipe.accepted is None or pipe.accepted.done():
            pipe.accepted, pipe.ask_at = asyncio.get_running_loop().create_future(), began
        answered = pipe.accepted
        pipe.askers += 1
        try:
            while (left_s := began + within_s - clock()) > 0:
                self._say_connect(pipe, clock())
                wait_s = min(pipe.ask_at - clock(), left_s)
                await asyncio.wait((answered, pipe.lost), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if answered.done():
                    return self._judged(answered.result(), clock() - began)
                if pipe.lost.done():
                    raise LinkBroken(f"{self._terms}: {pipe.lost.result()}")
        finally:
            pipe.askers -= 1
            if not pipe.askers:
                pipe.accepted = None  # whoever asks next says CONNECT at once
        raise LinkTimeout(f"{self._terms} did not answer a CONNECT within {within_s:g} s")

    def _say_connect(self, pipe: Pipe, now: float) -> None:
        if now >= pipe.ask_at:
            pipe.send(self._frame(Operation.CONNECT))
            pipe.ask_at = now + self._terms.ack_s

    def _judged(self, answer: Frame, took_s: float) -> float:
        if answer.operation is Operation.REJECT:
            raise LinkBroken(f"{self._terms} refused the connection; it may serve another dispatcher")
        self._address = answer.destination or self._address  # a far end may give us another one
        return took_s

    def _rise(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._why_down = ""
        self._on_state(True, f"{self._terms} is connected")

    async def _keep(self) -> None:
        """Wait for the loss, tell it once, open again: until stop() cancels."""
        clock = asyncio.get_running_loop().time
        while self._pipe is not None:
            began = clock()
            self._why_down = await self._until_lost(self._pipe)
            self._on_state(False, f"{self._terms}: {self._why_down}")
            if clock() - began >= STEADY_S:
                self._backoff.reset()
            self._rise(await self._again())

    async def _until_lost(self, pipe: Pipe) -> str:
        clock = asyncio.get_running_loop().time
        while not pipe.lost.done():
            await asyncio.wait((pipe.lost,), timeout=self._terms.heartbeat_s)
            if not pipe.lost.done() and clock() - self._last_word >= self._terms.heartbeat_s:
                await self._is_there(pipe)
        return pipe.lost.result()

    async def _is_there(self, pipe: Pipe) -> None:
        try:
            await self._connected(pipe, within_s=self._terms.connect_s)
        except (LinkBroken, LinkTimeout) as silent:
            pipe.end(str(silent))

    async def _again(self) -> Pipe:
        while True:
            await asyncio.sleep(self._backoff.next())
            try:
                return await self._open()
            except (LinkBroken, LinkTimeout) as failed:
                self._why_down = str(failed)

    # What comes in.

    def _received(self, pipe: Pipe, frame: Frame) -> None:
        self._last_word = asyncio.get_running_loop().time()
        match frame.operation:
            case Operation.ACCEPT | Operation.REJECT:
                if pipe.accepted is not None and not pipe.accepted.done():
                    pipe.accepted.set_result(frame)
            case Operation.DATA_ACK:
                acked = self._acked.get(frame.packet)
                if acked is not None and not acked.done():
                    acked.set_result(None)
            case Operation.DATA:
                self._take(pipe, frame)
            case Operation.CLOSE:
                pipe.send(self._frame(Operation.CLOSE_ACK))
                pipe.end("the far end closed the connection")

    def _take(self, pipe: Pipe, frame: Frame) -> None:
        key = (frame.packet, frame.data)
        taken = self._seen.get(key)
        if taken is None or self._last_word - taken.at >= COPY_S:
            self._seen[key] = _Taken(self._last_word)
            self._seen.move_to_end(key)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            self._on_heard(Heard(frame.data, partial(self._acknowledge, pipe, key)))
        elif taken.is_acknowledged:  # our acknowledgement was lost
            self._acknowledge(pipe, key)

    def _acknowledge(self, pipe: Pipe, key: tuple[int, bytes]) -> None:
        if key in self._seen:
            self._seen[key].is_acknowledged = True
        if not pipe.lost.done():
            pipe.send(self._frame(Operation.DATA_ACK, key[0]))
