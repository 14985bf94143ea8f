"""A ring that crosses itself becomes rings that do not, and nobody inside is left out."""

from __future__ import annotations

import pytest
import shapely

from fenghuo.formats.ring_crossing import Crossing, crossing
from fenghuo.model.message import Ring
from tests.core.formats.alerts import GOOD, content_of, one, spoiled

SQUARE = "31.5,121 31.6,121 31.6,121.1 31.5,121"


def rings(text: str) -> tuple[Ring, ...]:
    return content_of(spoiled(SQUARE, text)).infos[0].areas[0].polygons


def area(of: tuple[Ring, ...]) -> float:
    return float(shapely.union_all([shapely.Polygon(ring) for ring in of]).area)


def test_a_bow_tie_becomes_its_two_halves() -> None:
    """Both triangles stay, each a sound ring; the repair and the finding name the place."""
    raw = spoiled(SQUARE, "31,121 32,122 32,121 31,122 31,121")
    decoded = one(raw)
    halves = content_of(raw).infos[0].areas[0].polygons
    assert [Crossing.NONE, Crossing.NONE] == [crossing(ring) for ring in halves]
    assert pytest.approx(0.5) == area(halves)
    assert "invalid-ring at /alert/info[1]/area[1]/polygon[1]" in decoded.repairs
    assert "polygon" in {verdict.value for verdict in decoded.verdicts}


def test_a_point_inside_stays_inside() -> None:
    """A spike drawn through the far side: what was enclosed is enclosed."""
    found = rings("31,121 31,122 32,122 32,121.5 30.5,121.5 32,121 31,121")
    assert any(shapely.Polygon(ring).covers(shapely.Point(31.5, 121.9)) for ring in found)


def test_a_sound_ring_is_left_as_it_is() -> None:
    """Point for point."""
    assert (((31.5, 121.0), (31.6, 121.0), (31.6, 121.1), (31.5, 121.0)),) == rings(SQUARE)


def test_the_same_ring_in_two_languages_is_mended_alike() -> None:
    """Judged once, replaced in both, told once."""
    raw = spoiled(SQUARE, "31,121 32,122 32,121 31,122 31,121").decode()
    start, end = raw.index("  <info>"), raw.index("</info>") + len("</info>")
    twice = raw[:end] + raw[start:end].replace("zh-CN", "en-US") + raw[end:]
    content = content_of(twice.encode())
    assert content.infos[0].areas[0].polygons == content.infos[1].areas[0].polygons
    assert 1 == sum(repair.startswith("invalid-ring") for repair in one(twice.encode()).repairs)
    assert GOOD.count("<info>") == 1
