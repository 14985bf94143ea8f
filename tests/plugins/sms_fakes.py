"""The core's side of the port, as small as it can be: a job, an emission, a context."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from fenghuo import Denied, Estimate, Priority, Recalled, Rendition, Token, Traffic
from fenghuo.clock import Clock, SystemClock
from fenghuo.errors import StoreFull
from fenghuo_sms import ModemSettings, SmsSettings
from fenghuo_tiantong import TiantongSettings
from tests.plugins.unasked import Unasked

__all__ = ["FakeContext", "FakeEmission", "FakeJob", "FakeNotes", "settings_for"]


def settings_for(port: int, **more: object) -> SmsSettings:
    base: dict[str, object] = {"reconnect_most_s": 0.05, "response_s": 5.0, "connect_s": 5.0} | more
    return SmsSettings(host="127.0.0.1", port=port, system_id="fenghuo", password_file="secret", source_addr="1069000001", **base)  # type: ignore[arg-type]  # tests name the fields


class FakeNotes:
    """A channel's memory that outlives it: give the same to the next context. `full_for`: nothing whose name ends so can be kept."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values: dict[str, str] = dict(values or {})
        self.full_for = ""
        self.refusals = 0

    def as_it_stands(self) -> FakeNotes:
        """A copy, as a process leaves it that dies now."""
        return FakeNotes(self.values)

    async def recall(self) -> Recalled:
        return Recalled(dict(self.values))

    async def keep(self, values: Mapping[str, str | None]) -> None:
        if self.full_for and any(name.endswith(self.full_for) for name in values):
            self.refusals += 1
            raise StoreFull("the disk is full")
        self.values = {name: value for name, value in {**self.values, **values}.items() if value is not None}


@dataclass
class FakeContext(Unasked):
    """A channel context that remembers what was said of health."""

    settings: SmsSettings | ModemSettings | TiantongSettings
    password: str = "lab"
    name: str = "sms-a"
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    link: Any = None
    notes: FakeNotes = field(default_factory=lambda: FakeNotes())
    blobs: Any = None

    def secret(self, path: str) -> str:
        return self.password

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    def strained(self, reason: str) -> None:
        """Nothing here is ever strained."""


@dataclass
class FakeEmission:
    """A licence to emit."""

    payload: Rendition
    token: Token
    n: int = 1
    validity_s: float = 3600.0
    number: int = 17

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        """Nobody is more urgent."""


class FakeJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(
        self, address: str, text: str = "转移", *, token: str = "t-1", n: int = 1, denied: Denied | None = None, left_s: float = 20.0
    ) -> None:
        self.address = address
        self.address_kind = "msisdn"
        self.priority = Priority.P0
        self.traffic = Traffic.ACTUAL
        self.size = len(text.encode())
        self.deadline = SystemClock().monotonic() + left_s
        self.begun = 0
        self._emission = FakeEmission(Rendition("sms", text, text.encode()), Token(token), n)
        self._denied = denied

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        if self._denied is not None:
            raise self._denied
        yield self._emission
