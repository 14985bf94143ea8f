"""Who is who: organisations, persons, roles, contact points and areas, as one immutable snapshot."""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec

from fenghuo.model.area import Area, AreaRef
from fenghuo.model.self_probe import SELF_PROBE

__all__ = ["ContactPoint", "Directory", "Org", "Person", "RecipientId", "Role"]

RecipientId = str
"""A person's id, `org:ID`, `area:SYSTEM:CODE` or `group:NAME`: whoever or whatever has contact points."""


class Org(msgspec.Struct, frozen=True):
    """An organisation or one of the ten endpoints (端点). `level`: 1 province, 2 city, 3 county, 4 town."""

    id: str
    name: str
    kind: str = ""
    level: int = 4
    parent: str | None = None
    area: AreaRef | None = None


class Role(msgspec.Struct, frozen=True):
    """A duty role, for example disaster_informant (灾害信息员)."""

    id: str
    name: str


class Person(msgspec.Struct, frozen=True):
    """A responsible person. `areas` is what they answer for; `deputy` is asked next when they do not answer."""

    id: str
    name: str
    org: str
    roles: tuple[str, ...] = ()
    areas: tuple[AreaRef, ...] = ()
    deputy: str | None = None


class ContactPoint(msgspec.Struct, frozen=True):
    """One address of a recipient. `kind`: msisdn, callsign, url, …; a smaller rank is tried first; `proven_at`: UTC seconds."""

    owner: RecipientId
    kind: str
    address: str
    rank: int = 1
    proven_at: float | None = None


_OWN_POINTS = (ContactPoint(SELF_PROBE, SELF_PROBE, SELF_PROBE),)


class Directory(msgspec.Struct, frozen=True, dict=True):
    """A snapshot. Its hash goes into each objective, so that an audit can say who was addressed."""

    orgs: tuple[Org, ...] = ()
    roles: tuple[Role, ...] = ()
    persons: tuple[Person, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    areas: tuple[Area, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole snapshot."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()

    @cached_property
    def person_by_id(self) -> dict[str, Person]:
        return {person.id: person for person in self.persons}

    @cached_property
    def org_by_id(self) -> dict[str, Org]:
        return {org.id: org for org in self.orgs}

    @cached_property
    def area_by_ref(self) -> dict[AreaRef, Area]:
        return {area.ref: area for area in self.areas}

    @cached_property
    def equal_areas(self) -> dict[AreaRef, AreaRef]:
        """The same area in the other list of codes, from either of the two."""
        there = {area.ref: area.same_as for area in self.areas if area.same_as}
        return there | {other: ref for ref, other in there.items()}

    @cached_property
    def codes_of(self) -> dict[AreaRef, frozenset[AreaRef]]:
        """Of each area that has a code in both lists: all its codes, from any of them."""
        found: dict[AreaRef, frozenset[AreaRef]] = {}
        for area in self.areas:
            if area.same_as is not None:
                whole = frozenset({area.ref, area.same_as}).union(found.get(area.ref, ()), found.get(area.same_as, ()))
                found |= dict.fromkeys(whole, whole)
        return found

    @cached_property
    def contacts_by_owner(self) -> dict[RecipientId, tuple[ContactPoint, ...]]:
        """Every owner's contact points, best rank first."""
        grouped: dict[RecipientId, list[ContactPoint]] = {}
        for contact in self.contacts:
            grouped.setdefault(contact.owner, []).append(contact)
        return {owner: tuple(sorted(points, key=lambda point: point.rank)) for owner, points in grouped.items()}

    def points_of(self, recipient: RecipientId) -> tuple[ContactPoint, ...]:
        """How a recipient is reached, best rank first; the node's own probe stands in no directory."""
        return _OWN_POINTS if recipient == SELF_PROBE else self.contacts_by_owner.get(recipient, ())

    @cached_property
    def owners_by_address(self) -> dict[tuple[str, str], tuple[RecipientId, ...]]:
        """(kind, address) → who can be behind it; used to recognise who answers."""
        found: dict[tuple[str, str], list[RecipientId]] = {}
        for contact in self.contacts:
            found.setdefault((contact.kind, contact.address), []).append(contact.owner)
        return {key: tuple(dict.fromkeys(owners)) for key, owners in found.items()}

    def name_of(self, recipient: RecipientId) -> str:
        """The name a person reads for a recipient; the id itself where the directory knows no better."""
        prefix, _, rest = recipient.partition(":")
        if recipient in self.person_by_id:
            return self.person_by_id[recipient].name
        if prefix == "org" and rest in self.org_by_id:
            return self.org_by_id[rest].name
        if prefix == "area":
            area = self.area_by_ref.get(AreaRef.parse(rest))
            return area.name if area else recipient
        return recipient
