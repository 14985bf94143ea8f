"""Texts to a pager gateway over TCP, one line each: a channel to begin with. It answers OK, BUSY, NO SUCH NUMBER, or hangs up."""

from __future__ import annotations

import asyncio

import msgspec
from fenghuo import (
    Capabilities,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Evidence,
    Outcome,
    Permanent,
    PluginInfo,
    Reached,
    Renderer,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
    hookimpl,
)
from fenghuo.formats.renditions import sms_text

__all__ = ["Channel", "Settings"]

LONGEST = 2000
"""Octets of a text that the gateway takes."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[channels.NAME.settings]` of type "pager.tcp"."""

    host: str
    port: int
    timeout_s: float = 5.0


class Channel(SimpleChannel):
    """One connection for each text; whatever fails before the line is written has certainly not been sent."""

    def __init__(self, ctx: ChannelContext) -> None:
        self.settings: Settings = ctx.settings
        self.is_stopped = False

    async def stop(self, deadline: float) -> None:
        self.is_stopped = True

    async def send(self, job: SendJob) -> Outcome:
        if self.is_stopped:
            return Transient(Scope.CHANNEL, "stopped")
        if job.size > LONGEST:
            return Permanent(Scope.MESSAGE, "too-long")
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        except (OSError, TimeoutError):
            return Transient(Scope.CHANNEL, "no-gateway")
        try:
            # From here on a copy may be out: the attempt is on the disk, and what is not certain is Unknown.
            async with job.begin() as emission, asyncio.timeout(self.settings.timeout_s):
                writer.write(f"{job.address} {emission.payload.text}".replace("\n", " ").encode() + b"\n")
                await writer.drain()
                answer = await reader.readline()
        except (OSError, TimeoutError):
            return Unknown("no-answer")
        finally:
            writer.close()
        match answer:
            case b"OK\n":
                return Reached(Evidence.ACCEPTED)
            case b"BUSY\n":
                return Transient(Scope.CHANNEL, "busy", retry_after_s=10.0)
            case b"NO SUCH NUMBER\n":
                return Permanent(Scope.RECIPIENT, "no-such-number")
        return Unknown("hung-up")


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("pager", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> list[ChannelType]:
    ability = Capabilities(form="pager", evidence_max=Evidence.ACCEPTED, max_payload=LONGEST, attempt_s=15.0)
    return [ChannelType("pager.tcp", Settings, lambda settings: ability, ("msisdn",), Channel)]


@hookimpl
def fenghuo_renderers() -> list[Renderer]:
    return [Renderer("pager", sms_text)]


@hookimpl
def fenghuo_conformance() -> list[ConformanceFixture]:
    # Only the kit needs the far end.
    from fenghuo_pager.far_end import gateway  # noqa: PLC0415

    return [ConformanceFixture("pager.tcp", "simulated gateway", gateway, is_simulated=True)]
