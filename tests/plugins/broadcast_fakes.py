"""The core's side of the port for emergency broadcast: a job, an emission, a context whose notes outlive the channel."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Self

from fenghuo import Estimate, Inbound, KeyProvider, Message, Priority, Rendition, StoreFull, Token
from fenghuo.clock import SystemClock
from fenghuo.formats.wording import BEIJING
from fenghuo.plugin.context import HostedChannelContext, LoneNotes
from fenghuo.plugin.signing import signer_of
from fenghuo_broadcast import fenghuo_key_providers
from fenghuo_broadcast.ebm import ebm_body
from fenghuo_broadcast.platform_channel import PlatformChannel
from fenghuo_broadcast.platform_settings import PlatformSettings
from tests.peers.platform_simulator import CERTIFICATE, ISSUER, PLATFORM

__all__ = ["CENTRE", "TOWN", "FakeContext", "FakeJob", "FullNotes", "Listening", "settings_for", "signed"]

CENTRE = "010332058500000001"
TOWN = "010532058510300001"
_tokens = itertools.count(1)


def settings_for(url_port: int, door: int = 0, **more: Any) -> PlatformSettings:
    """Settings as a test bench has them, armed a moment ago."""
    base: dict[str, Any] = {
        "url": f"http://127.0.0.1:{url_port}/ebd",
        "source": CENTRE,
        "platform": PLATFORM,
        "sender_name": "太仓市应急管理局",
        "listen_port": door,
        "armed": datetime.now(BEIJING),
        "quiet_hours": (),
        "unsigned": True,
        "timeout_s": 5.0,
    }
    return PlatformSettings(**{**base, **more})


def signed() -> dict[str, Any]:
    """What settings of a signed interface have more; the secrets of the context hold the keys."""
    return {
        "unsigned": False,
        "key_file": "centre.pem",
        "peer_key_file": "platform.pub",
        "certificate": CERTIFICATE,
        "issuer": ISSUER,
        "terminal_reports": True,
    }


class FullNotes(LoneNotes):
    """Notes of a store that is full as long as `is_full`."""

    is_full = False

    async def keep(self, values: Mapping[str, str | None]) -> None:
        if self.is_full:
            raise StoreFull("no room")
        await super().keep(values)


@dataclass
class FakeContext:
    """What a channel is given, and what it said of its health. The notes of one are given to the next as those of one instance."""

    settings: Any
    secrets: Mapping[str, str] = field(default_factory=dict)
    notes: LoneNotes = field(default_factory=LoneNotes)
    blobs: Any = None
    told: list[tuple[bool, str]] = field(default_factory=list)
    providers: Sequence[KeyProvider] = field(default_factory=fenghuo_key_providers)

    def hosted(self) -> HostedChannelContext:
        return HostedChannelContext(
            "county",
            self.settings,
            SystemClock(),
            self.secrets.__getitem__,
            lambda up, reason: self.told.append((up, reason)),
            notes=self.notes,
            open_signer=partial(signer_of, {provider.id: provider for provider in self.providers}, self.secrets.__getitem__),
        )


@dataclass
class FakeEmission:
    """A licence to emit."""

    payload: Rendition
    token: Token
    job: FakeJob
    n: int = 1
    validity_s: float = 3600.0
    number: int = 17

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        await self.job.turn()


class FakeJob:
    """One delivery of a message; the same token is the same delivery."""

    is_last = False

    def __init__(self, message: Message, *, address: str = TOWN, token: str = "", priority: Priority = Priority.P0) -> None:
        self.payload = ebm_body(message)
        self.address = address
        self.address_kind = "ebrid"
        self.priority = priority
        self.traffic = message.traffic
        self.size = len(self.payload.data)
        self.deadline = SystemClock().monotonic() + 20.0
        self.token = Token(token or f"t-{next(_tokens)}")
        self.begun = 0

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        yield FakeEmission(self.payload, self.token, self)

    async def turn(self) -> None:
        """Nobody is more urgent."""


class Listening:
    """`async with Listening(context) as it`: a started channel, whose receipts are kept as they come."""

    def __init__(self, context: FakeContext) -> None:
        self.context = context
        self.channel = PlatformChannel(context.hosted())
        self.inbound: list[Inbound] = []
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.channel.start()
        self._pump = asyncio.create_task(self._take(), name="the core")
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.channel.stop(SystemClock().monotonic() + 2.0)
        assert self._pump is not None
        await self._pump

    async def _take(self) -> None:
        async for item in self.channel.inbound():
            self.inbound.append(item)
            await item.ack()
