"""Whose a receipt is that comes under an id nobody knows: an emission whose outcome a crash or a timeout has kept from us.

It is taken for such an emission only where no other could own it. A receipt that was taken for an emission of one fragment is all that
this one will ever get: from then on it owns no other, or a number that once was in doubt could never be told its receipts apart again.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import msgspec

from fenghuo.engine.book import Book
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.costs import estimated
from fenghuo.engine.names import LIFE_S, is_in_time
from fenghuo.engine.orphans import Stored
from fenghuo.formats.renditions import marked
from fenghuo.model.delivery import Attempt
from fenghuo.model.rendition import Rendition
from fenghuo.store.store import Store
from fenghuo.store.tables import ATTEMPT, DELIVERY, RECEIPT, REF, RENDITION

__all__ = ["NAMELESS_S", "Nameless", "Owner", "fragments_by"]

NAMELESS_S = LIFE_S
"""How far back another emission without an id may still get its report."""
SET_BACK_S = 86_400.0
"""How far the wall clock may have been set back between an emission and its receipt, so that it seems to have begun after it."""
SHORT_UNITS = 70
"""UTF-16 units that one short message holds, whatever is in them: known of the form before its channel is there to be asked.
Source: 3GPP TS 23.038, UCS2."""
NAMELESS = "(outcome = '' OR outcome LIKE 'unknown%')"

Fragments = Callable[[str, Rendition, str], int]
"""Of how many fragments a payload to an address is over a channel; 0: nobody can say now."""


class Owner(msgspec.Struct, frozen=True):
    """Whose a receipt is. `is_whole`: its emission was surely of one fragment, so that the receipt is of all of it; of several it is of
    one, and which of the others ever left nobody knows."""

    delivery: int
    is_whole: bool


class Nameless:
    """The emissions that no outcome has named, by where they went."""

    def __init__(self, book: Book, store: Store) -> None:
        self._book = book
        self._store = store
        self._has_read = False
        self._given: dict[int, set[str]] = {}  # delivery → the refs it was given, committed or not
        self._for_pages: dict[str, list[Stored]] = {}
        self.fragments: Fragments = _nobody_can_say
        self.is_for_page: Callable[[Stored, float], Awaitable[bool]] = _there_are_no_pages

    async def owner(self, stored: Stored) -> Owner | None:
        """The delivery that a receipt under an unknown id is of, open or over; None where it could be either of two, or be named yet, or
        its text was handed in at another time.
        Whoever acts on it says given() before anything else happens."""
        place, since = (stored.channel, stored.inbound.address), stored.at - NAMELESS_S
        if not stored.inbound.address:
            return None
        if not self._has_read:
            await self._read(since)
        numbers = tuple(self._book.nameless.get(place, ()))
        if numbers and await self.is_for_page(stored, since):
            self._for_pages.setdefault(stored.channel, []).append(stored)
            return None
        unanswered = {number: await self._unanswered(stored, number, since) for number in numbers}
        names = {stored.inbound.ref, *stored.inbound.alternate_refs}
        if self.is_on_air(stored) or any((stored.channel, name) in self._book.refs for name in names):  # it was named while we looked
            return None
        again = [number for number in unanswered if not names.isdisjoint(self._given[number])]
        owners = again or [number for number, (_, most) in unanswered.items() if most > len(self._given[number])]
        if len(owners) != 1:
            return None
        surely, most = unanswered[owners[0]]
        if not (again or surely > len(self._given[owners[0]])):
            return None
        return Owner(owners[0], is_whole=most < math.inf)

    def after_page(self, channel: str) -> list[Stored]:
        """A page over this channel has its name: the receipts that could have been of it, and may now have one owner."""
        return self._for_pages.pop(channel, [])

    def given(self, delivery: int, stored: Stored) -> None:
        """This receipt was taken for this delivery."""
        self._given.setdefault(delivery, set()).add(stored.inbound.ref)

    def is_on_air(self, stored: Stored) -> bool:
        """Whether something is on the air to its recipient, whose outcome may yet name it."""
        place = (stored.channel, stored.inbound.address)
        on_air = (self._book.delivery(key) for key in self._book.on_air)
        return any(one is not None and (one.channel, one.address) == place for one in on_air)

    async def _read(self, since: float) -> None:
        """One look at all attempts, and only where a receipt has come that nobody can name."""
        for row in await self._store.find(ATTEMPT, f"at > ? AND {NAMELESS}", since):
            self._book.nameless.setdefault((row.channel, row.address), {})[row.delivery] = None
        self._has_read = True

    async def _unanswered(self, stored: Stored, delivery: int, since: float) -> tuple[float, float]:
        """How many receipts its nameless emissions can own in all: of those that began before this one came, and of those that may have, by
        a clock that was set back; what it was given is noted. Infinity where one of them may be of several fragments, each of which gets a
        receipt of its own."""
        channel, until = stored.channel, stored.at
        given = self._given.setdefault(delivery, set())
        receipts = await self._store.find(RECEIPT, "delivery = ? AND channel = ? AND ref != ''", delivery, channel)
        for ref in given | {receipt.ref for receipt in receipts}:
            is_named = await self._store.sound(REF, channel, ref) is not None
            (given.discard if is_named else given.add)(ref)
        within = (delivery, since, until + SET_BACK_S)
        attempts = await self._store.find(ATTEMPT, f"delivery = ? AND at > ? AND at <= ? AND {NAMELESS}", *within)
        sizes = [(attempt.at, await self._fragments(attempt)) for attempt in attempts if is_in_time(attempt, stored.inbound)]
        return _owned([size for at, size in sizes if at <= until]), _owned([size for _, size in sizes])

    async def _fragments(self, attempt: Attempt) -> int:
        """Of how many fragments an emission was at most; 0: nobody can say now."""
        delivery = await self._store.sound(DELIVERY, attempt.delivery)
        row = await self._store.sound(RENDITION, delivery.message, delivery.revision, delivery.form) if delivery is not None else None
        if row is None:
            return 0
        payload = marked(Rendition(row.form, row.text, row.data, row.media_type, row.left_out), attempt.mark)
        units = len(payload.text.encode("utf-16-le")) // 2
        dearest = payload.data.ljust(3 * units)  # for who counts octets alone: as if every character were one of three
        said = self.fragments(attempt.channel, msgspec.structs.replace(payload, data=dearest), attempt.address)
        is_short = delivery is not None and delivery.form.partition("/")[0] == "sms" and units <= SHORT_UNITS
        return said or int(is_short)


def _owned(sizes: list[int]) -> float:
    """Receipts that emissions of so many fragments get."""
    return len(sizes) if all(size == 1 for size in sizes) else math.inf


def fragments_by(board: ChannelBoard) -> Fragments:
    """What the channels estimate; one that has not started, or does not know, leaves it open."""

    def fragments(name: str, payload: Rendition, address: str) -> int:
        instance = board.get(name)
        cost = estimated(instance, payload, address) if instance is not None else None
        return cost.fragments if cost is not None else 0

    return fragments


async def _there_are_no_pages(stored: Stored, since: float) -> bool:
    """Until the fan-outs are wired in."""
    return False


def _nobody_can_say(channel: str, payload: Rendition, address: str) -> int:
    """Until the channels are wired in."""
    return 0
