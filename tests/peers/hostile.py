"""A plugin that does to its node what a plugin must never do, one thing for each channel, as its setting `how` says."""

from __future__ import annotations

__all__ = ["CHANNEL", "NAME", "PLUGIN", "WAYS"]

NAME, CHANNEL = "hostile", "hostile.channel"
WAYS = ("hangs", "throws", "blocks", "leaks", "exits", "floods", "swallows")

PLUGIN = '''
"""Hangs, throws, blocks the loop, eats memory, exits, floods, swallows its cancellation: whatever `how` says, at its first order."""
import asyncio
import os
import time

import msgspec

from fenghuo import Capabilities, ChannelType, Evidence, Inbound, InboundKind, PluginInfo, Reached, SimpleChannel, hookimpl


class Settings(msgspec.Struct, frozen=True):
    how: str
    attempt_s: float = 4.0


class Hostile(SimpleChannel):
    def __init__(self, ctx):
        self.how, self.ctx = ctx.settings.how, ctx
        self.is_wanted = asyncio.Event()

    async def send(self, job):
        async with job.begin() as emission:
            self.is_wanted.set()
            await getattr(self, self.how)()
        return Reached(Evidence.ACCEPTED, ())

    async def inbound(self):
        await self.is_wanted.wait()
        if self.how != "floods":
            await asyncio.Event().wait()
        while True:
            self.ctx.health(True, "well" * 200)
            yield Inbound(InboundKind.HEARD, b"x" * 4096, self.nothing)

    async def nothing(self):
        pass

    async def hangs(self):
        await asyncio.Event().wait()

    async def throws(self):
        raise RuntimeError("as promised")

    async def blocks(self):
        time.sleep(600)

    async def leaks(self):
        kept = []
        while True:
            kept.append(bytearray(16 << 20))

    async def exits(self):
        os._exit(3)

    async def floods(self):
        await asyncio.Event().wait()

    async def swallows(self):
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass


@hookimpl
def fenghuo_plugin():
    return PluginInfo("hostile", "1.0")


@hookimpl
def fenghuo_channel_types():
    def able(settings):
        return Capabilities("sms", Evidence.DEVICE, inbound=True, attempt_s=settings.attempt_s)

    return [ChannelType("hostile.channel", Settings, able, ("msisdn",), Hostile)]
'''
