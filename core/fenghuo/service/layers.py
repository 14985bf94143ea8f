"""Keeps the layers of boundaries that the centre has imported, each as one value in the store: for drawing, and for nothing else.

Who an alert is for is decided by its codes and shapes alone; a layer changes no authority and no audience.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import structlog

from fenghuo.engine.office import Office
from fenghuo.errors import FormatError, NotFound
from fenghuo.formats.area_layer import Known, LayerRead, Shape
from fenghuo.formats.official_areas import OFFICIAL
from fenghuo.model.area import AreaRef
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["MOST_LAYERS", "Layer", "LayerKeeper"]

ROW = "area_layer."
MOST_LAYERS = 8

log = structlog.stdlib.get_logger("fenghuo.layers")


class Layer(msgspec.Struct, frozen=True):
    """`source`, `date`: whose lines they are and of which day; `approval`: the review number of a map (审图号), "" for none; `crs`: of the
    file; `at`: UTC seconds of the import; `by`: who imported it."""

    name: str
    source: str
    date: str
    approval: str
    crs: str
    at: float
    by: str
    shapes: tuple[Shape, ...]
    digest: str = ""


class LayerKeeper:
    """The later import counts where two layers have the same area."""

    def __init__(self, store: Store, office: Office) -> None:
        self._store = store
        self._office = office
        self._layers: dict[str, Layer] | None = None

    def known(self) -> dict[AreaRef, Known]:
        """What a layer may name: the areas of the directory, and those of the official lists."""
        found = {ref: Known(name) for ref, name in OFFICIAL.items()}
        for area in self._office.directory.areas:
            seat = (area.lat, area.lon) if area.lat is not None and area.lon is not None else None
            found[area.ref] = Known(area.name, seat)
        return found

    async def layers(self) -> Mapping[str, Layer]:
        """By name, the oldest import first. One that cannot be read is left out, and stands in the log."""
        if self._layers is None:
            found = [_taken_back(row) for row in await self._store.find(META, "name LIKE ?", f"{ROW}%")]
            self._layers = {one.name: one for one in sorted(filter(None, found), key=lambda one: one.at)}
        return self._layers

    async def shapes(self) -> dict[str, tuple[str, Shape]]:
        """SYSTEM:CODE → name of the layer, and the shape that counts; in the order of the codes."""
        found = {shape.area: (layer.name, shape) for layer in (await self.layers()).values() for shape in layer.shapes}
        return dict(sorted(found.items()))

    async def put(self, layer: Layer, read: LayerRead) -> Layer:
        """Keep what was read, in place of the layer of this name. Raises: FormatError: there are too many."""
        known = await self.layers()
        if layer.name not in known and len(known) >= MOST_LAYERS:
            says = f"there are {len(known)} layers: {', '.join(known)}; drop one, or give the name of the one that is to be replaced"
            raise FormatError(says, code="bad-argument", where="name")
        body = msgspec.json.encode(read.shapes)
        full = msgspec.structs.replace(layer, shapes=read.shapes, digest=hashlib.sha256(body).hexdigest()[:16])
        row = MetaRow(f"{ROW}{layer.name}", msgspec.json.encode(full).decode())

        def keep(tx: Tx) -> None:
            tx.put(META, row)
            tx.event("layer.imported", f"layer/{full.name}", areas=len(full.shapes), digest=full.digest, source=full.source, by=full.by)
            tx.audit(Deed.of("import", f"layer/{full.name}", content=full.digest, source=full.source, date=full.date))

        def use(_: None) -> None:
            self._layers = {**{name: one for name, one in known.items() if name != full.name}, full.name: full}

        await self._store.run(keep, then=use)
        return full

    async def drop(self, name: str) -> Layer:
        """Forget a layer. Raises: NotFound."""
        known = await self.layers()
        if name not in known:
            raise NotFound(f"there is no layer {name!r}; there are {', '.join(known) or 'none'}")

        def gone(tx: Tx) -> None:
            tx.delete(META, f"{ROW}{name}")
            tx.event("layer.dropped", f"layer/{name}")
            tx.audit(Deed.of("drop", f"layer/{name}", content=known[name].digest))

        def use(_: None) -> None:
            self._layers = {other: one for other, one in known.items() if other != name}

        await self._store.run(gone, then=use)
        return known[name]


def _taken_back(row: MetaRow) -> Layer | None:
    try:
        return msgspec.json.decode(row.value, type=Layer)
    except msgspec.MsgspecError as fault:
        log.error("an imported layer cannot be read; import it again", layer=row.name.removeprefix(ROW), cause=str(fault))
        return None
