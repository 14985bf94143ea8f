"""A page and its licence for the tests of channels that take pages: they fill the ports and keep nothing on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from fenghuo import Emission, Estimate, Priority, Rendition, Token, Traffic

__all__ = ["OneEmission", "OneLicence", "OnePage"]


class OneEmission:
    """A licence with a small JSON payload."""

    token = Token("0b1d-token")
    n = 2
    payload = Rendition("json", "台风", b'{"id":"01J","copy":0}', "application/json")
    validity_s = 60.0
    number = 7

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        return None


class OneLicence:
    """What begin() gives; `begun` tells how often it was asked for."""

    def __init__(self, *, limit_s: float = 40.0) -> None:
        self.address_kind = "msisdn"
        self.priority = Priority.P1
        self.traffic = Traffic.ACTUAL
        self.size = 12
        self.deadline = time.monotonic() + limit_s
        self.begun = 0

    def begin(self) -> OneLicence:
        return self

    async def __aenter__(self) -> Emission:
        self.begun += 1
        return OneEmission()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class OnePage(OneLicence):
    """A page for these telephones, the second of three."""

    def __init__(self, addresses: Sequence[str], *, limit_s: float = 40.0) -> None:
        super().__init__(limit_s=limit_s)
        self.addresses = addresses
        self.number, self.pages = 2, 3
