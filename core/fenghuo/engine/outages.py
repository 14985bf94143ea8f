"""What others say is out: a risk group or a channel, everywhere or in one area, by whose word and until when. Pure.

It is a suspicion and no more: it comes before any probe can notice, demotes what hangs on it, and takes nothing down. A word about all that
a channel serves makes the channel suspect; a word about one area makes it suspect for whoever is there.
Source: failover.md, Health of a channel, Modes (two signals); scenarios.md S1, S3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from fenghuo.model.area import AreaRef
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.situation import ChannelView

__all__ = ["Outage", "is_everywhere", "is_hit", "is_there", "next_end_at", "other_codes", "places_of", "says_of", "standing"]


class Outage(msgspec.Struct, frozen=True):
    """One source's word. `key`: the source's own name for it, else what and where; `what`: a risk group or a channel; `area`: None is
    everywhere; `since`, `reported_at`, `expires_at`: UTC seconds, the first as the source says; `by`: whose token brought it; `reason`:
    the source's words."""

    key: str
    what: str
    area: AreaRef | None
    since: float
    reported_at: float
    expires_at: float
    by: str
    reason: str = ""

    @property
    def id(self) -> str:
        """Two sources never speak of one outage: each ends its own."""
        return f"{self.by}/{self.key}"

    @property
    def where(self) -> str:
        return str(self.area) if self.area is not None else "everywhere"


def standing(outages: Iterable[Outage], now: float) -> tuple[Outage, ...]:
    """Those that say something at `now` (UTC seconds)."""
    return tuple(one for one in outages if one.since <= now < one.expires_at)


def next_end_at(outages: Iterable[Outage], now: float) -> float | None:
    """When the next of them begins or ends to say something, UTC seconds."""
    turns = (at for one in outages for at in (one.since, one.expires_at) if one.expires_at > now)
    return min((at for at in turns if at > now), default=None)


def says_of(outage: Outage) -> str:
    """A word as a sentence."""
    words = f": {outage.reason}" if outage.reason else ""
    return f"{outage.by} says that {outage.what} is out ({outage.where}){words}"


def is_hit(outage: Outage, view: ChannelView) -> bool:
    """Whether a channel hangs on what is out."""
    return outage.what == view.name or outage.what in view.risk_groups


def is_everywhere(outage: Outage, view: ChannelView, directory: Directory) -> bool:
    """Whether it is about all that a channel serves: no area is named, or whoever has an address on it is in that area."""
    if outage.area is None:
        return True
    kinds = set(view.address_kinds)
    owners = [owner for owner, points in directory.contacts_by_owner.items() if any(point.kind in kinds for point in points)]
    return bool(owners) and all(is_there(outage.area, places_of(owner, directory), directory) for owner in owners)


def is_there(area: AreaRef, places: Collection[AreaRef], directory: Directory) -> bool:
    """Whether any of these places lies in the area, by either of its codes."""
    named = directory.codes_of.get(area, (area,))
    return any(one.covers(place) for place in places for one in named)


def places_of(recipient: RecipientId, directory: Directory) -> frozenset[AreaRef]:
    """Where a recipient is: the place of its post, else what it answers for; empty where the directory does not say."""
    kind, _, rest = recipient.partition(":")
    if kind == "area":
        return frozenset({AreaRef.parse(rest)})
    if kind == "org":
        org = directory.org_by_id.get(rest)
        return frozenset({org.area} if org is not None and org.area is not None else ())
    person = directory.person_by_id.get(recipient)
    if person is None:
        return frozenset()
    org = directory.org_by_id.get(person.org)
    return frozenset(person.areas) or frozenset({org.area} if org is not None and org.area is not None else ())


def other_codes(area: AreaRef, directory: Directory) -> set[AreaRef]:
    """What the same area is called in the other list."""
    return set(directory.codes_of.get(area, ())) - {area}
