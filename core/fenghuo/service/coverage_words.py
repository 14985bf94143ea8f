"""Coverage in sentences for whoever must decide by it: what fails the gate, what the figures rest on, and what in them is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fenghuo.engine.coverage import FLOOR, GATE, Coverage, Light
from fenghuo.engine.covered import Kind
from fenghuo.engine.inhabited import Inhabited
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Inventory, PublicChannel
from fenghuo.model.situation import ChannelView

__all__ = ["ASSUMPTION", "channel_line", "gate_says", "reported_says", "sentences"]

ASSUMPTION = "grouped: channels of one overlap group reach the same people, groups are independent of each other"
NAMED = 10
"""Places that are named in one sentence; all are in the list."""
TITLE = {
    Kind.POTENTIAL: "what works now would reach",
    Kind.REPORTED: "without what is said to be out it would reach",
    Kind.EMITTED: "was emitted for",
    Kind.DEVICE: "devices confirmed",
    Kind.HUMAN: "people confirmed",
}


def sentences(
    found: Mapping[Kind, Coverage], sure: Coverage, laid: Inhabited, *, inventory: Inventory, areas: Collection[AreaRef]
) -> list[str]:
    """The most important first."""
    potential = found[Kind.POTENTIAL]
    return [
        *(f"{TITLE[kind]} {_pct(one.total.grouped)} (at least {_pct(one.total.lower)})" for kind, one in found.items()),
        *gate_says(potential),
        *reported_says(found.get(Kind.REPORTED), potential),
        *_gaps(potential),
        *_doubt(potential, sure),
        *_inventory(laid, inventory),
        *_areas(laid, areas),
    ]


def channel_line(channel: PublicChannel, views: Sequence[ChannelView], lose: Collection[str]) -> dict[str, Any]:
    """A public channel and what carries it here."""
    instances = [{"name": view.name, "health": view.health.value, "admin": view.admin.value, "counts": view.is_usable} for view in views]
    lost = sorted({name for name in (channel.name, *_points(views)) if name in lose})
    return {"name": channel.name, "label": channel.label, "group": channel.group, "instances": instances, "lost": lost}


def _points(views: Sequence[ChannelView]) -> Iterator[str]:
    for view in views:
        yield from (view.name, *view.risk_groups)


def gate_says(potential: Coverage) -> Iterator[str]:
    """Why the gate fails, or how nearly it does; nothing where it is passed with room to spare."""
    if not potential.people:
        yield "nobody lives where this is asked of, as far as the inventory knows"
        return
    if potential.falls_short:
        yield f"the gate fails: {_pct(potential.total.grouped)} is not more than {_pct(GATE)}"
    for town in potential.low_towns:
        yield f"the gate fails: {town.name} ({town.area}) has {_pct(town.estimates.grouped)}, less than {_pct(FLOOR)}"
    if potential.light is Light.AMBER:
        at_floor = min(potential.towns, key=lambda town: town.estimates.grouped)
        yield f"the gate is passed, and {at_floor.name} ({at_floor.area}) stands at its floor of {_pct(FLOOR)}"


def reported_says(reported: Coverage | None, potential: Coverage) -> Iterator[str]:
    """What more of the gate fails if whoever says that something is out is right."""
    if reported is not None:
        known = set(gate_says(potential))
        yield from (f"if what is said to be out is out: {says}" for says in gate_says(reported) if says not in known)


def _gaps(potential: Coverage) -> Iterator[str]:
    if potential.gaps:
        named = ", ".join(f"{gap.unit.name} {_pct(gap.grouped)}" for gap in potential.gaps[:NAMED])
        more = " …" if len(potential.gaps) > NAMED else ""
        yield f"{len(potential.gaps)} places are under {_pct(FLOOR)}: {named}{more}"


def _doubt(potential: Coverage, sure: Coverage) -> Iterator[str]:
    if sure.total.grouped < potential.total.grouped:
        yield f"of that {_pct(sure.total.grouped)} is on channels that are known to be up; the others are only not known to be down"


def _inventory(laid: Inhabited, inventory: Inventory) -> Iterator[str]:
    for name, rows in inventory.provenances.items():
        if unverified := sum(1 for row in rows if not row.verified):
            yield f"未核实: {unverified} of {len(rows)} rows of {name}.csv are not verified by anybody"
    if laid.shared_out:
        yield f"{laid.shared_out} villages have no figure of their own and an even share of their town's people"
    if laid.unreached:
        yield f"of {laid.unreached} places the inventory says of no channel what it reaches, and they count as not reached"
    if laid.unknown:
        yield f"the directory no longer has {', '.join(map(str, laid.unknown[:NAMED]))}, which the inventory names"


def _areas(laid: Inhabited, areas: Collection[AreaRef]) -> Iterator[str]:
    """An area that holds no place is not covered by silence."""
    without = sorted(area for area in areas if not laid.within((area,)))
    if without:
        yield f"the inventory has nobody in {', '.join(map(str, without))}, which the alert is for"


def _pct(share: float) -> str:
    return f"{share * 100:.1f} %"
