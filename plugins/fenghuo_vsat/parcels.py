"""Attachments on their way to a far end: what is still to be sent, in notes that outlive the process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from fenghuo import Attachment, Blobs, Emission, FenghuoError, Notes, Priority, SendJob

__all__ = ["Carried", "Parcel", "Parcels", "carried", "parcels_of"]

_LEAD = "parcel "


class Parcel(msgspec.Struct, frozen=True):
    """One attachment for one far end. `to`: where uploads are made there; `place`: of this upload, empty until it is made; `at`, `until`:
    UTC seconds since when it may go and until when it is worth it; `is_done`: all of it is there, kept so that it is not sent again.

    `share`: the name of the far end for all ways that put pictures there, empty where it has only the one; `carrier`: the way whose it is,
    empty for any of them; `to` and `place` are as that one reaches them."""

    attachment: Attachment
    to: str
    priority: int
    traffic: str
    at: float
    until: float
    place: str = ""
    is_done: bool = False
    share: str = ""
    carrier: str = ""

    @property
    def name(self) -> str:
        """The same attachment of the same message to the same far end is one parcel, however many people there were told."""
        of = self.attachment
        return f"{_LEAD}{of.digest} {of.message} {of.revision} {self.share or self.to}"

    @property
    def turn(self) -> tuple[int, float, str]:
        """Its place in the queue: urgent before less urgent, old before new."""
        return (self.priority, self.at, self.name)


def parcels_of(job: SendJob, carried: Carried, to: str, now: float, *, share: str = "") -> list[Parcel]:
    """What goes after the text of an emission, in the order in which the message names it. A picture that has a thumbnail is routine: it
    is the thumbnail that goes with the message's own priority."""
    priority, traffic, until = int(job.priority), job.traffic.value, now + carried.validity_s
    parcels: list[Parcel] = []
    for attachment in carried.attachments:
        small = carried.thumbnails.get(attachment.digest)
        if small is not None:
            parcels.append(Parcel(small, to, priority, traffic, now, until, share=share))
        rest = priority if small is None else int(Priority.P4)
        parcels.append(Parcel(attachment, to, rest, traffic, now, until, share=share))
    return parcels


class Carried(msgspec.Struct, frozen=True):
    """What an emission brings beside its text, and for how many seconds it is worth it. `thumbnails`: small copies, by the digest of the
    picture."""

    attachments: tuple[Attachment, ...]
    validity_s: float
    thumbnails: Mapping[str, Attachment] = {}


async def carried(emission: Emission, blobs: Blobs) -> Carried:
    """What an emission brings, with a small copy of each picture that is worth one. A copy that cannot be made is one less."""
    small: dict[str, Attachment] = {}
    for attachment in emission.payload.attachments:
        with contextlib.suppress(FenghuoError):
            found = await blobs.thumbnail(attachment)
            small |= {} if found is None else {attachment.digest: found}
    return Carried(emission.payload.attachments, emission.validity_s, small)


class Parcels:
    """All that these notes hold. Each change is on the disk when it returns. `time` gives UTC seconds."""

    def __init__(self, notes: Notes, time: Callable[[], float]) -> None:
        self._notes = notes
        self._time = time
        self._all: dict[str, Parcel] = {}

    async def recall(self) -> None:
        """Take up what an earlier process left. Raises: StoreError."""
        for name, value in (await self._notes.recall()).values.items():
            if name.startswith(_LEAD) and name not in self._all:
                self._all[name] = msgspec.json.decode(value, type=Parcel)

    def waiting(self) -> list[Parcel]:
        """Those that are not there yet, in their turn."""
        return sorted((parcel for parcel in self._all.values() if not parcel.is_done), key=lambda parcel: parcel.turn)

    def has(self, parcel: Parcel) -> bool:
        return parcel.name in self._all

    async def add(self, parcels: Iterable[Parcel]) -> None:
        """Put those that are not known, and forget what is over. Raises: StoreError."""
        now = self._time()
        new = {parcel.name: parcel for parcel in parcels if parcel.name not in self._all}
        over = [name for name, parcel in self._all.items() if parcel.is_done and parcel.until <= now]
        if new or over:
            await self._notes.keep({name: _written(parcel) for name, parcel in new.items()} | dict.fromkeys(over))
        for name in over:
            self._all.pop(name, None)
        self._all |= new

    async def put(self, parcel: Parcel) -> None:
        """As it stands now. Raises: StoreError."""
        await self._notes.keep({parcel.name: _written(parcel)})
        self._all[parcel.name] = parcel

    async def drop(self, parcel: Parcel) -> None:
        """Forget it. Raises: StoreError."""
        await self._notes.keep({parcel.name: None})
        self._all.pop(parcel.name, None)


def _written(parcel: Parcel) -> str:
    return msgspec.json.encode(parcel).decode()
