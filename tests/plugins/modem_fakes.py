"""The core's side of the port for channels over modems: settings for one modem or several, a started channel, and an ear."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fenghuo import Inbound, InboundKind
from fenghuo_sms import ModemSettings
from fenghuo_sms.modem_channel import ModemChannel
from tests.peers.atmodem import AtModem
from tests.plugins.ear import Ear
from tests.plugins.sms_fakes import FakeContext
from tests.scale import PATIENCE_S

__all__ = ["answers", "modem_settings", "reports", "started", "until_told"]


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


@contextlib.asynccontextmanager
async def started(*modems: AtModem, **settings: object) -> AsyncIterator[tuple[ModemChannel, FakeContext, Ear]]:
    ctx = FakeContext(modem_settings(*modems, **settings))
    channel = ModemChannel(ctx)
    await channel.start()
    ear = Ear(channel)
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
