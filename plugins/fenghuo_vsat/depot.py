"""What is to be brought to one far end, and which of the ways there carries it: one at a time, another one when that cannot go on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import msgspec

from fenghuo import ChannelContext, Notes
from fenghuo_vsat.parcels import Parcel, Parcels

__all__ = ["Depot", "depot_of"]

ABSENT_S = 15.0
"""A way that was not there for so long carries nothing: as long as an IP way may be dead before it is noticed (failover.md), and longer
than the instances of a node take to start one after the other."""


class Depot:
    """Of one far end, for all instances that share it. `parcels`: on the disk; `monotonic` gives seconds. Nothing here waits for a
    network."""

    def __init__(self, parcels: Parcels, monotonic: Callable[[], float]) -> None:
        self._parcels = parcels
        self._monotonic = monotonic
        self._opened_at = monotonic()
        self._bells: dict[str, Callable[[], None]] = {}
        self._left_at: dict[str, float] = {}
        self._stuck: set[tuple[str, str]] = set()
        self._in_hand: dict[str, str] = {}

    async def open(self) -> None:
        """Take up what an earlier process left; may be asked by each way. Raises: StoreError."""
        await self._parcels.recall()

    async def adopt(self, way: str, own: Parcels, share: str) -> None:
        """Take over what a way has in notes of its own, from when it had no share. Raises: StoreError."""
        await own.recall()
        for parcel in own.waiting():
            await self.add([msgspec.structs.replace(parcel, share=share, carrier=way)])
            await own.drop(parcel)

    def join(self, way: str, bell: Callable[[], None]) -> None:
        """A way is there; `bell` is rung at every change that may be its business."""
        self._bells[way] = bell

    def leave(self, way: str) -> None:
        """Idempotent; what it carried is another's after a while."""
        if self._bells.pop(way, None) is not None:
            self._left_at[way] = self._monotonic()
        self._ring()

    @property
    def is_served(self) -> bool:
        """Whether any way is there."""
        return bool(self._bells)

    def waiting(self, way: str) -> list[Parcel]:
        """What this way may carry now, in its turn: its own, then what no other can go on with."""
        return [one for one in self._parcels.waiting() if self._in_hand.get(one.name, way) == way and self._is_for(way, one)]

    def carried(self, way: str) -> list[Parcel]:
        """What is this way's, or nobody's yet."""
        return [one for one in self._parcels.waiting() if one.carrier in {"", way}]

    def looks_again_at(self, way: str) -> float | None:
        """Monotonic seconds when a parcel of a way that is not there falls to the others; None: there is none."""
        ends = [self._absent_until(one.carrier) for one in self._parcels.waiting() if one.carrier not in {"", way, *self._bells}]
        return min((end for end in ends if end > self._monotonic()), default=None)

    @contextlib.contextmanager
    def in_hand(self, way: str, parcel: Parcel) -> Iterator[None]:
        """While one way is at it, no other is."""
        self._in_hand[parcel.name] = way
        try:
            yield
        finally:
            self._in_hand.pop(parcel.name, None)
            self._ring()

    def stuck(self, way: str, parcel: Parcel) -> None:
        """This way cannot go on with it for now: any other may."""
        self._stuck.add((parcel.name, way))

    def goes_on(self, way: str, parcel: Parcel) -> None:
        """This way can."""
        self._stuck.discard((parcel.name, way))

    async def add(self, parcels: Iterable[Parcel]) -> None:
        """Put those that are not known. Raises: StoreError."""
        await self._parcels.add(parcels)
        self._ring()

    async def put(self, parcel: Parcel) -> None:
        """As it stands now. Raises: StoreError."""
        await self._parcels.put(parcel)

    async def drop(self, parcel: Parcel) -> None:
        """Forget it. Raises: StoreError."""
        await self._parcels.drop(parcel)
        self._stuck = {one for one in self._stuck if one[0] != parcel.name}

    def _is_for(self, way: str, parcel: Parcel) -> bool:
        if parcel.carrier in {"", way}:
            return True
        if parcel.carrier not in self._bells:
            return self._absent_until(parcel.carrier) <= self._monotonic()
        return (parcel.name, parcel.carrier) in self._stuck

    def _absent_until(self, way: str) -> float:
        return self._left_at.get(way, self._opened_at) + ABSENT_S

    def _ring(self) -> None:
        for bell in self._bells.values():
            bell()


def depot_of(ctx: ChannelContext, share: str) -> Depot:
    """The one that all instances with this `share` have, or one of its own."""

    def make(notes: Notes) -> Depot:
        return Depot(Parcels(notes, ctx.clock.time), ctx.clock.monotonic)

    found: Depot = ctx.shared(f"attachments at {share}", make) if share else make(ctx.notes)
    return found
