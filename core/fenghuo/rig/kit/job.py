"""A licence made by the kit itself, for checks that look at a channel without a core around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from fenghuo.clock import instant
from fenghuo.errors import Denied
from fenghuo.model.delivery import Token
from fenghuo.model.message import Content, Info, Message, MessageId, content_hash
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from fenghuo.plugin.ports import Estimate
from fenghuo.rig.kit.bench import Bench

__all__ = ["LoneJob", "LonePage"]


def rendered(bench: Bench, text: str) -> Rendition:
    """An order in the channel's own form, as long as it comes: whether it can be sent is for the channel to say.

    Raises: FormatError: the form cannot say it.
    """
    now = bench.life.clock.time()
    infos = (Info(description=text),)
    content = Content(Kind.DISPATCH, Action.NEW, Traffic.ACTUAL, "kit", "kit", instant(now), infos=infos, priority=Priority.P1)
    message = Message(MessageId("kit"), 1, content, Priority.P1, content_hash(content), now, now + 600.0, source="kit", number=1)
    return bench.subject.renderers[bench.capabilities.form].render(message, Budget())


class LoneEmission:
    """Fills Emission; nobody is more urgent."""

    def __init__(self, payload: Rendition) -> None:
        self.token, self.n = Token("kit-1"), 1
        self.payload = payload
        self.validity_s, self.number = 600.0, 1

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        """Go on."""


class Lone:
    """What both have in common. `denied`: what begin() raises; `ponders_s`: how long its commit takes; `begun`: how often it was asked."""

    def __init__(self, bench: Bench, payload: Rendition, *, denied: Denied | None, ponders_s: float) -> None:
        self._payload = payload
        self.address_kind = bench.subject.kind.address_kinds[0]
        self.priority, self.traffic = Priority.P1, Traffic.ACTUAL
        self.size = len(self._payload.data)
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


class LoneJob(Lone):
    """Fills SendJob."""

    def __init__(self, bench: Bench, text: str, *, to: int = 0, denied: Denied | None = None, ponders_s: float = 0.0) -> None:
        super().__init__(bench, rendered(bench, bench.meant(text, to)), denied=denied, ponders_s=ponders_s)
        self.address = bench.address(to)
        self.is_last = False


class LonePage(Lone):
    """Fills SendPage: page 1 of 1."""

    def __init__(self, bench: Bench, text: str, people: Iterable[int], *, denied: Denied | None = None, ponders_s: float = 0.0) -> None:
        super().__init__(bench, rendered(bench, text), denied=denied, ponders_s=ponders_s)
        self.addresses: Sequence[str] = [bench.address(to) for to in people]
        self.number, self.pages = 1, 1
