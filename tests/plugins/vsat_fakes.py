"""The core's side of the port for a satellite channel, as small as it can be: a context, a job, an emission."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from fenghuo import Estimate, Priority, Rendition, Token, Traffic
from fenghuo.clock import Clock, SystemClock
from fenghuo.plugin.commons import Commons
from fenghuo.plugin.context import LoneNotes, NoBlobs
from fenghuo.plugin.ports import Blobs, Notes
from fenghuo_vsat.settings import PathSettings
from tests.plugins.unasked import Unasked

__all__ = ["SECRETS", "FakeContext", "FakeEmission", "FakeJob"]

SECRETS = {"site-secret": "Bearer s1te", "community": "modem"}


@dataclass
class FakeContext(Unasked):
    """A channel context that remembers what was said of health."""

    settings: PathSettings
    name: str = "vsat"
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    strains: list[str] = field(default_factory=list)
    link: Any = None
    notes: Notes = field(default_factory=LoneNotes)
    blobs: Blobs = field(default_factory=NoBlobs)
    secrets: Mapping[str, str] = field(default_factory=lambda: SECRETS)
    commons: Commons = field(default_factory=Commons)

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        return self.commons.of("vsat", name, make)

    def secret(self, path: str) -> str:
        return self.secrets[path]

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    def strained(self, reason: str) -> None:
        self.strains.append(reason)

    async def armed(self, why_off: str, at: datetime | None) -> None:
        """Nothing loud is here."""


@dataclass
class FakeEmission:
    """A licence to emit."""

    payload: Rendition
    token: Token
    n: int = 1
    validity_s: float = 3600.0
    number: int = 17
    turns: int = 0

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        """Nobody is more urgent."""
        self.turns += 1


class FakeJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(self, address: str, *, token: str = "t-1", text: str = "转移", n: int = 1, left_s: float = 60.0) -> None:
        self.address = address
        self.address_kind = "url"
        self.priority = Priority.P0
        self.traffic = Traffic.ACTUAL
        self.size = len(text.encode())
        self.deadline = SystemClock().monotonic() + left_s
        self.begun = 0
        self.emission = FakeEmission(Rendition("json", text, text.encode(), "application/json"), Token(token), n)

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        yield self.emission
