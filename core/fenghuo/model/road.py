"""Roads, water, air and footpaths as one map in layers, and what is reported of them.

Source: domain.md §3.10; failover.md, No road.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property

import msgspec

from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Provenance

__all__ = ["WORD_OF", "Layer", "LayerTerms", "RoadMap", "RoadPlace", "RoadReport", "Segment", "SegmentState"]


class Layer(StrEnum):
    """By what one goes."""

    ROAD = "road"
    WATER = "water"
    AIR = "air"
    FOOT = "foot"


WORD_OF = {Layer.ROAD: "公路", Layer.WATER: "水路", Layer.AIR: "空中", Layer.FOOT: "步行"}
"""What people call a layer."""


class SegmentState(StrEnum):
    """Whether a segment can be used, best first. RESTRICTED: more slowly; UNKNOWN: once reported, and nothing that holds any more."""

    OPEN = "open"
    RESTRICTED = "restricted"
    UNKNOWN = "unknown"
    CUT = "cut"


class LayerTerms(msgspec.Struct, frozen=True):
    """What a layer costs to get on and off, in minutes, and the wind that stops it, in m/s; None: no wind does."""

    layer: Layer
    board_min: float = 0.0
    leave_min: float = 0.0
    max_wind_ms: float | None = None
    provenance: Provenance = Provenance()


class RoadPlace(msgspec.Struct, frozen=True):
    """A town seat, village, depot, jetty. `orgs`: whose units stand here; `is_base`: help starts from here, and what has no road to any
    base is cut off; `is_station`: a mobile base station can be set up here; lat/lon: WGS-84 degrees."""

    id: str
    name: str
    area: AreaRef | None = None
    orgs: tuple[str, ...] = ()
    people: int = 0
    is_base: bool = False
    is_station: bool = False
    lat: float | None = None
    lon: float | None = None
    provenance: Provenance = Provenance()


class Segment(msgspec.Struct, frozen=True):
    """One way between two places in one layer, in both directions. `name`: what people call it; `max_wind_ms`: where it stands less than
    its layer does."""

    id: str
    layer: Layer
    a: str
    b: str
    km: float
    kmh: float
    name: str = ""
    max_wind_ms: float | None = None
    provenance: Provenance = Provenance()

    @property
    def minutes(self) -> float:
        """Under way, where nothing is in it."""
        return self.km / self.kmh * 60.0


class RoadMap(msgspec.Struct, frozen=True, dict=True):
    """One reading of the three files. Its digest is the version that answers name."""

    places: tuple[RoadPlace, ...] = ()
    segments: tuple[Segment, ...] = ()
    layers: tuple[LayerTerms, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex, first 16) of all of it."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()[:16]

    @cached_property
    def place_by_id(self) -> dict[str, RoadPlace]:
        return {place.id: place for place in self.places}

    @cached_property
    def segment_by_id(self) -> dict[str, Segment]:
        return {segment.id: segment for segment in self.segments}

    @cached_property
    def terms_of(self) -> dict[Layer, LayerTerms]:
        """Of every layer; one without a row costs nothing to board, and no wind stops it."""
        return {layer: LayerTerms(layer) for layer in Layer} | {one.layer: one for one in self.layers}

    def label(self, segment: Segment) -> str:
        """A segment as people know it: 沙鹿公路 (沙溪-璜泾)."""
        ends = f"{self.place_by_id[segment.a].name}-{self.place_by_id[segment.b].name}"
        return f"{segment.name} ({ends})" if segment.name else f"{ends} ({WORD_OF[segment.layer]})"


class RoadReport(msgspec.Struct, frozen=True):
    """What one source says of a segment (by id) or of a whole layer (`layer:air`). `factor`: of the usual speed, where it is restricted;
    `source`: as in "person:duty1", "sensor:drone"; `at`, `expires_at`: UTC seconds; afterwards it is unknown, and never open. One that
    `settles` the matter leaves it to the map afterwards."""

    subject: str
    state: SegmentState
    source: str
    at: float
    expires_at: float
    factor: float = 1.0
    reason: str = ""
    settles: bool = False
