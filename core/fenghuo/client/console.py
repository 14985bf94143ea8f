"""A console for programs: it watches what the daemon shows, and acts by the desk, over one WebSocket that it keeps open for ever.

    async with Console("http://127.0.0.1:8080", token=token, topics=("message", "channel")) as console:
        async for changed in console.changes():            # {path: Row, or None where it is gone}
            ...
        answer = await console.cmd("channel.disable", {"name": "sms-a", "reason": "SIM expired"})

The rules are in console_machine; here are the socket, the waits and the tasks. Source: console.md §6.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from fenghuo.client.caller import CallFailed
from fenghuo.client.console_machine import AfterClose, Machine, Row, after_close, retry_s
from fenghuo.formats.console_frames import PROTOCOL, Res

__all__ = ["Console"]

OPEN_S = 10.0
MISSED_PINGS = 2
GRACE_S = 1.0
"""A ping may come a little late and is not missed yet."""
FRAME_OCTETS = 256 * 1024
READY_S = 10.0


class Console:
    """One watcher. `url`: of the web port, http or https; `topics`: () for all; `ssl`: a context that trusts the daemon's certificate."""

    def __init__(self, url: str, *, token: str, topics: Sequence[str] = (), lang: str = "zh-CN", ssl: Any = None) -> None:
        self._url = url.rstrip("/").replace("http", "ws", 1) + "/ws/console"
        self._machine = Machine(token=token, topics=topics, lang=lang, key=lambda: secrets.token_hex(16))
        self._ssl = ssl
        self._socket: ClientConnection | None = None
        self._moved = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Res]] = {}
        self._task: asyncio.Task[None] | None = None
        self._refused: CallFailed | None = None
        self._tries = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    @property
    def state(self) -> Mapping[str, Row]:
        """What the daemon shows, by path; as old as the last frame while `is_live` is false."""
        return self._machine.state

    @property
    def is_live(self) -> bool:
        """Whether `state` is what is so now."""
        return self._machine.is_live

    @property
    def rights(self) -> tuple[str, ...]:
        """What this token may do now, () while there is no line."""
        return self._machine.ready.rights if self._machine.ready is not None else ()

    @property
    def pending(self) -> int:
        """Commands of which nobody knows yet whether they were carried out."""
        return len(self._machine.pending)

    async def live(self) -> None:
        """Wait until the state is what is so now. Raises: CallFailed: the daemon does not let us in."""
        while not self._machine.is_live:
            await self._next()

    async def changes(self) -> AsyncGenerator[dict[str, Row | None], None]:
        """What has changed since the last time round, by path; the whole state first, and again after a gap. Raises: CallFailed."""
        while True:
            if self._machine.is_live and self._machine.changed:
                changed, self._machine.changed = self._machine.changed, {}
                yield changed
            else:
                await self._next()

    async def cmd(self, do: str, args: Mapping[str, Any] | None = None, *, if_rev: int | None = None, reads: bool = False) -> Any:
        """Carry out a verb of the desk, and return its data, which is on the disk then. However often the line breaks, it is sent again
        with its own key and carried out once; whoever stops waiting does not know the outcome. `reads`: it changes nothing and takes no
        key. Raises: CallFailed: refused, with the stable code."""
        number, text = self._machine.command(do, args or {}, if_rev=if_rev, key="" if reads else None)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        if self._machine.ready is not None:
            await self._send(text)
        try:
            res = await answer
        finally:
            self._waiting.pop(number, None)
        if isinstance(res.err, msgspec.UnsetType):
            return msgspec.json.decode(res.data) if isinstance(res.data, msgspec.Raw) else None
        raise CallFailed(res.err.code, res.err.msg, err=res.err.args)

    async def seen(self, path: str, *, tone: bool) -> None:
        """Say that a row is drawn in front of a person, and whether its tone has started."""
        await self._send(self._machine.seen(path, tone=tone))

    async def present(self, *, armed: bool, sound: bool, visible: bool, idle_s: float = 0.0) -> None:
        """Say whether somebody is here; to be said again with each connection and each change."""
        await self._send(self._machine.presence(armed=armed, sound=sound, visible=visible, idle_s=idle_s))

    # The line

    async def _keep(self) -> None:
        """Connect for ever; the state says in the meantime that it is old."""
        while True:
            code = await self._once()
            self._machine.broken()
            self._move()
            match after_close(code):
                case AfterClose.LOG_IN:
                    return self._give_up("unauthenticated", "the daemon does not know this token")
                case AfterClose.STOP:
                    return self._give_up("forbidden", "the daemon does not let this token watch, or speaks another protocol")
                case AfterClose.BACK_OFF:
                    self._tries += 5
            await asyncio.sleep(retry_s(self._tries, random.random))
            self._tries += 1

    async def _once(self) -> int | None:
        """One connection, to its end: the code of its close, None where it broke or never came about."""
        options: dict[str, Any] = {"subprotocols": [Subprotocol(PROTOCOL)], "compression": None, "max_size": 2 * FRAME_OCTETS}
        try:
            async with connect(self._url, open_timeout=OPEN_S, ping_interval=None, ssl=self._ssl, **options) as socket:
                self._socket = socket
                self._machine.opened()
                await self._follow(socket)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else None
        except (OSError, TimeoutError, InvalidHandshake, msgspec.DecodeError):
            return None
        finally:
            self._socket = None
        return None

    async def _follow(self, socket: ClientConnection) -> None:
        machine = self._machine
        while True:
            silence_s = READY_S if machine.ready is None else MISSED_PINGS * machine.ready.hb + GRACE_S
            async with asyncio.timeout(silence_s):
                text = await socket.recv()
            for answer in machine.take(text, now=time.time()):
                await socket.send(answer)
            if machine.is_live:
                self._tries = 0
            while machine.answers:
                number, res = machine.answers.popitem()
                waiting = self._waiting.get(number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(res)
            self._move()

    async def _send(self, text: str) -> None:
        """Without a line it is said with the next one, or by whoever asked."""
        if self._socket is not None:
            try:
                await self._socket.send(text)
            except ConnectionClosed:
                return

    def _give_up(self, code: str, says: str) -> None:
        self._refused = CallFailed(code, says)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(CallFailed(code, says))
        self._move()

    def _move(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _next(self) -> None:
        """Wait for the next frame. Raises: CallFailed: there will be none."""
        if self._refused is not None:
            raise CallFailed(self._refused.code, str(self._refused))
        await self._moved.wait()
