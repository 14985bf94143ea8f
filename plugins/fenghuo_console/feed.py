"""From the stream of events to consoles: one reader for all, one encoding for all who watch the same topics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from fenghuo import Actor, FrontContext
from fenghuo.formats.console_frames import Cursor, Op, Resumed, ResyncReason, encode
from fenghuo_console.session import Change, Session, delta, framed, snapshot_parts

__all__ = ["Feed"]

BATCH = 500  # events read at once, and the longest backlog that is looked at for a resume
TICK_S = 0.05  # at most 20 frames a second …
TICK_CHANGES = 10  # … once there are more than 200 changes a second

VIEWER = Actor("console", ("viewer",), "console")


class Feed:
    """Runs while there is at least one session; without one it waits for nothing and wakes for nothing."""

    def __init__(self, ctx: FrontContext, sessions: Callable[[], Iterable[Session]]) -> None:
        self._ctx = ctx
        self._sessions = sessions
        self._last: dict[frozenset[str], int] = {}
        self.at = 0
        self.unheard = 0
        """Frames of types that we do not know, from newer clients."""

    def begin(self) -> None:
        """From here on nothing is missed; to be called before the first session asks for a state."""
        self.at = self._ctx.events.head
        self._last = {}

    async def run(self) -> None:
        """Read, look up what the changed objects are now, and hand it out; until cancelled."""
        events = self._ctx.events
        epoch = events.epoch
        tick_at, changes = 0.0, 0
        while True:
            await events.wait(self.at)
            batch = await events.read(self.at, BATCH)
            if epoch != events.epoch or (batch and batch[0].seq != self.at + 1):
                self._resync(ResyncReason.EPOCH if epoch != events.epoch else ResyncReason.GAP)
                epoch, self.at = events.epoch, events.head
                continue
            if batch:
                await self._publish(epoch, batch[-1].seq, {event.subject: event.seq for event in batch})
            now = self._ctx.clock.monotonic()
            if now - tick_at >= TICK_S:
                tick_at, changes = now, 0
            changes += len(batch)
            if changes > TICK_CHANGES:
                await asyncio.sleep(TICK_S - (now - tick_at))

    async def subscribe(self, session: Session, actor: Actor, since: Cursor | None) -> None:
        """Give a session its first state: a resume where that is cheap and sure, else a snapshot. Raises: Denied, FormatError."""
        topics = session.topics
        if topics is None:
            return
        backlog = await self._backlog(session, topics, since) if since is not None else None
        if backlog is not None:
            session.loaded(*backlog)
            return
        state = await self._state(actor, {"topics": sorted(topics)})
        cursor = Cursor(state["cur"]["epoch"], state["cur"]["seq"])
        data = {path: msgspec.Raw(encode(value)) for path, value in state["data"].items()}
        session.loaded(cursor, snapshot_parts(session.subscription, cursor, data, session.room.part))

    async def _backlog(self, session: Session, topics: frozenset[str], since: Cursor) -> tuple[Cursor, Iterator[str]] | None:
        events = self._ctx.events
        behind = events.head - since.seq
        if since.epoch != events.epoch or not 0 <= behind <= BATCH:
            return None
        batch = await events.read(since.seq, BATCH)
        if behind and (not batch or batch[0].seq != since.seq + 1):
            return None
        ops = await self._ops({event.subject: event.seq for event in batch if _topic(event.subject) in topics})
        end = Cursor(since.epoch, batch[-1].seq if batch else since.seq)
        frames = [encode(Resumed(session.subscription, since)).decode(), delta(since.epoch, since.seq, end.seq, ops)]
        if len(ops) > session.room.frames // 2 or len(frames[1]) > session.room.octets // 2:
            return None
        return end, iter(frames)

    async def _publish(self, epoch: str, seq: int, subjects: Mapping[str, int]) -> None:
        watched = {session.topics for session in self._sessions() if session.topics is not None}
        wanted = frozenset[str]().union(*watched)
        ops = await self._ops({subject: rev for subject, rev in subjects.items() if _topic(subject) in wanted})
        self.at = seq
        changes: dict[frozenset[str], Change] = {}
        for session in self._sessions():
            topics = session.topics
            if topics is None:
                continue
            if topics not in changes:
                changes[topics] = self._change(epoch, seq, ops, topics)
            if changes[topics].ops:
                session.change(changes[topics])

    def _change(self, epoch: str, seq: int, ops: Mapping[str, Op], topics: frozenset[str]) -> Change:
        """What these topics saw; `prev` is where everyone who watches them was left by the last one."""
        mine = {path: op for path, op in ops.items() if _topic(path) in topics}
        prev = self._last.get(topics, 0)
        if not mine:
            return Change(epoch, prev, seq, mine)
        self._last[topics] = seq
        frame = delta(epoch, prev, seq, mine)
        return Change(epoch, prev, seq, mine, frame, framed(frame))

    async def _ops(self, revs: Mapping[str, int]) -> dict[str, Op]:
        """What has become of these paths; `revs`: the newest event of each."""
        if not revs:
            return {}
        state = await self._state(VIEWER, {"paths": sorted(revs)})
        found: Mapping[str, Any] = state["data"]
        return {path: _op(path, value, revs[path]) for path, value in found.items()}

    async def _state(self, actor: Actor, args: dict[str, list[str]]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self._ctx.desk.do(actor, "state", args)
        return found

    def _resync(self, reason: ResyncReason) -> None:
        for session in self._sessions():
            session.end_subscription(reason)


def _op(path: str, value: object, rev: int) -> Op:
    return Op(path, "del", rev=rev) if value is None else Op(path, "set", msgspec.Raw(encode(value)), rev)


def _topic(subject: str) -> str:
    return subject.partition("/")[0]
