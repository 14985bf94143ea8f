"""Questions and answers between the core and a channel in a process of its own: msgpack in frames over one Unix socket, both ways alike.

Neither side believes the other: a frame that is too long, cannot be read, or comes too fast ends the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from fenghuo.errors import (
    AuthFailed,
    ConfigError,
    Denied,
    FenghuoError,
    LinkBroken,
    LinkClosed,
    LinkTimeout,
    NotAllowed,
    NotFound,
    NotReady,
    Overloaded,
    StoreError,
    StoreFull,
    Withdrawn,
)
from fenghuo.plugin.cell_pace import Pace

__all__ = ["LARGEST", "CellFault", "CellWire", "Handler"]

LARGEST = 4 << 20
"""Octets of a frame: a rendition with its octets is far below."""
HEAD = struct.Struct(">I")
LITTLE = 16 << 10
"""Octets of a frame that are counted as one frame and no more."""
BURST, A_SECOND = 512.0, 2_000.0
"""Frames that may come at once, and in each second after that; whoever sends faster is read slower."""
OCTETS_A_SECOND = 8 << 20
"""A few pictures a second; a plugin that fills the line with more waits."""
TURN_S = 0.05
AT_ONCE = 256
"""Questions of the other side under way at once."""
KINDS: dict[str, type[FenghuoError]] = {
    one.__name__: one
    for one in (
        AuthFailed,
        ConfigError,
        Denied,
        LinkBroken,
        LinkClosed,
        LinkTimeout,
        NotAllowed,
        NotFound,
        NotReady,
        Overloaded,
        StoreError,
        StoreFull,
        Withdrawn,
    )
}
"""What may be raised through the line as itself; anything else is a CellFault with its name."""

Handler = Callable[..., Awaitable[Any]]


class CellFault(Exception):
    """Whatever else was raised at the other side: the name of its class, and what it said."""


class Question(msgspec.Struct, frozen=True, tag="q", array_like=True):
    """`id`: 0 where no answer is wanted."""

    id: int
    do: str
    args: msgspec.Raw


class Answer(msgspec.Struct, frozen=True, tag="a", array_like=True):
    """`kind`: the class of what was raised, empty where `value` is what came of it."""

    id: int
    value: msgspec.Raw
    kind: str = ""
    says: str = ""
    after_s: float = 0.0


class GiveUp(msgspec.Struct, frozen=True, tag="c", array_like=True):
    """Whoever asked does not wait any more."""

    id: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Question | Answer | GiveUp).decode


class CellWire:
    """One end of the line. `handlers`: what the other side may ask; each gets what it was asked with, as msgspec's plain values.

    `cancel_s`: a question that was given up must have ended by then, else `on_stubborn` is called.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handlers: Mapping[str, Handler],
        *,
        on_stubborn: Callable[[str], None] | None = None,
        cancel_s: float = 5.0,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._on_stubborn = on_stubborn
        self._cancel_s = cancel_s
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._doing: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pace = Pace(BURST, A_SECOND)
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Read until the line ends; then nobody waits for an answer any more."""
        reason = "the line was closed"
        try:
            while True:
                (size,) = HEAD.unpack(await self._reader.readexactly(HEAD.size))
                if size > LARGEST:
                    reason = f"it sent a frame of {size} octets; {LARGEST} fit"
                    return
                await self._take(_decode(await self._reader.readexactly(size)))
                if size > LITTLE:
                    await asyncio.sleep(size / OCTETS_A_SECOND)
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = "its process ended"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = f"it sent what cannot be read: {error}"
        finally:
            await self.close(reason)

    async def ask(self, do: str, *args: Any, timeout_s: float | None = None) -> msgspec.Raw:
        """Have something done at the other side. Raises: what was raised there, LinkTimeout, LinkBroken: the line has ended."""
        number = next(self._numbers)
        waits: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = waits
        try:
            self._send(Question(number, do, msgspec.Raw(_encode(args))))
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
                answer = await waits
        except TimeoutError as late:
            self._give_up(number, do)
            raise LinkTimeout(f"{do} was not answered within {timeout_s:g} s") from late
        except asyncio.CancelledError:
            self._give_up(number, do)
            raise
        finally:
            if self._asked.get(number) is waits:
                del self._asked[number]
        if answer.kind:
            raise _raised(answer)
        return answer.value

    def tell(self, do: str, *args: Any) -> None:
        """Say something that needs no answer."""
        if not self.ended.done():
            self._send(Question(0, do, msgspec.Raw(_encode(args))))

    async def close(self, reason: str) -> None:
        """Idempotent. Everybody who waits hears the reason of the first close."""
        if self.ended.done():
            return
        self.ended.set_result(reason)
        for waits in self._asked.values():
            if not waits.done():
                waits.set_exception(LinkBroken(reason))
                waits.exception()  # of one that was given up nobody asks any more
        for task in self._tasks:
            task.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def _send(self, frame: Question | Answer | GiveUp) -> None:
        if self.ended.done():
            raise LinkBroken(self.ended.result())
        octets = _encode(frame)
        self._writer.write(HEAD.pack(len(octets)) + octets)

    async def _take(self, frame: Question | Answer | GiveUp) -> None:
        await self._pace.take()
        match frame:
            case Answer():
                waits = self._asked.get(frame.id)
                if waits is not None and not waits.done():
                    waits.set_result(frame)
            case GiveUp():
                if frame.id in self._doing:
                    self._doing[frame.id].cancel()
            case Question():
                await self._begin(frame)

    async def _begin(self, question: Question) -> None:
        if len(self._tasks) >= AT_ONCE:  # what only needs a turn of the loop has it now
            await asyncio.sleep(TURN_S)
        if len(self._tasks) >= AT_ONCE:
            await self.close(f"it asks {AT_ONCE} things at once and waits for none")
            return
        task = asyncio.create_task(self._do(question), name=f"cell {question.do}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if question.id:
            self._doing[question.id] = task
            task.add_done_callback(lambda _: self._doing.pop(question.id, None))

    async def _do(self, question: Question) -> None:
        try:
            handler = self._handlers.get(question.do)
            if handler is None:
                raise NotFound(f"nobody here does {question.do!r}")
            value = await handler(*msgspec.msgpack.decode(question.args))
            answer = Answer(question.id, msgspec.Raw(_encode(value)))
        except asyncio.CancelledError:
            if question.id and not self.ended.done():
                self._send(Answer(question.id, NOTHING, "CellFault", "cancelled"))
            raise
        except FenghuoError as error:
            after_s = error.retry_after_s if isinstance(error, NotReady) else 0.0
            answer = Answer(question.id, NOTHING, _kind(error), str(error), after_s)
        except Exception as fault:  # noqa: BLE001  # it is told to whoever asked
            answer = Answer(question.id, NOTHING, "CellFault", f"{type(fault).__name__}: {fault}")
        if question.id and not self.ended.done():
            self._send(answer)

    def _give_up(self, number: int, do: str) -> None:
        if self.ended.done():
            return
        self._send(GiveUp(number))
        if self._on_stubborn is not None:
            self._watch(number, do, self._on_stubborn)

    def _watch(self, number: int, do: str, on_stubborn: Callable[[str], None]) -> None:
        """A cancelled question is answered too, by its end: whoever swallows that goes on emitting."""
        ended: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = ended

        def late() -> None:
            self._asked.pop(number, None)
            if not ended.done():
                on_stubborn(f"{do} went on for {self._cancel_s:g} s after it was cancelled")

        timer = asyncio.get_running_loop().call_later(self._cancel_s, late)
        ended.add_done_callback(lambda _: timer.cancel())


NOTHING = msgspec.Raw(msgspec.msgpack.encode(None))


def _kind(error: FenghuoError) -> str:
    return next(one.__name__ for one in type(error).__mro__ if one.__name__ in KINDS or one is Exception)


def _raised(answer: Answer) -> Exception:
    kind = KINDS.get(answer.kind)
    if kind is None:
        return CellFault(answer.says)
    return NotReady(answer.says, retry_after_s=answer.after_s) if kind is NotReady else kind(answer.says)
