"""How long one change on a map of 860 places takes to be known: `python -m bench.roads [CHANGES]`.

A grid of streets with a river and air links across it, 3,382 segments in all; each change cuts one at random and asks again for
the islands, the arrivals everywhere with and without what is unknown, and the bridges.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from fenghuo.engine.road_reports import Standing, standings, taken
from fenghuo.engine.roads import Roads
from fenghuo.model.road import Layer, LayerTerms, RoadMap, RoadPlace, RoadReport, Segment, SegmentState

PLACES, SEGMENTS, WIDE = 860, 3_382, 30
GOAL_MS = 100.0
STATES = (SegmentState.CUT, SegmentState.CUT, SegmentState.UNKNOWN, SegmentState.RESTRICTED)


def county(chance: random.Random) -> RoadMap:
    """The map."""
    places = tuple(RoadPlace(f"p{n}", f"村{n}", is_base=n % 200 == 0) for n in range(PLACES))
    ends = [(n, n + 1) for n in range(PLACES - 1) if (n + 1) % WIDE] + [(n, n + WIDE) for n in range(PLACES - WIDE)]
    roads = [Segment(f"road-{a}-{b}", Layer.ROAD, f"p{a}", f"p{b}", 1.5, 40.0) for a, b in ends]
    layers = (Layer.ROAD, Layer.WATER, Layer.AIR, Layer.FOOT)
    more = []
    for n in range(SEGMENTS - len(roads)):
        a, b = chance.sample(range(PLACES), 2)
        more.append(Segment(f"more-{n}", layers[n % 4], f"p{a}", f"p{b}", 8.0, (40.0, 15.0, 120.0, 4.0)[n % 4]))
    terms = (LayerTerms(Layer.WATER, 25.0, 25.0), LayerTerms(Layer.AIR, 40.0, 40.0))
    return RoadMap(places, tuple(roads + more), terms)


def main(changes: int) -> None:
    """Print the figures."""
    chance = random.Random(1)
    road_map = county(chance)
    began = time.perf_counter()
    roads = Roads(road_map)
    print(f"{'graph built once':28} {(time.perf_counter() - began) * 1000:7.1f} ms")
    reports: tuple[RoadReport, ...] = ()
    took: dict[str, list[float]] = {"after a change": [], "of it at work": [], "one way": []}
    for at in range(changes):
        segment = chance.choice(road_map.segments)
        began, worked = time.perf_counter(), time.process_time()
        reports = taken(reports, RoadReport(segment.id, chance.choice(STATES), "bench", float(at), at + 50.0, 0.5))
        standing: dict[str, Standing] = dict(standings(road_map, reports, float(at)))
        roads = roads.standing(standing)
        roads.isolation()
        roads.arrivals(roads.bases)
        roads.bridges(Layer.ROAD)
        took["after a change"].append((time.perf_counter() - began) * 1000)
        took["of it at work"].append((time.process_time() - worked) * 1000)
        began = time.perf_counter()
        roads.reach(roads.bases, f"p{chance.randrange(PLACES)}")
        took["one way"].append((time.perf_counter() - began) * 1000)
    for name, times in took.items():
        q = statistics.quantiles(times, n=100)
        goal = f"  goal {GOAL_MS:.0f} ms" if name == "after a change" else ""
        print(f"{name:28} p50 {q[49]:7.1f} ms  p99 {q[98]:7.1f} ms{goal}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
