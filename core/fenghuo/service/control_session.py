"""One connection of the control socket: read a line, ask the desk, answer; or stream the log until the client goes."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import Refused
from fenghuo.service.problems import Problem, problem, refusal

if TYPE_CHECKING:
    import structlog

    from fenghuo.model.event import Event
    from fenghuo.plugin.ports import Actor, Desk, EventStream

__all__ = ["Limits", "Request", "Session"]

FOLLOW = "log.follow"
# Arguments that are bytes at the desk and base64 text on the wire.
OCTET_ARGS = frozenset({"raw"})
# Events read from the store for one round of a stream; more would only make the answer burstier.
FOLLOW_PAGE = 500


class Limits(msgspec.Struct, frozen=True):
    """What a client may cost. A 4 MiB alert is 5.6 MiB in base64; seconds of silence; seconds of not reading our answer."""

    request_octets: int = 8 * 1024 * 1024
    silence_s: float = 30.0
    write_s: float = 10.0
    connections: int = 64


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request; `id` comes back with its answer."""

    do: str
    id: int | str = 0
    args: dict[str, Any] = msgspec.field(default_factory=dict)
    token: str = ""


class Answer(msgspec.Struct, frozen=True):
    """One answer line: exactly one of data, item and err is there."""

    id: int | str | None
    ok: bool
    data: Any = msgspec.UNSET
    item: Any = msgspec.UNSET
    err: Problem | msgspec.UnsetType = msgspec.UNSET


class Cursor(msgspec.Struct, frozen=True):
    """Where a stream of the log starts: after `after`, of the epoch `epoch` if the client knows one."""

    after: int = 0
    epoch: str = ""


class Item(msgspec.Struct, frozen=True):
    """An event with the epoch that makes its seq a cursor."""

    epoch: str
    seq: int
    at: float
    type: str
    subject: str
    body: dict[str, Any]


class Session:
    """Serves one client, one request at a time. `busy` while the desk works for it; `closing` ends it after that answer."""

    def __init__(
        self,
        desk: Desk,
        events: EventStream,
        *,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        log: structlog.stdlib.BoundLogger,
        limits: Limits,
    ) -> None:
        self.busy = False
        self.closing = False
        self._desk = desk
        self._events = events
        self._reader = reader
        self._writer = writer
        self._log = log
        self._limits = limits

    async def run(self, *, is_crowded: bool) -> None:
        """Serve until the client leaves, is too slow, or breaks the protocol."""
        try:
            if is_crowded:
                await self._refuse(None, Problem("overloaded", "too many clients on the control socket", retry_after_s=1.0))
                return
            while not self.closing and (line := await self._line()):
                await self._serve(line)
        except (TimeoutError, ConnectionError):
            return

    async def _line(self) -> bytes:
        """The next request line; empty when the client left or sent more than a request may hold."""
        try:
            async with asyncio.timeout(self._limits.silence_s):
                return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as rest:
            return rest.partial
        except asyncio.LimitOverrunError:
            await self._refuse(None, Problem("too-large", f"a request has at most {self._limits.request_octets} octets"))
            return b""

    async def _serve(self, line: bytes) -> None:
        try:
            request = msgspec.json.decode(line, type=Request)
            args = _octets(request.args)
        except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
            await self._refuse(None, Problem("bad-request", f"not a request: {error}"))
            return
        try:
            actor = self._desk.actor(request.token, "socket")
            if request.do == FOLLOW:
                await self._follow(request.id, actor, msgspec.convert(args, Cursor))
                return
            self.busy = True
            await self._write(await self._answer(request, actor, args))
        except (FenghuoError, msgspec.ValidationError) as error:
            await self._refuse(request.id, problem(error))
        finally:
            self.busy = False

    async def _answer(self, request: Request, actor: Actor, args: dict[str, Any]) -> Answer:
        try:
            result = await self._desk.do(actor, request.do, args)
        except (FenghuoError, msgspec.ValidationError):
            raise
        except Exception as error:  # noqa: BLE001  # a bug in one verb must not end the connection, and is logged with its trace
            self._log.exception("a request failed by a fault of ours", verb=request.do, actor=actor.name)
            return Answer(request.id, False, err=problem(error))
        if isinstance(result, Refused):
            return Answer(request.id, False, err=refusal(result))
        return Answer(request.id, True, data=result)

    async def _follow(self, asked: int | str, actor: Actor, cursor: Cursor) -> None:
        # The desk decides whether this actor may read the log; the stream itself does not pass it again.
        await self._desk.do(actor, "log.read", {"after": self._events.head, "limit": 1})
        if cursor.epoch and cursor.epoch != self._events.epoch:
            await self._refuse(asked, Problem("stale-cursor", f"the log has the epoch {self._events.epoch}, the cursor has {cursor.epoch}"))
            return
        if cursor.after > self._events.head:
            says = f"the cursor is at {cursor.after}, and the log ends at {self._events.epoch}:{self._events.head}"
            await self._refuse(asked, Problem("stale-cursor", says))
            return
        epoch = self._events.epoch
        async for event in self._tail(cursor.after):
            await self._write(Answer(asked, True, item=Item(epoch, event.seq, event.at, event.type, event.subject, event.body)))

    async def _tail(self, after: int) -> AsyncIterator[Event]:
        """Every event after `after` until the client closes its side; no timer runs while nothing happens."""
        gone = asyncio.ensure_future(self._reader.read(1))
        news: asyncio.Future[int] | None = None
        try:
            while not (gone.done() or self.closing):
                page = await self._events.read(after, FOLLOW_PAGE)
                for event in page:
                    after = event.seq
                    yield event
                if not page:
                    news = asyncio.ensure_future(self._events.wait(after))
                    await asyncio.wait({gone, news}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(gone, news)

    async def _refuse(self, asked: int | str | None, err: Problem) -> None:
        await self._write(Answer(asked, False, err=err))

    async def _write(self, answer: Answer) -> None:
        self._writer.write(msgspec.json.encode(answer) + b"\n")
        async with asyncio.timeout(self._limits.write_s):
            await self._writer.drain()


async def _end(*waits: asyncio.Future[Any] | None) -> None:
    open_waits = [wait for wait in waits if wait is not None]
    for wait in open_waits:
        wait.cancel()
    await asyncio.gather(*open_waits, return_exceptions=True)


def _octets(args: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value, validate=True) if name in OCTET_ARGS and isinstance(value, str) else value
        for name, value in args.items()
    }
