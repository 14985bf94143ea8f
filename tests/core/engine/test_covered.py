"""How far a message got, by place: kinds are never mixed, and the nearest area speaks for a place."""

from __future__ import annotations

from fenghuo.engine.coverage import Unit
from fenghuo.engine.covered import Kind, Seen, covered
from fenghuo.model.area import AreaRef

TOWN, VILLAGE, OTHER = (AreaRef.parse(f"nbs:{code}") for code in ("320585104", "320585104200", "320585104201"))
COUNTY = AreaRef.parse("nbs:320585")
UNITS = tuple(Unit(area, str(area), TOWN, "璜泾镇", 100, (area, TOWN, COUNTY)) for area in (VILLAGE, OTHER))


def seen(area: AreaRef, total: int, emitted: int, device: int = 0, human: int = 0) -> Seen:
    return Seen(area, "ebs", total, {Kind.EMITTED: emitted, Kind.DEVICE: device, Kind.HUMAN: human})


def test_each_kind_counts_what_reached_it() -> None:
    """Eight of ten terminals were sent to, four say that they played, nobody has answered."""
    told = [seen(TOWN, 10, 8, 4)]
    assert [0.8, 0.4, 0.0] == [covered(UNITS, told, kind)[VILLAGE]["ebs"] for kind in (Kind.EMITTED, Kind.DEVICE, Kind.HUMAN)]


def test_a_villages_own_terminals_speak_for_it_rather_than_its_towns() -> None:
    """The village's own stayed silent, so that the town's loudspeaker does not cover it up."""
    shares = covered(UNITS, [seen(TOWN, 1, 1, 1), seen(VILLAGE, 1, 1, 0)], Kind.DEVICE)
    assert {VILLAGE: {"ebs": 0.0}, OTHER: {"ebs": 1.0}} == shares


def test_several_that_tell_one_area_are_counted_together() -> None:
    """Two fan-outs to one public: three hundred of a thousand, and all of five hundred."""
    shares = covered(UNITS, [seen(TOWN, 1_000, 300), seen(TOWN, 500, 500)], Kind.EMITTED)
    assert 800 / 1_500 == shares[VILLAGE]["ebs"]


def test_what_was_told_to_nobody_covers_nobody() -> None:
    """No evidence is no channel, and an empty roll no share."""
    assert {VILLAGE: {}, OTHER: {}} == covered(UNITS, [], Kind.EMITTED)
    assert 0.0 == covered(UNITS, [seen(TOWN, 0, 0)], Kind.EMITTED)[VILLAGE]["ebs"]
