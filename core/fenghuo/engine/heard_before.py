"""Which receipts came before: a copy shows that its far end speaks, and nothing new of anybody.

Centres report once more what they have no ack for, a bearer doubles, and whoever listens on a frequency may say again what was said there.
Evidence takes that in its stride, for it only rises; of a channel every copy would be one more end receipt, which clears a suspicion and
opens a breaker (failover.md, Health of a channel). What a receipt says makes it a copy, not its octets: a centre dates each of its reports.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from fenghuo.engine.health import Sign, shown_by
from fenghuo.plugin.ports import Inbound, InboundKind

__all__ = ["REMEMBERED", "HeardBefore"]

REMEMBERED = 10_000
"""Receipts that are known again, of all channels together; a start begins with none."""


class HeardBefore:
    """The newest end receipts of machines, by what they say. What a person says twice was said twice."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, None] = OrderedDict()

    def is_again(self, channel: str, inbound: Inbound) -> bool:
        """Whether this receipt came over this channel before; from now on it has. One that names no emission is no copy of another."""
        is_end = inbound.kind is InboundKind.RECEIPT and shown_by(inbound.level, inbound.failure) is Sign.RECEIPT
        if not is_end or not (inbound.ref or inbound.token):
            return False
        whose = (inbound.address, *inbound.addresses)
        key = (channel, inbound.ref, inbound.token, inbound.n, inbound.level, whose)
        is_known = key in self._known
        self._known[key] = None
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return is_known
