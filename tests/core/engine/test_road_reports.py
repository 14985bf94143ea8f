"""What is reported of roads: whose word counts, and that a word which is over opens nothing."""

from __future__ import annotations

import math

import msgspec

from fenghuo.engine.road_reports import Standing, layer_subject, next_over, standings, taken, wind_reports
from fenghuo.model.road import Layer, RoadReport, SegmentState
from tests.core.engine.county_roads import county

ROAD = "road-shaxi-huangjing"
CUT, OPEN, UNKNOWN, RESTRICTED = SegmentState.CUT, SegmentState.OPEN, SegmentState.UNKNOWN, SegmentState.RESTRICTED


def report(
    state: SegmentState, source: str = "person:duty", *, at: float = 0.0, until: float = math.inf, factor: float = 1.0
) -> RoadReport:
    return RoadReport(ROAD, state, source, at, until, factor)


def state(*reports: RoadReport, now: float = 10.0) -> SegmentState:
    return standings(county(), reports, now).get(ROAD, Standing()).state


def test_a_word_that_is_over_leaves_the_segment_unknown() -> None:
    """Cut until 100: cut at 99, unknown at 100, and so for ever, until somebody says more; of words that hold, the worst counts."""
    said = report(CUT, until=100.0)
    assert (CUT, UNKNOWN, UNKNOWN) == tuple(state(said, now=now) for now in (99.0, 100.0, 1e9))
    assert OPEN == state(said, report(OPEN, "sensor:drone"), now=200.0)
    assert CUT == state(said, report(OPEN, "sensor:drone"), now=50.0)
    assert {} == standings(county(), (), 0.0)
    assert (100.0, None) == (next_over((said, report(CUT)), 0.0), next_over((said,), 100.0))


def test_a_persons_open_settles_what_was_said_and_a_sensors_does_not() -> None:
    """The way back: without an end it settles the matter and the map speaks afterwards, with one it is unknown after it."""
    drone, person = report(CUT, "sensor:drone"), report(CUT)
    assert (person, drone) == taken((person,), drone)
    settled = msgspec.structs.replace(report(OPEN, until=50.0), settles=True)
    assert (settled,) == taken((drone, person), settled)
    assert (OPEN, {}) == (state(settled), standings(county(), (settled,), 60.0))
    until = taken((drone, person), report(OPEN, until=50.0))
    assert (OPEN, UNKNOWN) == (state(*until, now=10.0), state(*until, now=60.0))
    assert CUT == state(*taken((drone, person), report(OPEN, "sensor:drone")))
    assert 1 == len(taken((drone,), report(RESTRICTED, "sensor:drone", factor=0.5)))


def test_a_persons_word_outranks_a_machines_and_one_feed_alone_cuts_nothing() -> None:
    """The person has been there: a feed that repeats itself refuses no order until the person's word is over; two feeds, or what a sensor
    has measured, are a cut."""
    feed, other, sensor, person = report(CUT, "source:a"), report(CUT, "source:b"), report(CUT, "sensor:x"), report(OPEN, until=50.0)
    assert [OPEN, CUT] == [state(feed, other, person, now=now) for now in (10.0, 60.0)]
    assert [UNKNOWN, CUT, CUT] == [state(*words) for words in ((feed, report(OPEN, "source:b")), (feed, other), (feed, sensor))]
    assert "source:a alone says that it is cut" == standings(county(), (feed,), 1.0)[ROAD].reason


def test_the_slowest_of_two_restrictions_counts() -> None:
    """Two people who saw two things, both true."""
    found = standings(county(), (report(RESTRICTED, "a", factor=0.5), report(RESTRICTED, "b", factor=0.25)), 1.0)
    assert (0.25, "b") == (found[ROAD].factor, found[ROAD].source)


def test_a_wind_over_its_limit_stops_a_whole_layer() -> None:
    """15 m/s: no boat, and still an aircraft; a stale wind leaves both unknown."""
    blown = wind_reports(county(), 15.0, source="sensor:mast", at=0.0, expires_at=60.0)
    assert {layer_subject(Layer.WATER): CUT, layer_subject(Layer.AIR): OPEN} == {one.subject: one.state for one in blown}
    found, stale = standings(county(), blown, 1.0), standings(county(), blown, 60.0)
    assert {"water"} == {name.partition("-")[0] for name, one in found.items() if one.state is CUT}
    assert "wind 15 m/s" == found["water-gangqu-huangjing"].reason
    assert {"water": UNKNOWN, "air": UNKNOWN} == {name.partition("-")[0]: one.state for name, one in stale.items()}
