"""Coverage in sentences for whoever must decide by it: what fails the gate, what the figures rest on, and what in them is not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fenghuo.engine.coverage import FLOOR, GATE, Coverage, Light
from fenghuo.engine.covered import Kind
from fenghuo.engine.inhabited import Inhabited
from fenghuo.formats.sentences import Sentence, said
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Inventory, PublicChannel
from fenghuo.model.situation import ChannelView

__all__ = ["ASSUMPTION", "channel_line", "gate_says", "reported_says", "sentences"]

ASSUMPTION = "grouped: channels of one overlap group reach the same people, groups are independent of each other"
NAMED = 10
"""Places that are named in one sentence; all are in the list."""


def sentences(
    found: Mapping[Kind, Coverage], sure: Coverage, laid: Inhabited, *, inventory: Inventory, areas: Collection[AreaRef]
) -> list[Sentence]:
    """The most important first."""
    potential = found[Kind.POTENTIAL]
    return [
        *(said(f"coverage.{kind.value}", pct=_pct(one.total.grouped), least=_pct(one.total.lower)) for kind, one in found.items()),
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


def gate_says(potential: Coverage) -> Iterator[Sentence]:
    """Why the gate fails, or how nearly it does; nothing where it is passed with room to spare."""
    if not potential.people:
        yield said("coverage.nobody")
        return
    if potential.falls_short:
        yield said("coverage.fails", pct=_pct(potential.total.grouped), gate=_pct(GATE))
    for town in potential.low_towns:
        yield said("coverage.fails_town", town=town.name, area=town.area, pct=_pct(town.estimates.grouped), floor=_pct(FLOOR))
    if potential.light is Light.AMBER:
        at_floor = min(potential.towns, key=lambda town: town.estimates.grouped)
        yield said("coverage.at_floor", town=at_floor.name, area=at_floor.area, floor=_pct(FLOOR))


def reported_says(reported: Coverage | None, potential: Coverage) -> Iterator[Sentence]:
    """What more of the gate fails if whoever says that something is out is right."""
    if reported is not None:
        known = list(gate_says(potential))
        yield from (said("coverage.if_out", says=says) for says in gate_says(reported) if says not in known)


def _gaps(potential: Coverage) -> Iterator[Sentence]:
    if potential.gaps:
        named = [f"{gap.unit.name} {_pct(gap.grouped)}" for gap in potential.gaps[:NAMED]]
        more = " …" if len(potential.gaps) > NAMED else ""
        yield said("coverage.gaps", n=len(potential.gaps), floor=_pct(FLOOR), named=named, more=more)


def _doubt(potential: Coverage, sure: Coverage) -> Iterator[Sentence]:
    if sure.total.grouped < potential.total.grouped:
        yield said("coverage.sure", pct=_pct(sure.total.grouped))


def _inventory(laid: Inhabited, inventory: Inventory) -> Iterator[Sentence]:
    for name, rows in inventory.provenances.items():
        if unverified := sum(1 for row in rows if not row.verified):
            yield said("coverage.unverified", n=unverified, rows=len(rows), file=f"{name}.csv")
    if laid.shared_out:
        yield said("coverage.shared_out", n=laid.shared_out)
    if laid.unreached:
        yield said("coverage.unreached", n=laid.unreached)
    if laid.unknown:
        yield said("coverage.unknown", areas=list(map(str, laid.unknown[:NAMED])))


def _areas(laid: Inhabited, areas: Collection[AreaRef]) -> Iterator[Sentence]:
    """An area that holds no place is not covered by silence."""
    without = sorted(area for area in areas if not laid.within((area,)))
    if without:
        yield said("coverage.without", areas=list(map(str, without)))


def _pct(share: float) -> str:
    return f"{share * 100:.1f} %"
