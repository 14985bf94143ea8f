"""Load and its measure: a frugal HTTP/1.1 client and sink, and what one volley showed. A message n carries the text `fh{n}x`."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

__all__ = ["MARK", "HttpClient", "Sink", "Volley", "fire", "median", "percentile"]

MARK = re.compile(rb"fh(\d+)x")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
ARRIVAL_S = 30.0
ANSWER_S = 30.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the others lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


class Volley(msgspec.Struct, frozen=True):
    """Monotonic seconds by message: when it was sent, acknowledged to its sender, and seen at the sink."""

    sent: dict[int, float]
    acked: dict[int, float]
    got: dict[int, float]

    @property
    def missing(self) -> int:
        return len(self.acked.keys() - self.got.keys())

    def ack_ms(self, share: float = 0.5) -> float:
        return 1e3 * percentile([self.acked[n] - self.sent[n] for n in self.acked], share)

    def through_ms(self, share: float = 0.5) -> float:
        """From the sender to the sink."""
        return 1e3 * percentile([self.got[n] - self.sent[n] for n in self.sent if n in self.got], share)

    @property
    def a_second(self) -> float:
        """Messages a second from the first byte sent to the last one seen."""
        return len(self.got) / (max(self.got.values()) - min(self.sent.values()))

    @property
    def accepted_a_second(self) -> float:
        return len(self.acked) / (max(self.acked.values()) - min(self.sent.values()))


async def fire(
    send: Callable[[int], Awaitable[bool]], got: dict[int, float], *, first: int, count: int, in_flight: int, rate: float = 0.0
) -> Volley:
    """Send `count` messages, at most `in_flight` at once, `rate` a second (0: as fast as they are taken); wait until all have arrived."""
    sent: dict[int, float] = {}
    acked: dict[int, float] = {}
    numbers = iter(range(first, first + count))
    began = time.monotonic()

    async def worker() -> None:
        for number in numbers:
            wait_s = began + (number - first) / rate - time.monotonic() if rate else 0.0
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            sent[number] = time.monotonic()
            async with asyncio.timeout(ANSWER_S):
                if await send(number):
                    acked[number] = time.monotonic()

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    deadline = time.monotonic() + ARRIVAL_S
    while acked.keys() - got.keys() and time.monotonic() < deadline:  # noqa: ASYNC110  # the sink must cost as little as it can
        await asyncio.sleep(0.02)
    return Volley(sent, acked, {number: got[number] for number in sent if number in got})


class HttpClient:
    """Keep-alive connections to one port of this machine, as many as are in use at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, body: bytes, *headers: str, media: str = "application/json") -> int:
        """The status of a POST."""
        return await self._ask((f"POST {path} HTTP/1.1", f"Content-Type: {media}", f"Content-Length: {len(body)}", *headers), body)

    async def get(self, path: str) -> int:
        """The status of a GET."""
        return await self._ask((f"GET {path} HTTP/1.1",), b"")

    async def _ask(self, lines: Sequence[str], body: bytes) -> int:
        reader, writer = self._kept() or await asyncio.open_connection("127.0.0.1", self._port)
        writer.write("\r\n".join((*lines, "Host: 127.0.0.1", "", "")).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        await reader.readexactly(int(length.group(1)) if length else 0)
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head[9:12])

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection that the far end has not closed meanwhile, as it does with one that idles for long."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


class Sink:
    """A web server that answers 200 to everything and notes when it first saw each message."""

    def __init__(self) -> None:
        self.got: dict[int, float] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length.group(1)) if length else 0)
                at = time.monotonic()
                for number in MARK.findall(body):
                    self.got.setdefault(int(number), at)
                writer.write(ANSWER[:-2] if head.startswith(b"HEAD ") else ANSWER)  # a probe of the channel: an answer to it has no body
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return float(statistics.median(values))
