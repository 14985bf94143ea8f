"""One console: a bounded outbox, one pump, and where in the stream it stands. Nothing here can be slowed down by a slow client."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import msgspec

from fenghuo.formats.console_frames import Close, Cursor, Delta, Frame, Op, Ping, Resync, ResyncReason, Snap, encode
from fenghuo_adapters.http_exchange import Send

__all__ = ["ROOM", "Change", "Room", "Session", "delta", "framed", "snapshot_parts"]


class Room(msgspec.Struct, frozen=True):
    """How much may wait for one console, and how long a part of a snapshot is. A frame out has at most 256 kB; what a part leaves of them
    is for the envelope and one long value. Source: console.md §6, Back-pressure."""

    frames: int = 256
    octets: int = 1_000_000
    part: int = 200_000


ROOM = Room()


class Change(msgspec.Struct, frozen=True):
    """What happened between two places of the stream, by path; a path that is gone has no value. `frame`, and `octets` as the wire has it,
    are shared by all who stood at `prev`."""

    epoch: str
    prev: int
    seq: int
    ops: Mapping[str, Op]
    frame: str = ""
    octets: bytes = b""


def delta(epoch: str, prev: int, seq: int, ops: Mapping[str, Op]) -> str:
    """A delta as text."""
    return encode(Delta(epoch, prev, seq, tuple(ops.values()))).decode()


def framed(text: str) -> bytes:
    """A text frame as a server writes it: whole, and not masked. Source: RFC 6455 §5.2."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return bytes((0x81, size)) + body
    return (b"\x81\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x81\x7f" + size.to_bytes(8, "big")) + body


class Session:
    """A console after its handshake. `topics` is None while nothing is subscribed."""

    def __init__(self, send: Send, *, now: float, room: Room = ROOM, push: Callable[[bytes], bool] | None = None) -> None:
        self._send = send
        self._push_now = push
        self._is_sending = False
        self.room = room
        self._outbox: deque[str] = deque()
        self._octets = 0
        self._wake = asyncio.Event()
        self._parts: Iterator[str] = iter(())
        self._loading = False
        self._waiting: dict[str, Op] = {}
        self._epoch = ""
        self._at = 0
        self._latest = 0
        self.closing: Close | None = None
        self.subscription = 0
        self.topics: frozenset[str] | None = None
        self.heard_at = now
        self.name = secrets.token_hex(4)
        """Of this connection, among all consoles."""
        self.is_reported = False
        """Whether it has said if somebody is there."""

    def begin(self, subscription: int, topics: frozenset[str]) -> None:
        """A new subscription replaces the old; until loaded() its changes wait, merged by path."""
        self.subscription = subscription
        self.topics = topics
        self._parts = iter(())
        self._loading = True
        self._waiting = {}
        self._latest = 0
        self._epoch = ""

    def loaded(self, cursor: Cursor, parts: Iterator[str]) -> None:
        """What the console is to be sent first, and the place where that leaves it."""
        self._epoch = cursor.epoch
        self._at = cursor.seq
        self._parts = parts
        self._wake.set()

    def change(self, change: Change) -> None:
        """Pass a change on, or keep it until the snapshot is out. Never waits."""
        if self._loading:
            self._waiting.update(change.ops)
            self._latest = change.seq
        elif change.seq > self._at:
            if self._at != change.prev:
                self._push(delta(change.epoch, self._at, change.seq, change.ops))
            elif not self._is_pushed(change.octets):
                self._push(change.frame)
            self._at = change.seq

    def ping(self, now: float, head: int) -> None:
        """A heartbeat; an empty delta first, where the stream went on without this console's topics."""
        if self.topics is not None and not self._loading and head > self._at:
            self._push(delta(self._epoch, self._at, head, {}))
            self._at = head
        self.tell(Ping(now, self._at))

    def end_subscription(self, reason: ResyncReason) -> None:
        """What the console holds does not count any more; it will ask for a whole state."""
        if self.topics is not None:
            self.topics = None
            self._loading = False
            self._parts = iter(())
            self.tell(Resync(self.subscription, reason))

    def tell(self, frame: Frame) -> None:
        """Queue one frame."""
        self._push(encode(frame).decode())

    def close(self, code: Close) -> None:
        """End the connection as soon as the pump can."""
        self.closing = code
        self._wake.set()

    async def pump(self) -> None:
        """Send what is queued, then parts of a snapshot one by one, until close()."""
        while self.closing is None:
            text = self._next()
            if text is None:
                self._wake.clear()
                await self._wake.wait()
            else:
                self._is_sending = True
                await self._send({"type": "websocket.send", "text": text})
                self._is_sending = False

    def _next(self) -> str | None:
        if self._outbox:
            text = self._outbox.popleft()
            self._octets -= len(text)
            return text
        part = next(self._parts, None)
        if part is None and self._loading and self._epoch:
            return self._caught_up()
        return part

    def _caught_up(self) -> str | None:
        """The snapshot is out: what came meanwhile follows as one delta."""
        self._loading = False
        waiting, self._waiting = self._waiting, {}
        if self._latest <= self._at:
            return None
        prev, self._at = self._at, self._latest
        return delta(self._epoch, prev, self._at, waiting)

    def _is_pushed(self, octets: bytes) -> bool:
        """Whether it went out at once: nothing waits before it, and the line takes it."""
        return self._push_now is not None and not self._is_sending and not self._outbox and self._push_now(octets)

    def _push(self, text: str) -> None:
        # Characters stand for octets here: the bound is about memory, and a Chinese character takes no more than two of it.
        if len(self._outbox) >= self.room.frames or self._octets + len(text) > self.room.octets:
            self._outbox.clear()
            text = encode(Resync(self.subscription, ResyncReason.SLOW)).decode()
            self._octets = 0
            self.topics = None
            self._loading = False
            self._parts = iter(())
        self._outbox.append(text)
        self._octets += len(text)
        self._wake.set()


def snapshot_parts(subscription: int, cursor: Cursor, data: Mapping[str, msgspec.Raw], octets_max: int = ROOM.part) -> Iterator[str]:
    """The frames of a snapshot, made one at a time as they are taken."""
    part, octets = 0, 0
    gathered: dict[str, msgspec.Raw] = {}
    for path, value in data.items():
        size = len(value) + len(path) + 8
        if gathered and octets + size > octets_max:
            yield encode(Snap(subscription, cursor, part, False, gathered)).decode()
            part, octets, gathered = part + 1, 0, {}
        gathered[path] = value
        octets += size
    yield encode(Snap(subscription, cursor, part, True, gathered)).decode()
