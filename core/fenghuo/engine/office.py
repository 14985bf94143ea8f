"""What the engine's parts share and nobody owns alone: node, clock, chance, rules, directory. Replaced whole, never edited."""

from __future__ import annotations

import random
from collections.abc import Mapping

from fenghuo.clock import Clock
from fenghuo.engine.authority import Grants
from fenghuo.engine.rules import RuleBook
from fenghuo.model.directory import Directory
from fenghuo.model.roll import Roll

__all__ = ["Office"]


class Office:
    """Built by the daemon. `rules`, `directory`, `roll`, `geocode_systems` (CAP valueName → code system), `grants` (who may say what) and
    `availability` (of risk groups, as the settings say) are swapped for new ones on reload; whoever holds the office sees the newest.
    `devices`: the names of all channels that start a device, as they are installed.
    """

    def __init__(self, *, node: str, clock: Clock, rules: RuleBook, directory: Directory, epoch: int = 1, seed: int | None = None) -> None:
        self.node = node
        self.clock = clock
        self.rules = rules
        self.directory = directory
        self.geocode_systems: Mapping[str, str] = {}
        self.grants: Grants = {}
        self.epoch = epoch
        self.availability: Mapping[str, float] = {}
        self.roll = Roll()
        self.devices: frozenset[str] = frozenset()
        self.chance = random.Random(seed)
