"""The channels of the script and the far ends behind them: what left is seen by the world, what comes back is given until it is acked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator

import msgspec

from fenghuo.clock import Clock
from fenghuo.engine.receipts import Receipts
from fenghuo.model.delivery import AttemptRef, Outcome, Reached, Scope, Transient
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind, SendJob, SimpleChannel
from fenghuo.rig.powercut.counters import Counters
from fenghuo.rig.powercut.script import CUSTODY, REFUSED, RETURNS, USUAL, Bearing, Return
from fenghuo.rig.powercut.world import NO_COUNTER, Air, Took, World

__all__ = ["Bearer", "FarEnd", "given_by", "key_of", "ref_of"]

KEY = re.compile(r"\[([a-z0-9-]+)\]")
AGAIN_S = 1.0
"""How soon after a start a far end gives again what nobody acked."""


class Bearer(SimpleChannel):
    """Emits into the world. `epoch`: of the life it belongs to; `counters`: of its key, if its frames carry numbers."""

    def __init__(self, name: str, bearing: Bearing, world: World, clock: Clock, *, epoch: int, counters: Counters | None) -> None:
        self.name = name
        self._bearing = bearing
        self._world = world
        self._clock = clock
        self._epoch = epoch
        self._counters = counters
        self.is_up = False
        self.on_air: Callable[[Air], None] = _nobody_hears

    async def send(self, job: SendJob) -> Outcome:
        async with job.begin() as emission:
            await emission.turn()
            refusal = REFUSED.get(key_of(emission.payload.text)) if emission.n == 1 else None
            if refusal is not None:
                await asyncio.sleep(self._bearing.airtime_s)
                return refusal
            counter = await self._counters.take() if self._counters else NO_COUNTER
            air = Air(
                token=emission.token,
                n=emission.n,
                channel=self.name,
                address=job.address,
                text=emission.payload.text,
                counter=counter,
                epoch=self._epoch,
                at=self._clock.time(),
            )
            self._world.see(air)
            self.on_air(air)
            await asyncio.sleep(self._bearing.airtime_s)
        return Reached(self._bearing.says, (ref_of(air),))

    async def query(self, ref: AttemptRef) -> Outcome:
        for air in self._world.airs:
            if (air.token, air.n) == (ref.token, ref.n):
                return Reached(self._bearing.says, (ref_of(air),))
        return Transient(Scope.CHANNEL, "never-came", 1.0)


def key_of(text: str) -> str:
    """Which step of the script a text is about; empty for none."""
    found = KEY.search(text)
    return found.group(1) if found else ""


def ref_of(air: Air) -> str:
    """The name a far end gives to an emission."""
    return f"{air.channel}:{air.token}:{air.n}"


def given_by(air: Air) -> Iterator[tuple[str, Return]]:
    """What the far end gives for an emission, each under a name of its own."""
    usual = () if air.channel == "siren" else USUAL
    for number, given in enumerate(RETURNS.get(key_of(air.text), usual)):
        yield f"{ref_of(air)}/{number}", given


class FarEnd:
    """Whoever is behind the channels. Gives everything that nobody has acked yet, each at its time or as soon as somebody is there."""

    def __init__(self, world: World, receipts: Receipts, clock: Clock) -> None:
        self._world = world
        self._receipts = receipts
        self._clock = clock

    async def hear(self, air: Air) -> None:
        """An emission arrived, in this life or before."""
        for name, given in given_by(air):
            if name in self._world.took:
                continue
            wait_s = air.at + given.after_s - self._clock.time()
            await asyncio.sleep(wait_s if wait_s > 0 else AGAIN_S)
            await self._receipts.take(air.channel, self._inbound(air, name, given))

    def _inbound(self, air: Air, name: str, given: Return) -> Inbound:
        is_receipt, is_answer = given.kind is InboundKind.RECEIPT, given.kind is InboundKind.ANSWER
        took = Took(
            name=name,
            ref=ref_of(air) if is_receipt else "",
            sender=air.address if is_answer else "",
            level=Evidence.HUMAN if is_answer else given.level,
            raw=CUSTODY if given.kind is InboundKind.MESSAGE else name.encode(),
            at=0.0,
        )

        async def ack() -> None:
            self._world.see(msgspec.structs.replace(took, at=self._clock.time()))

        return Inbound(
            kind=given.kind,
            raw=took.raw,
            ack=ack,
            address_kind=air.channel,
            address=air.address,
            ref=took.ref,
            level=given.level if is_receipt else None,
            text=given.text,
        )


def _nobody_hears(air: Air) -> None:
    """Until the house has wired the far end in."""
