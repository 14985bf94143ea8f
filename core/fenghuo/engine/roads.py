"""Roads, water, air and footpaths as one graph: when somebody can be there, who is cut off (孤岛), and which segment everything hangs on.

What is unknown counts once as open and once as cut, so that an arrival is an interval. Pure. Source: domain.md §3.10, steps 2-5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec
import networkx as nx

from fenghuo.engine.road_reports import AS_MAPPED, Standing
from fenghuo.model.road import Layer, LayerTerms, RoadMap, Segment, SegmentState

__all__ = ["EVERY_WAY", "NO_WAY", "OVERLAND", "WITHOUT_AIR", "Arrival", "Isolation", "Leg", "Roads"]

OVERLAND = frozenset({Layer.ROAD, Layer.FOOT})
WITHOUT_AIR = OVERLAND | {Layer.WATER}
EVERY_WAY = frozenset(Layer)

Node = str
"""A place by its id, or `LAYER/ID`: the place as a stop of a layer that takes time to board or to leave."""
Minutes = Mapping[str, float]
"""Segment → minutes; one that cannot be used is not in it."""


class Leg(msgspec.Struct, frozen=True):
    """One segment of a way, in the direction it is gone."""

    segment: Segment
    start: str
    end: str
    minutes: float


class Arrival(msgspec.Struct, frozen=True):
    """Minutes until somebody is there. `earliest_min`: with all that is unknown open, None: no way at all; `latest_min`: with all that is
    unknown cut, None: then there is no way that is sure. `legs`: the earliest way."""

    earliest_min: float | None = None
    latest_min: float | None = None
    legs: tuple[Leg, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Of the earliest way, in the order they are used."""
        return tuple(dict.fromkeys(leg.segment.layer for leg in self.legs))


NO_WAY = Arrival()


class Isolation(msgspec.Struct, frozen=True):
    """Places with no way overland to any base, as sets that still reach each other. `sure`: even with all that is unknown open; `doubtful`:
    only if what is unknown is cut; `alone`: those of `sure` with no way by water or air either."""

    sure: tuple[frozenset[str], ...] = ()
    doubtful: tuple[frozenset[str], ...] = ()
    alone: frozenset[str] = frozenset()

    @property
    def cut_off(self) -> frozenset[str]:
        return frozenset().union(*self.sure)


