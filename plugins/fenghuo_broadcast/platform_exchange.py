"""One platform on the wire: numbers and seals envelopes, gives them to it, and says in outcomes what it answered."""

from __future__ import annotations

from collections.abc import Callable

from fenghuo import ChannelContext, FormatError, FrameError, LinkBroken, LinkError, Outcome
from fenghuo_adapters.ebd_post import PacketPost
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import Envelope, Head, Result, Sent
from fenghuo_broadcast.platform_outcomes import of_answer, of_failure
from fenghuo_broadcast.platform_settings import PlatformSettings
from fenghuo_broadcast.platform_signing import Sealing

__all__ = ["PlatformExchange"]

_MICRO = 1_000_000
_PLACES = 1
"""Connections beside those of deliveries, which are as many starts and as many stops: a heartbeat waits for none of them."""


class PlatformExchange:
    """`open()` first; afterwards each call is one POST with its deadline."""

    def __init__(self, settings: PlatformSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._sealing = Sealing(settings)
        self._post = PacketPost(settings.url, connect_s=settings.connect_s, concurrency=2 * settings.concurrency + _PLACES)
        self._sequence = 0

    async def open(self, ctx: ChannelContext) -> None:
        """Raises: AuthFailed: a key is none; NotReady: its device is not there."""
        await self._sealing.open(ctx)
        self._post.open()

    async def close(self) -> None:
        await self._post.close()

    def head(self, dest: str) -> Head:
        """For the next envelope. Its number is the time in microseconds, which fits 16 digits and repeats over no restart."""
        now = self._now()
        self._sequence = max(self._sequence + 1, int(now * _MICRO))
        return Head(self._settings.source, dest, now, self._sequence)

    async def ask(self, sent: Sent, limit_s: float) -> Envelope:
        """What it answers. Raises: NotSent; other LinkErrors: it may have it, also where the answer cannot be read or believed."""
        packet = await self._sealing.seal(sent, self._now())
        said = await self._post.post(packet, timeout_s=limit_s)
        try:
            return await self._sealing.open_packet(said)
        except (FormatError, FrameError) as unread:
            raise LinkBroken(f"its answer cannot be used: {unread}") from unread

    async def give(self, sent: Sent, refs: tuple[str, ...], limit_s: float) -> Outcome:
        """Give it a broadcast, or a stop; `refs`: the numbers by which it will speak of it."""
        try:
            return of_answer(await self.ask(sent, limit_s), refs)
        except LinkError as failed:
            return of_failure(failed)

    async def beat(self, limit_s: float) -> None:
        """One heartbeat. Raises: LinkError: no answer, or one that refuses us."""
        answer = await self.ask(ebd.heartbeat(self.head(self._settings.platform)), limit_s)
        if answer.result is not None and answer.result.code > 1:
            raise LinkBroken(f"the platform refuses our heartbeat: {answer.result.code} {answer.result.words}"[:200])

    async def take(self, raw: bytes) -> Envelope:
        """What came in. Raises: FrameError, FormatError, with code "signature" where it is not the platform's."""
        return await self._sealing.open_packet(raw)

    async def answer(self, to: Envelope | None, result: Result) -> bytes:
        """The packet that answers what came in."""
        dest, related = (to.source, to.id) if to is not None else (self._settings.platform, "")
        return await self._sealing.seal(ebd.response(self.head(dest), related, result), self._now())
