"""How far a message got with the public, from evidence: by place and public channel the share that was emitted, confirmed by a device, and
by a person. Pure.

Three figures that are never mixed (domain.md §3.9): ACCEPTED to RELAYED is emitted and no more; DEVICE is a handset or a terminal;
HUMAN and DONE are people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from fenghuo.engine.coverage import Unit
from fenghuo.model.area import AreaRef
from fenghuo.model.evidence import Evidence

__all__ = ["LEVELS", "Kind", "Seen", "covered"]


class Kind(StrEnum):
    """What a figure is of. POTENTIAL: what works now would reach; REPORTED: the same without what somebody says is out; the others: what
    evidence says of one message."""

    POTENTIAL = "potential"
    REPORTED = "reported"
    EMITTED = "emitted"
    DEVICE = "device"
    HUMAN = "human"


LEVELS = {Kind.EMITTED: Evidence.ACCEPTED, Kind.DEVICE: Evidence.DEVICE, Kind.HUMAN: Evidence.HUMAN}
"""From which evidence on a recipient counts."""


class Seen(msgspec.Struct, frozen=True):
    """What is known in one area over one public channel. `total`: recipients there are (terminals, telephones of the roll); `reached`: how
    many of them have at least the evidence of each kind."""

    area: AreaRef
    channel: str
    total: int
    reached: Mapping[Kind, int]


def covered(units: Iterable[Unit], seen: Iterable[Seen], kind: Kind) -> Mapping[AreaRef, Mapping[str, float]]:
    """The share that each channel got to in each place, 0 to 1. What was told to the area nearest to a place counts for it: a village's own
    terminals, else those of its town."""
    sums: dict[tuple[AreaRef, str], tuple[int, int]] = {}
    for one in seen:
        reached, total = sums.get((one.area, one.channel), (0, 0))
        sums[one.area, one.channel] = (reached + one.reached.get(kind, 0), total + one.total)
    channels = {channel for _, channel in sums}
    found: dict[AreaRef, dict[str, float]] = {}
    for unit in units:
        found[unit.area] = {}
        for channel in channels:
            reached, total = next((sums[ref, channel] for ref in unit.lineage if (ref, channel) in sums), (0, 0))
            found[unit.area][channel] = min(1.0, reached / total) if total else 0.0
    return found
