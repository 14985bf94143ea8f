"""The proven-path ledger: when each way to each recipient last carried something to its end, and how often it did not.

A way is a recipient and a channel instance. It is proven when the far end says so: a device confirmed, or a person answered. It was missed
when the receipt that could have come did not, or the address was refused; not where the channel went down while it was waited for, which
is about everybody. Both fade: what worked a year ago is no promise.
What is known is kept in memory and written a while later; a crash costs the last half minute of it, never a message.
Source: failover.md, Health of a channel, proven-path ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import msgspec

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.office import Office
from fenghuo.model.delivery import Delivery, DeliveryState, Scope
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.store.records import ProvenRow
from fenghuo.store.store import Store
from fenghuo.store.tables import PROVEN
from fenghuo.store.transaction import Tx

__all__ = ["AMBER_S", "Age", "Chances", "ProvenLedger", "age_of", "chance", "counted"]

AMBER_S = 7 * 86_400.0
"""A proof older than this is amber: a week, the pace of the roll calls that renew it."""
HALF_LIFE_S = 30 * 86_400.0
"""After so long an outcome counts half: telephones change hands, masts move."""
PRIOR = 2.0
"""How many outcomes the settings' own `reach` is worth."""
CHANCED = 1.0
"""Misses that count for nothing: a telephone is switched off once in a while. So one receipt that was missed moves nobody, and two do."""
WRITTEN_AFTER_S = 30.0


