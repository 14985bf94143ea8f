"""Reports that come in over the interface: states of our broadcasts and playback logs become receipts, each answered when it is kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec

from fenghuo import Evidence, FenghuoError, FormatError, Inbound, InboundKind, Permanent, Reached
from fenghuo_broadcast.ebd import Envelope, Result, State
from fenghuo_broadcast.platform_outcomes import of_state
from fenghuo_broadcast.platform_plays import DONE, SOUNDS, STOPPED, Plays
from fenghuo_broadcast.platform_settings import PlatformSettings

__all__ = ["Reports"]

MOST_OCTETS = 4 * 1024 * 1024
"""Of a report with all that comes in its packet: what the core takes of one thing that comes in."""
KEPT_S = 10.0
"""Longest wait for the core to keep a report; the platform is told then that it is not handled yet, and says it again."""
_UNREADABLE, _SIGNATURE, _OTHER = 2, 4, 5


class Reports:
    """Between the door and inbound(). `end()` closes it."""

    def __init__(self, settings: PlatformSettings, plays: Plays) -> None:
        self._settings = settings
        self._plays = plays
        self._waiting: asyncio.Queue[Inbound | None] = asyncio.Queue(maxsize=256)
        self._expected: dict[str, asyncio.Future[State]] = {}

    async def taken(self, open_packet: Callable[[bytes], Awaitable[Envelope]], raw: bytes) -> tuple[Envelope | None, Result]:
        """What came, if it can be read, and what is to be answered."""
        try:
            envelope = await open_packet(raw)
        except (FormatError, FenghuoError) as unread:
            return None, Result(_SIGNATURE if getattr(unread, "code", "") == "signature" else _UNREADABLE, str(unread)[:200])
        if envelope.source not in (self._settings.platform, *self._settings.monitors):
            return envelope, Result(_OTHER, f"{envelope.source} is nobody we report to or hear from")
        if envelope.kind == "ConnectionCheck":
            return envelope, Result(1)
        if not envelope.states:
            return envelope, Result(_OTHER, f"{envelope.kind} is not taken here")
        if len(raw) > MOST_OCTETS:
            return envelope, Result(_OTHER, f"a report of {len(raw)} octets; at most {MOST_OCTETS} are kept, send it in parts")
        return envelope, await self._kept(envelope, raw)

    async def inbound(self) -> AsyncIterator[Inbound]:
        """Receipts, until end()."""
        while (item := await self._waiting.get()) is not None:
            yield item

    async def hand_over(self, item: Inbound) -> None:
        """What we found out ourselves."""
        await self._waiting.put(item)

    def end(self) -> None:
        """Whoever reads inbound() comes to its end; what it has not read was never answered for, and is said again."""
        while self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    def expected(self, number: str) -> asyncio.Future[State]:
        """The next state of this broadcast that comes in, for state()."""
        return self._expected.setdefault(number, asyncio.get_running_loop().create_future())

    async def state(self, expected: asyncio.Future[State], limit_s: float) -> State | None:
        """The state that was expected, None if it did not come in time."""
        done, _ = await asyncio.wait([expected], timeout=max(0.0, limit_s))
        return expected.result() if done else None

    async def _kept(self, envelope: Envelope, raw: bytes) -> Result:
        """Every state of it is on the disk, or the platform shall say it again."""
        items = self._items(envelope, raw)
        kept = [asyncio.Event() for _ in items]
        try:
            async with asyncio.timeout(KEPT_S):
                for item, is_kept in zip(items, kept, strict=True):
                    await self._waiting.put(_acked_by(item, is_kept))
                for is_kept in kept:
                    await is_kept.wait()
                await self._noted(envelope)
        except (TimeoutError, FenghuoError):
            return Result(0, "not kept yet")
        return Result(1)

    async def _noted(self, envelope: Envelope) -> None:
        for state in envelope.states:
            if envelope.source == self._settings.platform:
                if not state.by_terminal:  # the others may sound
                    is_silenced = state.code == STOPPED and bool(self._plays.stop_of(state.ebmid))
                    await self._plays.reported(state.ebmid, state.code, is_silenced=is_silenced)
                expected = self._expected.pop(state.ebmid, None)
                if expected is not None and not expected.done():
                    expected.set_result(state)

    def _items(self, envelope: Envelope, raw: bytes) -> list[Inbound]:
        """A receipt for each state of a broadcast of ours: a log may tell of all that the county aired. The first has the octets of the
        packet, the others name them by their digest; where none is ours, one is kept all the same."""
        states = [state for state in envelope.states if self._plays.owner(state.ebmid) is not None] or envelope.states[:1]
        by_digest = f"sha256 {hashlib.sha256(raw).hexdigest()}".encode()
        found = [receipt for state in states for receipt in self._receipts(envelope, state, by_digest)]
        return [msgspec.structs.replace(found[0], raw=raw), *found[1:]] if found else []

    def _receipts(self, envelope: Envelope, state: State, raw: bytes) -> Iterator[Inbound]:
        if envelope.source in self._settings.monitors:
            if state.code in (SOUNDS, DONE):
                yield _receipt(raw, state.ebmid, level=Evidence.AIRED)
            return
        stop = self._plays.stop_of(state.ebmid) if state.code == STOPPED and not state.by_terminal else ""
        if stop:
            yield _receipt(raw, stop, level=Evidence.AIRED)
            return
        outcome = of_state(state, terminals_count=self._settings.terminal_reports)
        match outcome:
            case Reached(level=level) if state.code:
                yield _receipt(raw, state.ebmid, level=level)
            case Permanent():
                yield _receipt(raw, state.ebmid, failure=outcome)


async def _nobody_waits() -> None:
    """Replaced by whoever answers for it."""


def _receipt(raw: bytes, ref: str, *, level: Evidence | None = None, failure: Permanent | None = None) -> Inbound:
    return Inbound(InboundKind.RECEIPT, raw, _nobody_waits, ref=ref, level=level, failure=failure)


def _acked_by(item: Inbound, is_kept: asyncio.Event) -> Inbound:
    async def ack() -> None:
        is_kept.set()

    return Inbound(item.kind, item.raw, ack, ref=item.ref, level=item.level, failure=item.failure)
