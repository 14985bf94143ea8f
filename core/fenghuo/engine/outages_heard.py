"""Holds what others say is out, on the disk and over the channels: told once, taken back when it ends, expires or is contradicted.

A device that has a message over a channel that is said to be out contradicts the word, for all that the channel serves or for that one
recipient. A word that is repeated is the same word: it lasts longer, and casts no new doubt on what has proven itself since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

import msgspec

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.facts import ChannelObserved, Facts
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.engine.outages import Outage, is_everywhere, is_hit, is_there, next_end_at, places_of, says_of, standing
from fenghuo.model.delivery import Delivery
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["Outages"]

ROW = "outage.\x1f"
LONGEST_WAIT_S = 3_600.0
"""A timer of the loop may not be endless; what lasts longer is looked at again then."""
NONE: frozenset[str] = frozenset()


class Outages:
    """`on_change` is called whenever what stands has changed."""

    def __init__(self, office: Office, facts: Facts, store: Store, board: ChannelBoard) -> None:
        self._office = office
        self._facts = facts
        self._store = store
        self._board = board
        self._heard: dict[str, Outage] = {}
        self._seen: object = None
        self._told: dict[str, str] = {}  # by channel that is suspect as a whole, by which word
        self._wide: set[tuple[str, str]] = set()  # a word and a channel that it was told of
        self._disproved: set[tuple[str, str, RecipientId]] = set()  # a word, a channel, and whom it reached all the same; "": anybody
        self._doubts: dict[RecipientId, frozenset[str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.on_change: Callable[[], None] = _nobody_looks

    def __iter__(self) -> Iterator[Outage]:
        """All that were not ended and have not expired, the oldest first."""
        now = self._office.clock.time()
        return iter(sorted((one for one in self._heard.values() if now < one.expires_at), key=lambda one: (one.since, one.id)))

    async def load(self) -> None:
        """What was said before this start. A word that cannot be read stops no start: a person is told. Raises: StoreError."""
        rows = await self._store.find(META, "substr(name, 1, ?) = ?", len(ROW), ROW)
        for row in rows:
            try:
                one = msgspec.json.decode(row.value, type=Outage)
            except msgspec.MsgspecError as fault:
                await self._store.run(_lost(row.name.removeprefix(ROW), str(fault)))
                continue
            self._heard[one.id] = one

    async def report(self, outage: Outage) -> bool:
        """Take a word; whether it is a new one, and no repetition. Raises: StoreError."""
        before = self._heard.get(outage.id)
        now = self._office.clock.time()
        is_new = before is None or before.expires_at <= now or (before.what, before.area) != (outage.what, outage.area)
        if before is not None and not is_new:
            outage = msgspec.structs.replace(outage, reported_at=before.reported_at)
        kind = "outage.reported" if is_new else "outage.renewed"

        def keep(tx: Tx) -> None:
            tx.put(META, MetaRow(ROW + outage.id, msgspec.json.encode(outage).decode()))
            tx.event(kind, f"outage/{outage.id}", **_told(outage))
            tx.audit(Deed.of("report_outage", f"outage/{outage.id}", what=outage.what, where=outage.where, new=is_new))

        def take(_: None) -> None:
            if is_new:
                self._forget(outage.id)
            self._heard[outage.id] = outage
            self.look()

        await self._store.run(keep, then=take)
        return is_new

    async def end(self, outage: Outage, reason: str) -> None:
        """Its source, or an operator, says that it is over. Raises: StoreError."""

        def keep(tx: Tx) -> None:
            tx.delete(META, ROW + outage.id)
            tx.event("outage.ended", f"outage/{outage.id}", **_told(outage), because=reason)
            tx.audit(Deed.of("end_outage", f"outage/{outage.id}", what=outage.what, where=outage.where, reason=reason))

        def take(_: None) -> None:
            self._heard.pop(outage.id, None)
            self._forget(outage.id)
            self.look()

        await self._store.run(keep, then=take)

    def look(self) -> None:
        """Take into account what was said, what has ended, and which channels have come up since; costs nothing where nothing has."""
        now = self._office.clock.time()
        self._expire(now)
        stands = standing(self._heard.values(), now)
        seen = (stands, self._office.directory.digest, tuple((one.name, one.health.is_started) for one in self._board))
        if seen == self._seen or not (stands or self._seen or self._told):
            return
        self._seen = seen
        self._doubts.clear()
        self._tell(stands)
        self._rearm(now)
        self.on_change()

    def stop(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def standing(self) -> tuple[Outage, ...]:
        return standing(self._heard.values(), self._office.clock.time())

    def of(self, instance: Instance) -> tuple[Outage, ...]:
        """The words that concern a channel now."""
        view = instance.view()
        return tuple(one for one in self.standing() if is_hit(one, view))

    def doubted(self, recipient: RecipientId) -> frozenset[str]:
        """The channels that are said to be out where a recipient is, and only there."""
        if not self._heard:
            return NONE
        if recipient not in self._doubts:
            self._doubts[recipient] = frozenset(self._doubted(recipient))
        return self._doubts[recipient]

    def note(self, before: Delivery | None, after: Delivery) -> None:
        """A delivery has changed: what a device has, came over a channel that works."""
        if not self._heard or after.evidence < Evidence.DEVICE or (before is not None and before.evidence >= Evidence.DEVICE):
            return
        instance = self._board.get(after.channel)
        if instance is None:
            return
        for one in self.of(instance):
            is_wide = (one.id, after.channel) in self._wide
            if is_wide and not self.is_disproved(one, after.channel):
                self._disprove(one, after, "")
            elif after.channel in self.doubted(after.recipient) and self._is_there(one, after.recipient):
                self._disprove(one, after, after.recipient)

    def is_disproved(self, outage: Outage, channel: str) -> bool:
        """Whether a channel has reached a device since, as a whole."""
        return (outage.id, channel, "") in self._disproved

    def disproved(self) -> frozenset[tuple[str, str, RecipientId]]:
        """Each word that a device has contradicted, by its id, over which channel, and whose device it was; "": whoever's."""
        return frozenset(self._disproved)

    def _disprove(self, one: Outage, after: Delivery, whom: str) -> None:
        self._disproved.add((one.id, after.channel, whom))
        self._doubts.clear()
        says = f"{after.recipient} has it over {after.channel} all the same"
        self._store.submit(lambda tx: tx.event("outage.contradicted", f"outage/{one.id}", channel=after.channel, message=says))
        if not whom:
            self._tell(self.standing())
        self.on_change()

    def _doubted(self, recipient: RecipientId) -> Iterator[str]:
        for one in self.standing():
            if not self._is_there(one, recipient):
                continue
            for instance in self._board:
                key = (one.id, instance.name)
                if is_hit(one, instance.view()) and key not in self._wide and (*key, recipient) not in self._disproved:
                    yield instance.name

    def _is_there(self, one: Outage, recipient: RecipientId) -> bool:
        """Whether a word about one area is about this recipient."""
        directory = self._office.directory
        return one.area is not None and is_there(one.area, places_of(recipient, directory), directory)

    def _tell(self, stands: tuple[Outage, ...]) -> None:
        """Each channel that a word is about as a whole, once; and each that none is about any more."""
        for instance in self._board:
            if not instance.health.is_started:
                continue
            view = instance.view()
            about = [one for one in stands if is_hit(one, view) and is_everywhere(one, view, self._office.directory)]
            self._wide.update((one.id, instance.name) for one in about)
            doubt = next((one for one in about if not self.is_disproved(one, instance.name)), None)
            was = self._told.get(instance.name)
            if doubt is not None and was != doubt.id:
                self._told[instance.name] = doubt.id
                self._facts.put(ChannelObserved(instance.name, Sign.REPORTED, says_of(doubt)))
            elif doubt is None and was is not None:
                del self._told[instance.name]
                because = "a device has something over it all the same" if about else "nobody says any more that it is out"
                self._facts.put(ChannelObserved(instance.name, Sign.CLEARED, because))

    def _expire(self, now: float) -> None:
        for one in [one for one in self._heard.values() if one.expires_at <= now]:
            del self._heard[one.id]
            self._forget(one.id)
            self._store.submit(_expired(one))

    def _forget(self, ident: str) -> None:
        """What came of a word that is over, or that is said anew."""
        self._wide = {key for key in self._wide if key[0] != ident}
        self._disproved = {key for key in self._disproved if key[0] != ident}

    def _rearm(self, now: float) -> None:
        self.stop()
        at = next_end_at(self._heard.values(), now)
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(min(max(0.01, at - now), LONGEST_WAIT_S), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._seen = ()  # what lasts longer than a timer may is waited for again
        self.look()


def _told(outage: Outage) -> Mapping[str, object]:
    return {
        "what": outage.what,
        "where": outage.where,
        "since": outage.since,
        "expires_at": outage.expires_at,
        "by": outage.by,
        "message": says_of(outage),
    }


def _lost(ident: str, fault: str) -> Callable[[Tx], None]:
    says = f"what was said to be out cannot be read, and must be said again: {fault}"

    def keep(tx: Tx) -> None:
        tx.delete(META, ROW + ident)
        tx.event("alarm.outage_lost", f"outage/{ident}", message=says)

    return keep


def _expired(outage: Outage) -> Callable[[Tx], None]:
    def keep(tx: Tx) -> None:
        tx.delete(META, ROW + outage.id)
        tx.event("outage.ended", f"outage/{outage.id}", **_told(outage), because="its time is over, and nobody said it again")

    return keep


def _nobody_looks() -> None:
    """Until whoever follows the network of places is wired in."""
