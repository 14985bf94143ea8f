"""The disk behind the narrow link: reserves its counters, keeps its windows and transfers, gives them back after a crash."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fenghuo.engine.link_place import note_place
from fenghuo.errors import RowDamaged
from fenghuo.link import Aired, Caps, Changes, FrameKind, Incoming, Kept, KeyRing, Ledger, Ledgers, Memory, Outgoing, Parcel, Wanted, Window
from fenghuo.link.counters import STEP
from fenghuo.link.frame import Purpose
from fenghuo.link.lifetime import SLACK_S, longest_s
from fenghuo.store import Store, Tx
from fenghuo.store.frames import Reserved, Seen, keep_window, read_windows, reserve
from fenghuo.store.records import MetaRow, TransferInRow, TransferOutRow
from fenghuo.store.tables import META, TRANSFER_IN, TRANSFER_OUT

__all__ = ["LinkMemory"]

# One row of `meta` for each medium.
_AIRTIME = "airtime."
_EVERYTHING_S = 1e9
_account = msgspec.json.Decoder(tuple[tuple[tuple[float, float], ...], float])
_BITMAP = 8  # octets, for up to 64 pieces
_pieces = msgspec.msgpack.Decoder(tuple[bytes | None, ...])


class LinkMemory:
    """Of one channel, on one medium. What is awaited returns after its commit: what reserve() gave may be used, what keep() took may be
    acted upon. `channel`: whose transfers these are, where a node has several; `place`: where the store is, for who knows; else the machine
    and the folder are looked at."""

    def __init__(self, store: Store, ledgers: Ledgers | None = None, medium: str = "", *, channel: str = "", place: str = "") -> None:
        self._store = store
        self._ledgers = ledgers or Ledgers()
        self._medium = medium
        self._channel = channel
        self._place = place
        self._aired, self._recalled_at = Aired(), 0.0

    def ledger(self, caps: Caps) -> Ledger:
        """The airtime of the channel's medium, which every channel on it spends, with what recall() found of it on the disk.
        Raises: ConfigError: they count by different spans."""
        return self._ledgers.of(self._medium, caps, self._aired, self._recalled_at)

    async def airtime(self, caps: Caps) -> Ledger:
        """The same for a channel that recalls nothing else. Raises: StoreError, ConfigError."""
        self._aired, self._recalled_at = await self._store.run(lambda tx: (_aired(tx, self._medium), tx.now))
        return self.ledger(caps)

    async def reserve(self, wanted: Iterable[Wanted]) -> list[Reserved]:
        """Counters for each lane that asks, in one commit. Raises: StoreError."""
        asked = tuple(wanted)

        def job(tx: Tx) -> list[Reserved]:
            return [reserve(tx, each.lane, since=each.since, step=STEP) for each in asked]

        return await self._store.run(job)

    async def keep(self, changes: Changes) -> None:
        """All of it in one commit, before the next frame leaves. Raises: StoreError."""
        await self._store.run(lambda tx: keep(tx, changes, self._medium, self._channel))

    async def recall(self, ring: KeyRing) -> Memory:
        """What the keys of this post had said and heard before the start; in a copy of a store they are stale. What came in under a key
        that is not here is another channel's, or nobody's. Raises: StoreError."""
        await note_place(self._store, self._place)
        self._aired, self._recalled_at = await self._store.run(lambda tx: (_aired(tx, self._medium), tx.now))
        lanes = {lane.name: lane.since for lane in ring.lanes() if lane.source != ring.own}
        seen = await self._store.run(lambda tx: read_windows(tx, lanes))
        await self._store.run(_forget_over)
        await self._store.run(lambda tx: _adopt(tx, self._channel, ring))
        outgoing = [_outgoing(row) for row in await self._store.find(TRANSFER_OUT) if row.channel == self._channel]
        incoming = [_incoming(row) for row in await self._store.find(TRANSFER_IN) if row.lane in lanes]
        windows = tuple(Kept(each.lane, Window(each.highest, each.seen), each.stale) for each in seen)
        return Memory(windows, tuple(each for each in outgoing if _is_known(ring, each)), tuple(incoming))


def keep(tx: Tx, changes: Changes, medium: str, channel: str = "") -> None:
    """As a part of another job: a message that is taken over and its mark go to the disk together."""
    for kept in changes.windows:
        keep_window(tx, Seen(kept.lane, kept.window.highest, kept.window.seen, kept.stale))
    for outgoing in changes.outgoing:
        tx.put(TRANSFER_OUT, _out_row(outgoing, channel))
    for incoming in changes.incoming:
        tx.put(TRANSFER_IN, _in_row(incoming))
    for out in changes.gone_out:
        tx.delete(TRANSFER_OUT, channel, *out)
    for key in changes.gone_in:
        tx.delete(TRANSFER_IN, *key)
    if changes.aired is not None:
        said = msgspec.json.encode((changes.aired.spent, changes.aired.reserved))
        tx.put(META, MetaRow(f"{_AIRTIME}{medium}", said.decode()))


def _aired(tx: Tx, medium: str) -> Aired:
    """What is known of a medium. A damaged row could have said anything: then all that any licence allows is spent."""
    try:
        row = tx.get(META, f"{_AIRTIME}{medium}")
    except RowDamaged:
        return Aired(reserved=_EVERYTHING_S)
    return Aired(*_account.decode(row.value)) if row is not None else Aired()


def _forget_over(tx: Tx) -> None:
    """Of keys that are gone nobody else forgets what came. Longer ago than any message lives, for a clock may be hours wrong."""
    for row in tx.find(TRANSFER_IN, "at < ?", tx.now - longest_s(Purpose.MESSAGE) - SLACK_S):
        tx.delete(TRANSFER_IN, row.source, row.destination, row.transfer, row.lane)


def _adopt(tx: Tx, channel: str, ring: KeyRing) -> None:
    """Rows of before channels were told apart go to the first that can reach their far end."""
    for row in tx.find(TRANSFER_OUT, "channel = ''") if channel else ():
        if _is_known(ring, _outgoing(row)):
            tx.delete(TRANSFER_OUT, row.channel, row.destination, row.transfer)
            tx.put(TRANSFER_OUT, msgspec.structs.replace(row, channel=channel))


def _is_known(ring: KeyRing, outgoing: Outgoing) -> bool:
    """Whether its far end is still among our keys, with as many members as it had."""
    destination = outgoing.parcel.destination
    if ring.is_group(destination):
        return len(ring.members(destination)) == len(outgoing.held)
    return destination in ring.peers()


def _out_row(outgoing: Outgoing, channel: str) -> TransferOutRow:
    parcel = outgoing.parcel
    return TransferOutRow(
        channel=channel,
        destination=parcel.destination,
        transfer=outgoing.transfer,
        lane=outgoing.lane,
        ref=parcel.ref,
        kind=parcel.kind,
        traffic=parcel.traffic,
        priority=parcel.priority,
        body=parcel.body,
        piece=outgoing.size,
        held=b"".join(held.to_bytes(_BITMAP, "big") for held in outgoing.held),
        ends_at=parcel.ends_at,
        opened_at=outgoing.opened_at,
    )


def _outgoing(row: TransferOutRow) -> Outgoing:
    parcel = Parcel(row.destination, FrameKind(row.kind), row.traffic, row.priority, row.body, row.ends_at, row.ref)
    held = tuple(int.from_bytes(row.held[start : start + _BITMAP], "big") for start in range(0, len(row.held), _BITMAP))
    return Outgoing(parcel, row.transfer, row.piece, held, row.opened_at, row.lane)


def _in_row(incoming: Incoming) -> TransferInRow:
    return TransferInRow(
        source=incoming.source,
        destination=incoming.destination,
        transfer=incoming.transfer,
        lane=incoming.lane,
        kind=incoming.kind,
        traffic=incoming.traffic,
        count=len(incoming.pieces),
        pieces=b"" if incoming.done else msgspec.msgpack.encode(incoming.pieces),
        ends_at=incoming.ends_at,
        digest=incoming.digest,
        done=incoming.done,
        at=incoming.at,
    )


def _incoming(row: TransferInRow) -> Incoming:
    pieces = (None,) * row.count if row.done else _pieces.decode(row.pieces)
    kind = FrameKind(row.kind)
    return Incoming(
        row.source, row.destination, row.transfer, kind, row.traffic, pieces, row.ends_at, row.at, row.lane, row.digest, row.done
    )
