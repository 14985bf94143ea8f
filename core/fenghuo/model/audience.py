"""Whom an objective is for, as an expression that a rule or a sender wrote; resolved against a Directory."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["Audience", "Split"]


class Split(StrEnum):
    """How an audience becomes targets: one for each person, each area, or one for all of it; or no targets at all: the public
    of the areas, page by page over channels that take pages."""

    PERSON = "person"
    AREA = "area"
    AUDIENCE = "audience"
    PUBLIC = "public"


class Audience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Persons by role, organisation or id, inside the message's areas or named ones; or areas and groups themselves.

    `roles`, `orgs`, `persons`, `groups`: ids; empty means "does not restrict", and all of them empty means nobody.
    `areas`: "message" (the areas the message names), "all", or a list of `system:code`.
    """

    name: str
    split: Split = Split.PERSON
    roles: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    areas: str | tuple[str, ...] = "message"
