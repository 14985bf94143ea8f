"""One adapter on the wire: numbers, signs and sends frames, and judges the reports that come unasked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

from fenghuo import ChannelContext, Signer
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, REQUEST, Codec, Frame, Seal
from fenghuo_adapters.broadcast_terminal_line import TerminalLine
from fenghuo_adapters.ebd_sm2 import Sm2Key, digest_of
from fenghuo_adapters.tcp_line import TcpLine
from fenghuo_broadcast.keys import peer_key
from fenghuo_broadcast.terminal_settings import TerminalSettings

__all__ = ["TerminalExchange"]

OnState = Callable[[bool, str], None]


class TerminalExchange:
    """`open()` first. `ask()` gives the answer of one target; `reports()` is what terminals say by themselves and is believed."""

    def __init__(self, settings: TerminalSettings, now: Callable[[], float], on_state: OnState, chance: random.Random) -> None:
        self._settings = settings
        self._now = now
        self._codec = Codec(settings.digits, settings.crc)
        line = TcpLine(settings.host, settings.port, open_s=settings.connect_s)
        self._line = TerminalLine(line, self._codec, on_state, most_s=settings.reconnect_most_s, chance=chance)
        self._session = int(now()) & 0xFFFFFFFF  # so that the next process does not answer for this one's questions
        self._ours: Signer | None = None
        self._theirs: Sm2Key | None = None
        self.refused = 0

    async def open(self, ctx: ChannelContext) -> None:
        """Our key at its provider and the terminals' public one, and connect. Raises: AuthFailed, NotReady, LinkError."""
        settings = self._settings
        if not settings.unsigned:
            self._ours = await ctx.signer(settings.key_provider, settings.key_file or settings.key)
            self._theirs = await asyncio.to_thread(peer_key, settings.peer_key_file, ctx.secret)
        await self._line.open()

    async def close(self) -> None:
        await self._line.close()

    async def ask(self, operation: int, target: str, data: bytes, limit_s: float) -> Frame:
        """What the target answers. Raises: FrameError: it does not fit a frame; NotWritten; other LinkErrors: it may have acted."""
        self._session = (self._session + 1) & 0xFFFFFFFF
        frame = Frame(self._session, REQUEST, self._settings.source, (target,), operation, data)
        return await self._line.ask(await self._octets(frame), frame.session, timeout_s=limit_s)

    async def question(self, operation: int, target: str, data: bytes, limit_s: float) -> Frame | None:
        """As ask(), where the answer shows something: None, and counted, where it is not the target's own, by its code or its signature."""
        answer = await self.ask(operation, target, data, limit_s)
        if answer.source == target and await self._is_believed(answer):
            return answer
        self.refused += 1
        return None

    async def answer(self, report: Frame) -> None:
        """Say that a report is kept. Raises: FrameError, LinkError."""
        frame = Frame(report.session, ANSWER, self._settings.source, (report.source,), report.operation)
        self._line.write(await self._octets(frame))

    async def reports(self) -> AsyncIterator[Frame]:
        """Until close(). One that is not signed by the terminals' key is counted and goes no further."""
        async for frame in self._line.unasked():
            if await self._is_believed(frame):
                yield frame
            else:
                self.refused += 1

    async def _is_believed(self, frame: Frame) -> bool:
        if self._theirs is None:
            return True
        return frame.seal is not None and await asyncio.to_thread(self._theirs.verify, frame.covered, frame.seal.octets)

    async def _octets(self, frame: Frame) -> bytes:
        ours = self._ours
        covered = self._codec.covered(frame, is_signed=ours is not None)
        if ours is None:
            return self._codec.closed(covered, None)
        seal = Seal(int(self._now()), self._settings.certificate, await ours.sign(digest_of(covered, ours.public_key)))
        return self._codec.closed(covered, seal)
