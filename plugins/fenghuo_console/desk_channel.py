"""Channel `console`: an order is laid before whoever is on watch. Down while nobody is, so that other ways go at once.

That it was drawn and heard comes back here, as a receipt by the token of the emission; what a person says of it comes from the desk.
Source: console.md §6, Console presence is a channel.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from fenghuo import (
    ChannelContext,
    Estimate,
    Evidence,
    Inbound,
    InboundKind,
    Outcome,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Token,
    Transient,
)
from fenghuo_console.watch import WATCH, Ear, Order, Watch

__all__ = ["DeskChannel"]


class DeskChannel(SimpleChannel):
    """ACCEPTED: it lies in the tray, on the disk, and is queued for every armed console."""

    def __init__(self, ctx: ChannelContext) -> None:
        self._ctx = ctx
        self._watch: Watch = ctx.shared(WATCH, Watch)
        self._ear: Ear | None = None

    async def start(self) -> None:
        self._ear = self._watch.listen(self._ctx.name, self._look)
        self._look()

    async def stop(self, deadline: float) -> None:
        ear, self._ear = self._ear, None
        if ear is not None:
            self._watch.leave(self._ctx.name, ear)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(latency_q50_s=self._ctx.settings.receipt_q95_s / 2, latency_q95_s=self._ctx.settings.receipt_q95_s)

    async def send(self, job: SendJob) -> Outcome:
        lay = self._watch.lay
        if self._ear is None or lay is None or not self._watch.armed:
            return Transient(Scope.CHANNEL, "nobody-on-watch")
        async with job.begin() as emission:
            await lay(Order(self._ctx.name, emission.token, job.address, emission.payload.text))
        return Reached(Evidence.ACCEPTED)

    async def inbound(self) -> AsyncIterator[Inbound]:
        """What armed consoles have drawn and sounded. It is said once; a node that dies meanwhile lays the order again."""
        while self._ear is not None:
            token = Token(await self._ear.noticed.get())
            yield Inbound(InboundKind.RECEIPT, token.encode(), _nobody_waits, token=token, level=Evidence.DEVICE)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        why = self._watch.why_nobody
        return ProbeResult(answered=not why, detail=why or self.remark())

    def remark(self) -> str:
        return f"{self._watch.armed} armed" if self._watch.armed else ""

    def _look(self) -> None:
        why = self._watch.why_nobody
        self._ctx.health(not why, why or "a console is armed")


async def _nobody_waits() -> None:
    """A page waits for nothing; it says again with its next line what it sees."""
