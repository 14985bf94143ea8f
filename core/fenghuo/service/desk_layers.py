"""Verbs of the desk about imported boundaries: import, ls, show, drop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import FormatError
from fenghuo.formats.area_layer import CRS, Reading, Shape, read_layer
from fenghuo.formats.csv_table import HIDDEN
from fenghuo.model.area import CodeSystem
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.layers import Layer, LayerKeeper
from fenghuo.service.showing import rfc3339

__all__ = ["LayerVerbs", "layer_view"]

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
MOST_TEXT = 120
PAGE_POINTS = 5_000
"""Corners in one answer, so that it fits into a frame of a console."""


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`geojson`: the file; the rest is said by whoever imports it. `system`: the list of bare codes; `code`, `title`: the properties."""

    geojson: str
    name: str
    source: str
    date: str
    crs: str
    approval: str = ""
    system: str = ""
    code: str = "code"
    title: str = "name"
    dry_run: bool = False


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shapes whose area comes after this one."""

    after: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class LayerVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, keeper: LayerKeeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock

    def verbs(self) -> Mapping[str, Verb]:
        return {"layer.import": self.take, "layer.ls": self.list, "layer.show": self.show, "layer.drop": self.drop}

    async def take(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Read, and unless it is a dry run or has faults, keep a layer; the report says what it holds."""
        wanted = msgspec.convert(args, Import)
        _check(wanted)
        reading = Reading(wanted.crs, wanted.system, wanted.code, wanted.title)
        read = await asyncio.to_thread(read_layer, wanted.geojson, reading, self._keeper.known())
        layer = Layer(wanted.name, wanted.source, wanted.date, wanted.approval, wanted.crs, self._clock.time(), actor.name, read.shapes)
        is_kept = not read.faults and not wanted.dry_run
        if is_kept:
            layer = await self._keeper.put(layer, read)
        return {**layer_view(layer), "kept": is_kept, "faults": list(read.faults), "notes": list(read.notes)}

    async def list(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every layer, the newest import first: it counts where two have the same area."""
        return [layer_view(layer) for layer in reversed([*(await self._keeper.layers()).values()])]

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The shapes that count, in the order of their codes; `next` is where to go on, "" at the end."""
        after = msgspec.convert(args, After).after
        shapes: list[dict[str, Any]] = []
        points = 0
        for area, (layer, shape) in (await self._keeper.shapes()).items():
            if area <= after:
                continue
            points += _points(shape)
            if shapes and points > PAGE_POINTS:
                return {"shapes": shapes, "next": shapes[-1]["area"]}
            shapes.append({"area": area, "name": shape.name, "layer": layer, "polygons": shape.polygons})
        return {"shapes": shapes, "next": ""}

    async def drop(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        return layer_view(await self._keeper.drop(msgspec.convert(args, Named).name))


def layer_view(layer: Layer) -> dict[str, Any]:
    """A layer without its lines."""
    return {
        "name": layer.name,
        "source": layer.source,
        "date": layer.date,
        "approval": layer.approval,
        "crs": layer.crs,
        "areas": [{"area": shape.area, "name": shape.name} for shape in layer.shapes],
        "points": sum(map(_points, layer.shapes)),
        "digest": layer.digest,
        "imported": rfc3339(layer.at),
        "by": layer.by,
    }


def _points(shape: Shape) -> int:
    return sum(len(ring) for polygon in shape.polygons for ring in polygon)


def _check(wanted: Import) -> None:
    """Raises: FormatError: something that was said beside the file cannot be."""
    named = f"{wanted.name!r} must be 1 to 32 small letters, figures and hyphens, such as towns"
    crs = f"{wanted.crs!r} must be one of {', '.join(CRS)}; nothing in the numbers shows which it is"
    says = {
        "name": "" if NAME.fullmatch(wanted.name) else named,
        "crs": "" if wanted.crs in CRS else crs,
        "system": _system(wanted.system),
        "date": "" if _is_date(wanted.date) else f"{wanted.date!r} must be the day of the lines, such as 2026-07-15",
        "source": _text(wanted.source, required=True),
        "approval": _text(wanted.approval),
    }
    for where, sentence in says.items():
        if sentence:
            raise FormatError(f"{where} {sentence}", code="bad-argument", where=where)


def _system(given: str) -> str:
    known = [one.value for one in CodeSystem]
    return "" if given in ("", *known) else f"{given!r} must be {' or '.join(known)}, or left out where each code says its own"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _text(given: str, *, required: bool = False) -> str:
    if required and not given.strip():
        return "must say whose lines these are"
    if len(given) > MOST_TEXT or HIDDEN.search(given):
        return f"must be at most {MOST_TEXT} characters, none of them hidden"
    return ""