class Roads:
    """A map and how its segments stand. Another standing shares the graph: nothing is built anew when a segment changes."""

    def __init__(self, road_map: RoadMap, standing_of: Mapping[str, Standing] | None = None, graph: nx.DiGraph | None = None) -> None:
        self.map = road_map
        self.standing_of = standing_of or {}
        self.bases = frozenset(place.id for place in road_map.places if place.is_base)
        self._has_doubt = any(one.state is SegmentState.UNKNOWN for one in self.standing_of.values())
        self._graph = graph if graph is not None else _graph(road_map)

    def standing(self, standing_of: Mapping[str, Standing]) -> Roads:
        """The same map under other reports."""
        return Roads(self.map, standing_of, self._graph)

    def reach(self, origins: Collection[str], place: str, layers: Collection[Layer] = EVERY_WAY) -> Arrival:
        """When somebody from the nearest of these places can be at another."""
        if place in origins:
            return Arrival(0.0, 0.0)
        hopeful = self._minutes(layers, unknown_is_open=True)
        found = self._way(origins, place, hopeful)
        if found is None:
            return NO_WAY
        earliest, nodes = found
        sure = self._way(origins, place, self._minutes(layers, unknown_is_open=False))
        return Arrival(earliest, sure[0] if sure is not None else None, tuple(self._legs(nodes, hopeful)))

    def arrivals(self, origins: Collection[str], layers: Collection[Layer] = EVERY_WAY) -> dict[str, tuple[float, float | None]]:
        """Earliest and latest minutes to every place that can be reached at all."""
        earliest = self._distances(origins, self._minutes(layers, unknown_is_open=True))
        latest = self._distances(origins, self._minutes(layers, unknown_is_open=False)) if self._has_doubt else earliest
        return {place: (minutes, latest.get(place)) for place, minutes in earliest.items()}

    def isolation(self) -> Isolation:
        """Who is cut off, now."""
        sure = self._islands(OVERLAND, unknown_is_open=True)
        may_be = self._islands(OVERLAND, unknown_is_open=False) if self._has_doubt else sure
        gone = frozenset().union(*sure)
        doubtful = tuple(rest for island in may_be if (rest := island - gone))
        alone = frozenset().union(*self._islands(EVERY_WAY, unknown_is_open=True)) if gone else frozenset()
        return Isolation(sure, doubtful, alone)

    def bridges(self, layer: Layer) -> tuple[Segment, ...]:
        """Segments of a layer that stand and whose loss would cut some place off within it, in the map's order."""
        usable = self._minutes((layer,), unknown_is_open=True)
        pair_of = {way: frozenset((segment.a, segment.b)) for way in usable for segment in (self.map.segment_by_id[way],)}
        beside = Counter(pair_of.values())
        ends = set(map(frozenset, nx.bridges(self._plain(usable))))
        return tuple(self.map.segment_by_id[way] for way, pair in pair_of.items() if pair in ends and beside[pair] == 1)

    def _minutes(self, layers: Collection[Layer], *, unknown_is_open: bool) -> Minutes:
        found: dict[str, float] = {}
        for segment in self.map.segments:
            standing = self.standing_of.get(segment.id, AS_MAPPED)
            is_shut = standing.state is SegmentState.CUT or (standing.state is SegmentState.UNKNOWN and not unknown_is_open)
            if segment.layer in layers and not is_shut:
                found[segment.id] = segment.minutes / standing.factor
        return found

    def _way(self, origins: Collection[str], place: str, minutes: Minutes) -> tuple[float, list[Node]] | None:
        sources = {origin for origin in origins if origin in self.map.place_by_id}
        if not sources:
            return None
        try:
            length, nodes = nx.multi_source_dijkstra(self._graph, sources, target=place, weight=_weight(minutes))
        except nx.NetworkXNoPath:
            return None
        return length, nodes

    def _distances(self, origins: Collection[str], minutes: Minutes) -> dict[str, float]:
        sources = {origin for origin in origins if origin in self.map.place_by_id}
        if not sources:
            return {}
        lengths = nx.multi_source_dijkstra_path_length(self._graph, sources, weight=_weight(minutes))
        return {place: length for place, length in lengths.items() if place in self.map.place_by_id}

    def _legs(self, nodes: list[Node], minutes: Minutes) -> Iterator[Leg]:
        for start, end in pairwise(nodes):
            ways = [way for way in self._graph[start][end].get("ways", ()) if way in minutes]
            if ways:  # else it is a change of layer
                best = min(ways, key=lambda way: minutes[way])
                yield Leg(self.map.segment_by_id[best], _place(start), _place(end), minutes[best])

    def _islands(self, layers: Collection[Layer], *, unknown_is_open: bool) -> tuple[frozenset[str], ...]:
        plain = self._plain(self._minutes(layers, unknown_is_open=unknown_is_open))
        return tuple(frozenset(part) for part in nx.connected_components(plain) if not self.bases & part)

    def _plain(self, usable: Minutes) -> nx.Graph:
        """Places and who is beside whom."""
        plain = nx.Graph()
        plain.add_nodes_from(self.map.place_by_id)
        plain.add_edges_from((segment.a, segment.b) for segment in map(self.map.segment_by_id.__getitem__, usable))
        return plain


def _graph(road_map: RoadMap) -> nx.DiGraph:
    """Every way that the map has, and what boarding and leaving a layer cost where they cost something."""
    graph = nx.DiGraph()
    graph.add_nodes_from(road_map.place_by_id)
    for segment in road_map.segments:
        terms = road_map.terms_of[segment.layer]
        a, b = (_stop(place, terms) for place in (segment.a, segment.b))
        for start, end in ((a, b), (b, a)):
            ways = graph[start][end]["ways"] if graph.has_edge(start, end) else ()
            graph.add_edge(start, end, ways=(*ways, segment.id))
        for place, stop in ((segment.a, a), (segment.b, b)):
            if stop != place:
                graph.add_edge(place, stop, minutes=terms.board_min)
                graph.add_edge(stop, place, minutes=terms.leave_min)
    return graph


def _stop(place: str, terms: LayerTerms) -> Node:
    return f"{terms.layer.value}/{place}" if terms.board_min or terms.leave_min else place


def _place(node: Node) -> str:
    return node.rpartition("/")[2]


def _weight(minutes: Minutes) -> Callable[[Node, Node, Mapping[str, Any]], float | None]:
    """For the search: minutes of the quickest of the ways between two nodes, None where none of them can be used."""

    def weight(start: Node, end: Node, edge: Mapping[str, Any]) -> float | None:
        ways = edge.get("ways")
        if ways is None:
            return float(edge["minutes"])
        return minutes.get(ways[0]) if len(ways) == 1 else min((minutes[way] for way in ways if way in minutes), default=None)

    return weight
