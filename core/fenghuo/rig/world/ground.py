"""Where a simulated day takes place: the ways out, the people, the rules between them, and what a licence allows on the air."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from fenghuo.command.duties import CommandRules
from fenghuo.engine.authority import Grants
from fenghuo.engine.channels import Terms
from fenghuo.engine.modes_profile import Profiles
from fenghuo.engine.rules import RuleBook
from fenghuo.link import Caps
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Inventory
from fenghuo.model.directory import Directory
from fenghuo.model.road import RoadMap
from fenghuo.plugin.carrying import Carrying
from fenghuo.plugin.ports import Capabilities, Doubt
from fenghuo.service.settings_values import EnergySettings

__all__ = ["CAPS", "Carries", "Ground", "Way"]

CAPS = Caps(span_s=300.0, hard=0.15, soft=0.12, reserve=0.03)
"""What a licence allows on a frequency: 45 of 300 seconds."""


class Carries(msgspec.Struct, frozen=True):
    """How a way carries attachments: by the code of a channel type. `share`: its server, its own where empty."""

    by: Carrying
    settings: msgspec.Struct
    share: str = ""


class Way(msgspec.Struct, frozen=True):
    """A channel instance: what it takes, what it can do, what the operator says of it. `kind`: its type, its name where empty;
    `piece_octets`, `piece_s`: a radio sends in frames of so many octets, each so long on the air; 0: by the octet;
    `probe_limit_s`: for so long it waits for the answer to a probe that never comes; `members`: addresses of posts
    that are called together, in the order of their slots; `above`: the callsign of the post that is set over this node there;
    `carries`: how it
    brings attachments; None: it leaves them out."""

    name: str
    kinds: tuple[str, ...]
    capabilities: Capabilities
    terms: Terms
    kind: str = ""
    piece_octets: int = 0
    piece_s: float = 0.0
    probe_limit_s: float = 0.0
    members: tuple[str, ...] = ()
    above: str = ""
    carries: Carries | None = None

    @property
    def is_actuator(self) -> bool:
        return self.capabilities.doubt is Doubt.ACTUATOR


class Ground(msgspec.Struct, frozen=True, dict=True):
    """`public`: channels by which no exercise and no test may ever leave (A4); `signers`: who may sign, each by a token of that name;
    `sources`: who else may bring messages in, and for which areas; `grants`: what they may say; `accounts`: whose sessions
    there may be, each with rights; `besides`: audiences that are told by
    one way alone, whatever else reaches people (sirens)."""

    ways: tuple[Way, ...]
    directory: Directory
    rules: RuleBook
    public: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    caps: Caps = CAPS
    inventory: Inventory = Inventory()
    besides: tuple[str, ...] = ()
    roads: RoadMap = RoadMap()
    sources: Mapping[str, tuple[AreaRef, ...]] = msgspec.field(default_factory=dict)
    grants: Grants = msgspec.field(default_factory=dict)
    energy: EnergySettings | None = None
    profiles: Profiles = msgspec.field(default_factory=dict)
    command_rules: CommandRules = CommandRules()
    accounts: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    @cached_property
    def way(self) -> dict[str, Way]:
        """By name."""
        return {way.name: way for way in self.ways}

    @cached_property
    def owners(self) -> dict[str, str]:
        """Whose address it is."""
        return {point.address: point.owner for point in self.directory.contacts}
