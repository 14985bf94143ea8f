"""The channel over a simulated bearer: the shape of a real one, with a Unix socket in place of a device."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from fenghuo.errors import NotReady
from fenghuo.model.delivery import AttemptRef, Outcome, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import ChannelContext, Inbound, InboundKind, ProbeBudget, ProbeResult, SendJob, SimpleChannel
from fenghuo.rig.sim_settings import SimSettings
from fenghuo.rig.sites import Sent, Told

__all__ = ["SimChannel"]

ACCEPT_S = 8.0


class SimChannel(SimpleChannel):
    """Sends texts, waits for the bearer's word, and hands up receipts and answers."""

    def __init__(self, ctx: ChannelContext) -> None:
        self._ctx = ctx
        self._settings: SimSettings = ctx.settings
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._arrived: asyncio.Queue[Told | None] = asyncio.Queue()
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        try:
            async with asyncio.timeout(2.0):
                reader, self._writer = await asyncio.open_unix_connection(self._settings.socket)
        except (OSError, TimeoutError) as error:
            raise NotReady(f"the simulated bearer {self._settings.socket} is gone", retry_after_s=self._settings.retry_s) from error
        self._listener = asyncio.get_running_loop().create_task(self._listen(reader))

    async def stop(self, deadline: float) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def send(self, job: SendJob) -> Outcome:
        writer = self._writer
        if writer is None or writer.is_closing():
            return Transient(Scope.CHANNEL, "bearer-gone")
        async with job.begin() as emission:
            await emission.turn()
            name = f"{emission.token}/{emission.n}"
            accepted = self._waiting[name] = asyncio.get_running_loop().create_future()
            writer.write(msgspec.json.encode(Sent(name, job.address, emission.payload.text)) + b"\n")
            try:
                async with asyncio.timeout(ACCEPT_S):
                    await accepted
            except (TimeoutError, ConnectionError) as error:
                return Unknown(type(error).__name__)
            finally:
                self._waiting.pop(name, None)
        return Reached(Evidence.ACCEPTED, (name,))

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        return ProbeResult(answered=self._writer is not None and not self._writer.is_closing())

    async def query(self, ref: AttemptRef) -> Outcome:
        return Unknown("a simulated bearer remembers nothing")

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (told := await self._arrived.get()) is not None:
            is_answer = told.what == "answer"
            yield Inbound(
                kind=InboundKind.ANSWER if is_answer else InboundKind.RECEIPT,
                raw=msgspec.json.encode(told),
                ack=_nothing,
                address_kind=self._address_kind(told.address),
                address=told.address,
                ref="" if is_answer else told.id,
                level=None if is_answer else Evidence.DEVICE,
                text=told.text,
            )
        raise ConnectionResetError("the simulated bearer went away")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self._hear(msgspec.json.decode(line, type=Told))
        self._ctx.health(False, "the simulated bearer went away")
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionResetError())
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        self._arrived.put_nowait(None)

    def _hear(self, told: Told) -> None:
        if told.what != "accepted":
            self._arrived.put_nowait(told)
            return
        future = self._waiting.get(told.id)
        if future is not None and not future.done():
            future.set_result(None)

    @staticmethod
    def _address_kind(address: str) -> str:
        return "msisdn" if address.startswith("+") else "callsign"


async def _nothing() -> None:
    """A simulated bearer wants no ack."""
