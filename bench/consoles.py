"""Many consoles on one front: how long a change takes to all of them, and what that costs: `python -m bench.consoles`.

The real web port and the real front over a desk in memory, in a process of its own; the consoles are raw sockets in this one, so that what
is measured is the server. Figures: seconds from the commit of a change to its arrival at a console, and processor of the server alone.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import struct
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from bench.consoles_bare import broadcasting, gathering
from bench.report import Row, against, alone, table
from bench.server_process import Serves, processor_s, run_server, said
from fenghuo import Actor, Answer, Command, Event
from fenghuo.clock import SystemClock
from fenghuo.formats.console_frames import PROTOCOL
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import WebLimits, WebPort
from fenghuo_console import ConsoleSettings, fenghuo_front_types

__all__ = ["Case", "Figures", "measure", "run"]

SIZE = 1024
PATHS = 500
WARM_S = 1.0


class Case(NamedTuple):
    """So many consoles, so many changes a second, for so long. `reconnect`: what is measured is how soon all are back."""

    consoles: int
    per_s: float
    lasts_s: float = 10.0
    reconnect: bool = False


class Figures(NamedTuple):
    """Milliseconds, and percent of one processor."""

    pushes: int
    p50_ms: float
    p99_ms: float
    cpu_pct: float
    back_s: float = 0.0


CASES = (Case(200, 100.0), Case(1000, 10.0), Case(1000, 0.0, reconnect=True))


class Stream:
    """The events of the desk in memory."""

    epoch = "bench"

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._moved = asyncio.Event()

    @property
    def head(self) -> int:
        return len(self.events)

    def add(self, path: str) -> None:
        self.events.append(Event(self.head + 1, time.time(), "changed", path, {}))
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def read(self, after: int, limit: int) -> list[Event]:
        return self.events[after : after + limit]

    async def wait(self, after: int) -> int:
        while self.head <= after:
            await self._moved.wait()
        return self.head


class Desk:
    """Shows its objects, and lets everybody watch."""

    topics = ("channel",)

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.objects: dict[str, Any] = {f"channel/{number}": _value() for number in range(PATHS)}

    def actor(self, token: str, door: str) -> Actor:
        return Actor("bench", ("operator",), door)

    def member(self, session: str, csrf: str, door: str) -> Actor:
        return self.actor("", door)

    async def command(self, actor: Actor, command: Command) -> Answer:
        return Answer(ok=True)

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        found = {path: self.objects.get(path) for path in args["paths"]} if "paths" in args else self.objects
        return {"cur": {"epoch": self.stream.epoch, "seq": self.stream.head}, "data": found}


def _value() -> dict[str, Any]:
    return {"at": time.monotonic(), "text": "x" * (SIZE - 40)}


async def _serve(case: Case, pipe: Connection) -> None:
    stream = Stream()
    desk: Any = Desk(stream)
    clock = SystemClock()
    web = WebPort(Listen("127.0.0.1", 0), clock=clock, limits=WebLimits(connections=case.consoles + 10))
    (kind,) = [one for one in fenghuo_front_types() if one.id == "console"]
    ctx = HostedFrontContext(name="console", settings=ConsoleSettings(page=False), clock=clock, desk=desk, events=stream, web=web)
    front = kind.factory(ctx)
    await web.start()
    await front.start()
    pipe.send(int(web.url.rpartition(":")[2]))
    await said(pipe)
    began, cpu = time.monotonic(), processor_s()
    for number in range(round(case.per_s * case.lasts_s)):
        delay = began + number / case.per_s - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        path = f"channel/{number % PATHS}"
        desk.objects[path] = _value()
        stream.add(path)
    if case.reconnect:
        await said(pipe)
    pipe.send((time.monotonic() - began, processor_s() - cpu))
    await said(pipe)
    await front.stop(clock.monotonic() + 2.0)
    await web.stop(clock.monotonic() + 2.0)


class Reader(asyncio.Protocol):
    """One console: says who it is and what it wants, and notes how old each change is when it comes."""

    def __init__(self, late: list[float], live: asyncio.Event) -> None:
        self._late = late
        self._live = live
        self._rest = b""
        self._is_open = False
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        head = ("GET /ws/console HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {key}")
        more = ("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {PROTOCOL}", "", "")
        transport.write("\r\n".join((*head, *more)).encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._rest += data
        if not self._is_open:
            _, found, self._rest = self._rest.partition(b"\r\n\r\n")
            self._is_open = bool(found)
            self._say({"t": "auth", "token": "t", "proto": PROTOCOL})
        while (cut := _frame(self._rest)) is not None:
            text, self._rest = cut
            self._take(text, now)

    def _take(self, text: bytes, now: float) -> None:
        if text.startswith(b'{"t":"delta"'):
            at = text.find(b'"at":') + 5
            self._late.append(now - float(text[at : text.find(b",", at)]))
        elif text.startswith(b'{"t":"ready"'):
            self._say({"t": "sub", "id": 1})
        elif text.startswith(b'{"t":"snap"') and b'"last":true' in text:
            self._live.set()
        elif text.startswith(b'{"t":"ping"'):
            self._say({"t": "pong", "seq": 0})

    def _say(self, frame: dict[str, Any]) -> None:
        """A text frame of a client: masked, with a mask of zeros. Source: RFC 6455 §5.2."""
        body = json.dumps(frame).encode()
        self.transport.write(bytes((0x81, 0x80 | len(body))) + b"\0\0\0\0" + body)


def _frame(data: bytes) -> tuple[bytes, bytes] | None:
    """The first frame of a server, and what follows; None: it is not all there."""
    if len(data) < 2:
        return None
    size, at = data[1], 2
    if size >= 126:
        at = 4 if size == 126 else 10
        if len(data) < at:
            return None
        (size,) = struct.unpack(">H" if at == 4 else ">Q", data[2:at])
    return (data[at : at + size], data[at + size :]) if len(data) >= at + size else None


async def _watch(case: Case, port: int, pipe: Connection) -> Figures:
    late: list[float] = []
    readers = await _connect(case, port, late)
    back_s = 0.0
    if case.reconnect:
        pipe.send("begin")
        for reader in readers:
            reader.transport.abort()
        began = time.monotonic()
        readers = await _connect(case, port, late)
        back_s = time.monotonic() - began
    await asyncio.sleep(WARM_S)
    pipe.send("begin" if not case.reconnect else "end")
    lasted_s, cpu_s = await said(pipe)
    await asyncio.sleep(0.5)
    for reader in readers:
        reader.transport.abort()
    pipe.send("stop")
    late.sort()
    p50, p99 = (late[len(late) // 2], late[len(late) * 99 // 100]) if late else (0.0, 0.0)
    return Figures(len(late), p50 * 1e3, p99 * 1e3, cpu_s / lasted_s * 100, back_s)


async def _connect(case: Case, port: int, late: list[float]) -> list[Reader]:
    """All at once, as after a restart; back when each has its whole state."""
    loop = asyncio.get_running_loop()
    lives = [asyncio.Event() for _ in range(case.consoles)]
    readers = [Reader(late, live) for live in lives]

    async def one(reader: Reader) -> None:
        await loop.create_connection(lambda: reader, "127.0.0.1", port)

    await asyncio.gather(*(one(reader) for reader in readers))
    await asyncio.gather(*(live.wait() for live in lives))
    return readers


def measure(case: Case, serves: Serves = _serve) -> Figures:
    """Run one case; `serves`: what the other process runs."""
    mine, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=run_server, args=(serves, case, theirs), daemon=True)
    server.start()
    figures = asyncio.run(_watch(case, mine.recv(), mine))
    server.join(10.0)
    return figures


def run(*, lasts_s: float = 8.0) -> list[Row]:
    """Each case, and the first beside the library alone."""
    first, second, third = (measure(case._replace(lasts_s=lasts_s)) for case in CASES)
    bare, gathered = (measure(CASES[0]._replace(lasts_s=lasts_s), serves) for serves in (broadcasting, gathering))
    per_cpu, bare_per_cpu, gathered_per_cpu = (one.pushes / one.cpu_pct for one in (first, bare, gathered))
    return [
        alone("200 consoles, 100 changes/s: p99", first.p99_ms, "ms", goal=("<=", 10.0)),
        alone("200 consoles, 100 changes/s: processor", first.cpu_pct, "%", goal=("<=", 20.0)),
        against(
            "pushes for a second of processor",
            per_cpu * 100 / lasts_s,
            "1/s",
            yardstick="websockets broadcast()",
            other=bare_per_cpu * 100 / lasts_s,
            goal=(">=", 0.9),
        ),
        against(
            "pushes for a second of processor",
            per_cpu * 100 / lasts_s,
            "1/s",
            yardstick="gather(send)",
            other=gathered_per_cpu * 100 / lasts_s,
            goal=(">=", 2.0),
        ),
        alone("1,000 consoles, 10 changes/s: p99", second.p99_ms, "ms", goal=("<=", 40.0)),
        alone(f"1,000 consoles come back at once, {PATHS} KiB each", third.back_s, "s", goal=("<=", 30.0)),
    ]


def main() -> None:
    """`python -m bench.consoles [--seconds 8]`: this part alone."""
    parser = argparse.ArgumentParser(prog="python -m bench.consoles", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    print(table(run(lasts_s=parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
