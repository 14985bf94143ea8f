"""The least that a server of consoles can be: `broadcast()`, or a `gather()` of sends, of the library alone, over the same sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from websockets import Subprotocol
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.server_process import processor_s, said
from fenghuo.formats.console_frames import PROTOCOL

if TYPE_CHECKING:
    from bench.consoles import Case

__all__ = ["broadcasting", "gathering"]

SIZE = 1024


async def broadcasting(case: Case, pipe: Connection) -> None:
    """Every change by `broadcast()`."""
    await _serve(case, pipe, is_gathered=False)


async def gathering(case: Case, pipe: Connection) -> None:
    """Every change by a `send()` to each."""
    await _serve(case, pipe, is_gathered=True)


async def _serve(case: Case, pipe: Connection, *, is_gathered: bool) -> None:
    known: set[ServerConnection] = set()

    async def greet(raw: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            await raw.recv()
            await raw.send('{"t":"ready"}')
            await raw.recv()
            await raw.send('{"t":"snap","last":true}')
            known.add(raw)
            await raw.wait_closed()
        known.discard(raw)

    async with serve(greet, "127.0.0.1", 0, subprotocols=[Subprotocol(PROTOCOL)], compression=None, ping_interval=None) as server:
        pipe.send(next(iter(server.sockets)).getsockname()[1])
        await said(pipe)
        began, used = time.monotonic(), processor_s()
        for number in range(round(case.per_s * case.lasts_s)):
            if (delay := began + number / case.per_s - time.monotonic()) > 0:
                await asyncio.sleep(delay)
            frame = json.dumps({"t": "delta", "at": time.monotonic(), "text": "x" * (SIZE - 40)}, separators=(",", ":"))
            if is_gathered:
                await asyncio.gather(*(raw.send(frame) for raw in known))
            else:
                broadcast(known, frame)
        pipe.send((time.monotonic() - began, processor_s() - used))
        await said(pipe)
