"""The channel that takes pages over a simulated bearer: one licence, a line on the socket for each telephone, receipts one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from fenghuo.model.delivery import Outcome, Paged, Reached, Scope, Token, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind, SendPage
from fenghuo.rig.sim_channel import ACCEPT_S, SimChannel
from fenghuo.rig.sites import Sent

__all__ = ["SimBulkChannel"]


class SimBulkChannel(SimChannel):
    """Names each text of a page TOKEN/N/PLACE, and knows by that whose receipt comes back."""

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        writer = self._writer
        if writer is None or writer.is_closing():
            return Transient(Scope.CHANNEL, "bearer-gone")
        async with page.begin() as emission:
            names = [f"{emission.token}/{emission.n}/{place}" for place in range(len(page.addresses))]
            loop = asyncio.get_running_loop()
            futures = [loop.create_future() for _ in names]
            self._waiting.update(zip(names, futures, strict=True))
            texts = (Sent(name, address, emission.payload.text) for name, address in zip(names, page.addresses, strict=True))
            writer.write(b"".join(msgspec.json.encode(text) + b"\n" for text in texts))
            await asyncio.wait(futures, timeout=ACCEPT_S)
            for name in names:
                self._waiting.pop(name, None)
        taken = [future.done() and future.exception() is None for future in futures]
        lost = tuple((place, Unknown("not accepted")) for place, is_taken in enumerate(taken) if not is_taken)
        return Paged(Reached(Evidence.ACCEPTED), lost) if lost else Reached(Evidence.ACCEPTED)

    async def inbound(self) -> AsyncIterator[Inbound]:
        async for inbound in super().inbound():
            token, n, place = (*inbound.ref.split("/"), "", "", "")[:3]
            if inbound.kind is InboundKind.RECEIPT and place:
                yield msgspec.structs.replace(inbound, token=Token(token), n=int(n), ref="")
            else:
                yield inbound
