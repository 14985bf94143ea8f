"""What reaches the public, as an inventory: who lives where, which public channels there are, and what share of each place they reach."""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec

from fenghuo.model.area import AreaRef

__all__ = ["Inventory", "People", "Provenance", "PublicChannel", "Reach"]


class Provenance(msgspec.Struct, frozen=True):
    """Where a figure comes from. `verified`: a person with the text in hand has confirmed it; `verified_at`: a date as they wrote it."""

    source: str = ""
    verified: bool = False
    verified_by: str = ""
    verified_at: str = ""


class PublicChannel(msgspec.Struct, frozen=True):
    """A channel to the public. `group`: channels of one overlap group reach the same people; `via`: names or types of the channel
    instances that carry it here, of which one is enough."""

    name: str
    label: str
    group: str
    via: tuple[str, ...] = ()
    provenance: Provenance = Provenance()


class People(msgspec.Struct, frozen=True):
    """How many people live in an area: a village, or a town whose villages have no figures of their own."""

    area: AreaRef
    people: int
    provenance: Provenance = Provenance()


class Reach(msgspec.Struct, frozen=True):
    """The share (0 to 1) of an area's people that a public channel reaches while it works; it holds for what lies in the area, unless
    that has a row of its own. `hangs_on`: risk groups of the place itself (`mains:huangjing`, `site:bs3`); `as_of`: the source's date."""

    area: AreaRef
    channel: str
    reach: float
    hangs_on: tuple[str, ...] = ()
    as_of: str = ""
    provenance: Provenance = Provenance()


class Inventory(msgspec.Struct, frozen=True, dict=True):
    """One reading of the three files. Its digest is the version that every answer names."""

    channels: tuple[PublicChannel, ...] = ()
    people: tuple[People, ...] = ()
    reach: tuple[Reach, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex, first 16) of all of it."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()[:16]

    @property
    def provenances(self) -> dict[str, tuple[Provenance, ...]]:
        """Where its rows come from, by file."""
        return {
            "channels": tuple(one.provenance for one in self.channels),
            "people": tuple(one.provenance for one in self.people),
            "reach": tuple(one.provenance for one in self.reach),
        }
