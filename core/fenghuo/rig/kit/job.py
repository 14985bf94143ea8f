"""A licence made by the kit itself, for checks that look at a channel without a core around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fenghuo.errors import Denied
from fenghuo.model.delivery import Token
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.kit.bench import Bench

__all__ = ["LoneJob"]


class LoneEmission:
    """Fills Emission; nobody is more urgent."""

    def __init__(self, payload: Rendition) -> None:
        self.token, self.n = Token("kit-1"), 1
        self.payload = payload
        self.validity_s, self.number = 600.0, 1

    async def turn(self) -> None:
        """Go on."""


class LoneJob:
    """Fills SendJob. `denied`: what begin() raises; `ponders_s`: how long its commit takes; `begun`: how often it was asked."""

    def __init__(self, bench: Bench, text: str, *, to: int = 0, denied: Denied | None = None, ponders_s: float = 0.0) -> None:
        form = bench.capabilities.form
        is_json = form == "json"
        data = f'{{"id":"kit","text":"{text}"}}'.encode() if is_json else text.encode()
        self._payload = Rendition(form, text, data, "application/json" if is_json else "text/plain; charset=utf-8")
        self.address, self.address_kind = bench.address(to), bench.subject.kind.address_kinds[0]
        self.priority, self.traffic = Priority.P1, Traffic.ACTUAL
        self.size = len(data)
        self.deadline = asyncio.get_running_loop().time() + bench.capabilities.attempt_s
        self.begun = 0
        self.is_granted = False
        self._denied = denied
        self._ponders_s = ponders_s

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[LoneEmission]:
        self.begun += 1
        await asyncio.sleep(self._ponders_s)
        if self._denied is not None:
            raise self._denied
        self.is_granted = True
        yield LoneEmission(self._payload)