class Age(StrEnum):
    """What a proof is worth at a glance: green within a week, amber after it, red where there never was one."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def age_of(row: ProvenRow | None, now: float) -> Age:
    """Of a way; None: it was never used."""
    if row is None or row.proven_at is None:
        return Age.RED
    return Age.GREEN if now - row.proven_at <= AMBER_S else Age.AMBER


def chance(row: ProvenRow, reach: float, now: float) -> float:
    """That the way carries something to its end, 0 to 1. `reach`: what the settings say where nothing is known, to which it returns."""
    kept = _kept(row, now)
    missed = max(0.0, row.missed * kept - CHANCED)
    return (row.met * kept + PRIOR * reach) / (row.met * kept + missed + PRIOR)


def counted(row: ProvenRow, now: float, *, level: Evidence | None) -> ProvenRow:
    """After one more outcome at `now`, UTC seconds; `level`: of the proof, None: it was missed."""
    kept = _kept(row, now)
    fresh = msgspec.structs.replace(row, met=row.met * kept, missed=row.missed * kept, at=now)
    if level is None:
        return msgspec.structs.replace(fresh, missed=fresh.missed + 1.0)
    return msgspec.structs.replace(fresh, met=fresh.met + 1.0, level=level, proven_at=now)


def _kept(row: ProvenRow, now: float) -> float:
    return float(0.5 ** (max(0.0, now - row.at) / HALF_LIFE_S))


class Chances(Mapping[RecipientId, Mapping[str, float]]):
    """Recipient → channel → chance, as `Situation.proven` has it: reckoned when asked, since there are tens of thousands of ways and a
    plan asks for few. `reach`: of a channel, by the settings."""

    def __init__(
        self, ways: Mapping[RecipientId, Mapping[str, ProvenRow]], reach: Callable[[str], float], now: Callable[[], float]
    ) -> None:
        self._ways = ways
        self._reach = reach
        self._now = now

    def __getitem__(self, recipient: RecipientId) -> Mapping[str, float]:
        now = self._now()
        return {channel: chance(row, self._reach(channel), now) for channel, row in dict(self._ways[recipient]).items()}

    def __iter__(self) -> Iterator[RecipientId]:
        return iter(self._ways)

    def __len__(self) -> int:
        return len(self._ways)


class ProvenLedger:
    """Notes what becomes of every delivery to a named recipient. Used from the loop only."""

    def __init__(self, office: Office, store: Store, board: ChannelBoard) -> None:
        self._office = office
        self._store = store
        self._board = board
        self._ways: dict[RecipientId, dict[str, ProvenRow]] = {}
        board.proven = Chances(self._ways, board.reach, office.clock.time)
        self._unwritten: set[tuple[RecipientId, str]] = set()
        self._noted = asyncio.Event()

    async def load(self) -> None:
        """Read what was known before the restart; damaged rows are left out."""
        for row in await self._store.find(PROVEN):
            self._ways.setdefault(row.recipient, {})[row.channel] = row

    def way(self, recipient: RecipientId, channel: str) -> ProvenRow | None:
        """What is known of a way, None: nothing."""
        return self._ways.get(recipient, {}).get(channel)

    def note(self, before: Delivery | None, after: Delivery) -> None:
        """Whether a change of a delivery proves its way, or says that it was missed."""
        was = before.evidence if before is not None else Evidence.STORED
        if was < Evidence.DEVICE <= after.evidence < Evidence.HUMAN:
            self._count(after.recipient, after.channel, after.address, level=after.evidence)
        elif before is not None and after.evidence < Evidence.DEVICE and self._is_missed(before, after):
            self._count(after.recipient, after.channel, after.address, level=None)

    def answered(self, channel: str, before: Delivery) -> None:
        """A person has answered over this channel, which need not be the one over which the message went: the way of the answer is
        proven. A device that had confirmed the same delivery before has counted already."""
        address = before.address if before.channel == channel else self._address(before.recipient, channel)
        known = self.way(before.recipient, channel)
        has_counted = before.channel == channel and before.evidence >= Evidence.DEVICE
        if has_counted and known is not None and known.address == address:
            self._keep(msgspec.structs.replace(known, level=Evidence.HUMAN, proven_at=self._office.clock.time()))
        else:
            self._count(before.recipient, channel, address, level=Evidence.HUMAN)

    def _address(self, recipient: RecipientId, channel: str) -> str:
        """The one that a channel would use first."""
        instance = self._board.get(channel)
        points = self._office.directory.contacts_by_owner.get(recipient, ())
        return next((point.address for point in points if instance is not None and point.kind in instance.address_kinds), "")

    def _is_missed(self, before: Delivery, after: Delivery) -> bool:
        """Whether a receipt that could have come did not, or the address was refused, where a channel can say that something arrived."""
        instance = self._board.get(after.channel)
        if instance is None or instance.capabilities.evidence_max < Evidence.DEVICE:
            return False
        return _is_refused(before, after) or (_is_unanswered(before, after) and not _was_cut_off(before, instance))

    def _count(self, recipient: RecipientId, channel: str, address: str, *, level: Evidence | None) -> None:
        known = self.way(recipient, channel)
        if known is None or known.address != address:  # another telephone has proven nothing yet
            known = ProvenRow(recipient, channel, address)
        self._keep(counted(known, self._office.clock.time(), level=level))

    def _keep(self, row: ProvenRow) -> None:
        self._ways.setdefault(row.recipient, {})[row.channel] = row
        self._unwritten.add((row.recipient, row.channel))
        self._noted.set()

    async def run(self) -> None:
        """Write what was noted, half a minute after it was; sleeps while there is nothing. What is left is written at the end."""
        try:
            while True:
                await self._noted.wait()
                await asyncio.sleep(WRITTEN_AFTER_S)
                await self.write()
        finally:
            self._store.submit(self._job())

    async def write(self) -> None:
        """Have everything on the disk."""
        await self._store.run(self._job())

    def _job(self) -> Callable[[Tx], None]:
        self._noted.clear()
        rows = [self._ways[recipient][channel] for recipient, channel in sorted(self._unwritten)]
        self._unwritten.clear()

        def write(tx: Tx) -> None:
            for row in rows:
                tx.put(PROVEN, row)

        return write


def _is_refused(before: Delivery, after: Delivery) -> bool:
    is_refused = after.state is DeliveryState.FAILED and after.reason.startswith(Scope.RECIPIENT)
    return is_refused and before.state is not DeliveryState.FAILED


def _is_unanswered(before: Delivery, after: Delivery) -> bool:
    """Waited for in vain. What was taken back or overtaken says nothing."""
    waited = before.state is DeliveryState.AWAITING and before.until is not None and after.until is None
    return waited and after.state in (DeliveryState.AWAITING, DeliveryState.READY, DeliveryState.HELD)


def _was_cut_off(before: Delivery, instance: Instance) -> bool:
    """Whether its channel is down, or was at any time since the far end took what was waited for."""
    since = (before.until or 0.0) - instance.capabilities.receipt_q95_s
    return instance.health.state is Health.DOWN or instance.health.left_at >= since
