"""The core's side of the port for the radio: a job, an emission, a context whose clock stands still until it is moved."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import structlog

from fenghuo import Denied, Estimate, Priority, Rendition, Token, Traffic, Withdrawn
from fenghuo.clock import Clock, ClockQuality
from fenghuo_narrowband import RadioSettings
from tests.plugins.unasked import Unasked

__all__ = ["FakeClock", "FakeContext", "FakeEmission", "FakeJob", "settings_for"]


def settings_for(port: int = 8001, **more: object) -> RadioSettings:
    """A station with a fast air, so that no test waits for it."""
    base: dict[str, object] = {"mycall": "BJ1CMD", "group": "BJ1GRP", "bitrate": 1e6, "txdelay_ms": 0, "txtail_ms": 0, "reopen_max_s": 0.1}
    return RadioSettings(port=port, **(base | more))  # type: ignore[arg-type]  # tests name the fields


_TOKEN = Token("t-1")


@dataclass
class FakeClock:
    """Moves when told to."""

    now: float = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def quality(self) -> ClockQuality:
        return ClockQuality.NTP

    def jump_s(self) -> float:
        return 0.0


@dataclass
class FakeContext(Unasked):
    """A channel context that remembers what was said of health."""

    settings: RadioSettings
    name: str = "radio"
    clock: Clock = field(default_factory=FakeClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    strains: list[str] = field(default_factory=list)
    link: Any = None
    notes: Any = None
    blobs: Any = None

    def secret(self, path: str) -> str:
        raise NotImplementedError(path)

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    def strained(self, reason: str) -> None:
        self.strains.append(reason)


@dataclass
class FakeEmission:
    """A licence to emit. `withdrawn_at`: the turn at which the delivery turns out to be cancelled."""

    payload: Rendition
    token: Token = _TOKEN
    n: int = 1
    validity_s: float = 3600.0
    number: int = 123
    turns: int = 0
    withdrawn_at: int | None = None

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        self.turns += 1
        if self.turns == self.withdrawn_at:
            raise Withdrawn("cancelled")


class FakeJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(self, address: str, text: str = "请转移 #0123", *, number: int = 123, denied: Denied | None = None) -> None:
        self.address = address
        self.address_kind = "callsign"
        self.priority = Priority.P0
        self.traffic = Traffic.ACTUAL
        self.size = len(text.encode())
        self.deadline = 1e9
        self.begun = 0
        self.emission = FakeEmission(Rendition("radio", text, text.encode()), number=number)
        self._denied = denied

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        if self._denied is not None:
            raise self._denied
        yield self.emission
