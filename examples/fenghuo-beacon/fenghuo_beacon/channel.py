"""Texts to boards, and what the boards say of them: a connection for each text, and one that listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fenghuo import (
    ChannelContext,
    Estimate,
    Evidence,
    Inbound,
    InboundKind,
    LinkBroken,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Token,
    Transient,
    Unknown,
)

from fenghuo_beacon import BeaconSettings
from fenghuo_beacon.framing import LONGEST, Event, read_event, show

__all__ = ["Boards"]

OCTETS_PER_S = 12.0
"""How fast a board scrolls: four characters a second."""


class Boards(SimpleChannel):
    """One controller with its boards."""

    def __init__(self, ctx: ChannelContext) -> None:
        self.ctx = ctx
        self.settings: BeaconSettings = ctx.settings
        self.is_stopped = False
        self._ears: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def stop(self, deadline: float) -> None:
        self.is_stopped = True

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        shown_s = len(payload.data) / OCTETS_PER_S
        return Estimate(latency_q50_s=shown_s + 1.0, latency_q95_s=shown_s + 5.0)

    async def send(self, job: SendJob) -> Outcome:
        if self.is_stopped:
            return Transient(Scope.CHANNEL, "stopped")
        if job.size > LONGEST:
            return Permanent(Scope.MESSAGE, "too-long")
        try:
            reader, writer = await self._connected()
        except (OSError, TimeoutError):
            return Transient(Scope.CHANNEL, "no-controller")
        try:
            async with job.begin() as emission, asyncio.timeout(self.settings.timeout_s):
                writer.write(show(emission.token, job.address, emission.payload.text))
                await writer.drain()
                answer = (await reader.readline()).decode(errors="replace").strip()
        except (OSError, TimeoutError):
            return Unknown("no-answer")
        finally:
            writer.close()
        return outcome_of(answer)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        began = self.ctx.clock.monotonic()
        try:
            async with asyncio.timeout(budget.timeout_s):
                answered = await self._asked(b"PING\n") == b"PONG\n"
        except (OSError, TimeoutError) as error:
            raise LinkBroken(f"the controller does not answer: {error}") from error
        return ProbeResult(answered=answered, round_trip_s=self.ctx.clock.monotonic() - began)

    async def inbound(self) -> AsyncIterator[Inbound]:
        try:
            while not self.is_stopped:
                line = await self._next()
                if self._ears is not None and (event := read_event(line)) is not None:
                    yield receipt(event, line, self._ears[1])
        finally:
            self._deafen()

    async def _next(self) -> bytes:
        """The next line of the controller; nothing, after a pause, where there is none to listen to."""
        try:
            if self._ears is None:
                self._ears = await self._connected()
                self._ears[1].write(b"LISTEN\n")
            if line := await self._ears[0].readline():
                return line
        except (OSError, TimeoutError):
            pass  # what was not acknowledged is said again to whoever listens next
        self._deafen()
        await asyncio.sleep(self.settings.again_s)
        return b""

    def _deafen(self) -> None:
        if self._ears is not None:
            self._ears[1].close()
            self._ears = None

    async def _asked(self, question: bytes) -> bytes:
        reader, writer = await self._connected()
        try:
            writer.write(question)
            return await reader.readline()
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(self.settings.timeout_s):
            return await asyncio.open_connection(self.settings.host, self.settings.port)


def outcome_of(answer: str) -> Outcome:
    """What the controller's answer to a text means, in one place."""
    match answer:
        case "TAKEN":
            return Reached(Evidence.ACCEPTED)
        case "BUSY":
            return Transient(Scope.CHANNEL, "busy", retry_after_s=5.0)
        case "NO BOARD":
            return Permanent(Scope.RECIPIENT, "no-such-board")
    return Unknown("hung-up")


def receipt(event: Event, line: bytes, writer: asyncio.StreamWriter) -> Inbound:
    """An event about a text. The core commits it, and only then awaits ack(): a crash between the two loses nothing."""

    async def ack() -> None:
        writer.write(f"HEARD {event.number}\n".encode())

    failure = Permanent(Scope.RECIPIENT, "board-dark") if event.what == "DARK" else None
    level = None if failure else Evidence.DEVICE
    return Inbound(InboundKind.RECEIPT, line, ack, token=Token(event.ref), level=level, failure=failure)
