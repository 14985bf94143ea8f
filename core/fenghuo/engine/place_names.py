"""One name for each place: a town goes by its organisation's id and by a code in each of two lists, and a mode is about the town. Pure.

Modes, signals and declarations are named at the door, so that no power under one name, no network under the next and no road under a third
are one 三无. Source: scenarios.md §0 (two code systems); failover.md, Modes.
"""

from __future__ import annotations

from fenghuo.engine.network import place_of
from fenghuo.engine.outages import other_codes
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.directory import Directory

__all__ = ["place_named"]


def place_named(said: str, directory: Directory) -> str:
    """What a place is called here: the area of a town's organisation, and of an area in both lists the legal code. What the directory does
    not know, and a bare code that stands for two areas, stays as it was said."""
    if not said:
        return said
    org = directory.org_by_id.get(said)
    name = place_of(org) if org is not None else said
    found = {_legal(area, directory) for area in _areas(name, directory)}
    return str(found.pop()) if len(found) == 1 else name


def _areas(name: str, directory: Directory) -> list[AreaRef]:
    if not (name.isascii() and name.isdigit()):
        ref = _parsed(name)
        return [ref] if ref is not None else []
    both = [AreaRef(system, name) for system in CodeSystem]
    return [one for one in both if one in directory.area_by_ref or other_codes(one, directory)]


def _parsed(name: str) -> AreaRef | None:
    try:
        return AreaRef.parse(name)
    except ValueError:
        return None


def _legal(area: AreaRef, directory: Directory) -> AreaRef:
    legal = [one for one in (area, *other_codes(area, directory)) if one.system is CodeSystem.MCA]
    return min(legal, default=area)
