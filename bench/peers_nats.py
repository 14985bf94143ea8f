"""NATS JetStream as a yardstick: a stream on the disk, published with its acknowledgement, consumed with one each; no sync before either.

The client is our own forty lines of its text protocol: the one from PyPI parses in Python, and would be what is measured.
Source: docs.nats.io, "NATS client protocol" and "JetStream wire API reference".
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from bench.ports import free_port, until_open
from bench.pump import MARK, Volley, fire

__all__ = ["NatsJetStream"]

PADDING = b"x" * 1000
ANSWER_S = 30.0
INBOX, DELIVERED = b"_INBOX.bench.", "delivered"


class NatsJetStream:
    """A server with its data apart; one connection that publishes, one that consumes."""

    name = "nats jetstream"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._got: dict[int, float] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._lines: list[Line] = []

    async def start(self) -> None:
        port = free_port()
        with (self._folder / "log").open("ab") as log:
            words = ("nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(self._folder))
            self._process = await asyncio.create_subprocess_exec(*words, stdout=log, stderr=log)
        await until_open(port, 30)
        consuming = await Line.open(port, self._take)
        publishing = await Line.open(port, lambda line, reply, body: None)
        self._lines = [publishing, consuming]
        stream = {"name": "S", "subjects": ["t.>"], "storage": "file", "retention": "limits"}
        consumer = {"durable_name": "D", "deliver_subject": DELIVERED, "ack_policy": "explicit", "max_ack_pending": 1000}
        await consuming.ask("$JS.API.STREAM.CREATE.S", json.dumps(stream).encode())
        consuming.write(f"SUB {DELIVERED} 2\r\n".encode())
        wanted = json.dumps({"stream_name": "S", "config": consumer}).encode()
        await consuming.ask("$JS.API.CONSUMER.DURABLE.CREATE.S.D", wanted)

    async def volley(self, first: int, count: int, *, in_flight: int, rate: float = 0.0) -> Volley:
        return await fire(self._send, self._got, first=first, count=count, in_flight=in_flight, rate=rate)

    async def stop(self) -> None:
        for line in self._lines:
            await line.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _take(self, line: Line, reply: bytes, body: bytes) -> None:
        at = time.monotonic()
        for number in MARK.findall(body[:32]):
            self._got.setdefault(int(number), at)
        line.write(b"PUB " + reply + b" 4\r\n+ACK\r\n")

    async def _send(self, number: int) -> bool:
        return b'"seq"' in await self._lines[0].ask("t.a", b"fh%dx" % number + PADDING)


Taker = Callable[["Line", bytes, bytes], None]


class Line:
    """One connection: answers to what we asked by the number of their inbox, everything else to `take`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Taker) -> None:
        self._reader, self._writer, self._take = reader, writer, take
        self._asked: dict[bytes, asyncio.Future[bytes]] = {}
        self._next = 0
        self._reading = asyncio.create_task(self._read(), name="nats")

    @classmethod
    async def open(cls, port: int, take: Taker) -> Line:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()  # INFO
        writer.write(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\nSUB ' + INBOX + b"* 1\r\n")
        return cls(reader, writer, take)

    def write(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def ask(self, subject: str, body: bytes) -> bytes:
        """Publish, and the answer that comes to an inbox of its own. Raises: TimeoutError."""
        self._next += 1
        inbox = INBOX + b"%d" % self._next
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[inbox] = answer
        self._writer.write(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), inbox, len(body), body))
        async with asyncio.timeout(ANSWER_S):
            return await answer

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    async def _read(self) -> None:
        while line := await self._reader.readline():
            words = line.split()
            if words[0] == b"PING":
                self._writer.write(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                body = (await self._reader.readexactly(int(words[-1]) + 2))[:-2]
                self._came(words, body)

    def _came(self, words: list[bytes], body: bytes) -> None:
        answer = self._asked.pop(words[1], None)
        if answer is not None and not answer.done():
            answer.set_result(body)
        elif answer is None:
            self._take(self, words[3], body)
