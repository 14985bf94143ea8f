"""The core's side of the port for channels over modems: settings for one modem or several, a started channel, and an ear."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from fenghuo import Inbound, InboundKind
from fenghuo_sms import ModemSettings
from fenghuo_sms.modem_channel import ModemChannel
from tests.peers.atmodem import AtModem
from tests.plugins.sms_fakes import FakeContext
from tests.scale import TIMEOUT_SCALE

__all__ = ["PATIENCE_S", "ModemEar", "answers", "modem_settings", "reports", "started", "until_told"]

PATIENCE_S = 40.0 * TIMEOUT_SCALE


def modem_settings(*modems: AtModem, **more: object) -> ModemSettings:
    """Settings with waits as short as a pty bears."""
    devices = tuple(str(modem.link) if modem.link else f"tcp://127.0.0.1:{modem.port}" for modem in modems)
    base: dict[str, object] = {
        "command_s": 0.5,
        "prompt_s": 0.5,
        "send_s": 2.0,
        "poll_s": 0.5,
        "reset_s": 0.3,
        "power_s": 0.1,
        "reopen_most_s": 0.2,
        "open_s": 2.0,
    }
    return ModemSettings(devices=devices, **(base | more))  # type: ignore[arg-type]  # tests name the fields


class ModemEar:
    """Takes everything a channel hears and acknowledges it, as the core does after its commit; `deaf` holds that back."""

    def __init__(self, channel: ModemChannel) -> None:
        self.heard: list[Inbound] = []
        self.deaf = False
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(channel))

    async def until(self, predicate: Callable[[list[Inbound]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not predicate(self.heard):
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        await asyncio.wait_for(self._task, PATIENCE_S)

    async def _listen(self, channel: ModemChannel) -> None:
        async for inbound in channel.inbound():
            self.heard.append(inbound)
            if not self.deaf:
                await inbound.ack()
            self._news.set()


@contextlib.asynccontextmanager
async def started(*modems: AtModem, **settings: object) -> AsyncIterator[tuple[ModemChannel, FakeContext, ModemEar]]:
    ctx = FakeContext(modem_settings(*modems, **settings))
    channel = ModemChannel(ctx)
    await channel.start()
    ear = ModemEar(channel)
    try:
        await until_told(ctx, up=True)
        yield channel, ctx, ear
    finally:
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear.end()


async def until_told(ctx: FakeContext, *, up: bool, reason: str = "") -> None:
    """Until the last word on health is this."""
    async with asyncio.timeout(PATIENCE_S):
        while not (ctx.told and ctx.told[-1][0] is up and reason in ctx.told[-1][1]):
            await asyncio.sleep(0.01)


def reports(heard: list[Inbound]) -> list[Inbound]:
    return [inbound for inbound in heard if inbound.kind is InboundKind.RECEIPT and inbound.ref]


def answers(heard: list[Inbound]) -> list[Inbound]:
    return [inbound for inbound in heard if inbound.kind is InboundKind.ANSWER]
