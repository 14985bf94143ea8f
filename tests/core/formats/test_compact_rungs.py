"""What each rung says and what it leaves out, and the circle that stands for a shape."""

from __future__ import annotations

from datetime import timedelta
from math import cos, hypot, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.formats.compact import decode, encode
from fenghuo.formats.compact_frame import Rung
from fenghuo.formats.compact_rungs import LEFT_OUT, at_rung, enclosing
from fenghuo.model.message import AffectedArea, Circle, Geocode, Info, Parameter, Resource
from tests.core.formats.compact_values import SENT, SHAXI, content, info, message, order, rings


def said(rung: Rung, **changes: object) -> tuple[Info, tuple[str, ...]]:
    """The info at a rung and what was left out of it."""
    short, left_out = at_rung(message(content(infos=(info(**changes),))), rung)
    return short.infos[0], left_out


@pytest.mark.parametrize(
    ("rung", "left_out"),
    [
        (Rung.FULL, ()),
        (Rung.CORE, ("description", "details", "envelope")),
        (Rung.LINE, ("description", "headline", "areas", "issuer", "details", "envelope")),
    ],
)
def test_a_rung_states_what_it_leaves_out(rung: Rung, left_out: tuple[str, ...]) -> None:
    """By name, in the order of the format."""
    assert left_out == said(rung)[1]
    assert set(left_out) <= set(LEFT_OUT)


def test_parameters_are_for_machines() -> None:
    """FULL leaves them out and says so, unless they are asked for; an attachment's name, address and digest it keeps."""
    chart = Resource("雷达图", "image/png", 4_096, "https://example.invalid/r.png", "0a" * 20)
    sent = message(content(infos=(info(parameters=(Parameter("VTEC", "x"),), resources=(chart,)),)))
    assert (chart,) == decode(encode(sent, Rung.FULL)).content.infos[0].resources
    assert ((), ("details",)) == (at_rung(sent, Rung.FULL)[0].infos[0].parameters, at_rung(sent, Rung.FULL)[1])
    assert (sent.content, ()) == at_rung(sent, Rung.FULL, whole=True)


def test_the_chinese_info_is_the_one_that_is_said() -> None:
    """Of several languages the reader's own, and that there are others is told."""
    sent = message(content(infos=(info(language="en-US", event="Wind"), info())))
    short, left_out = at_rung(sent, Rung.CORE)
    assert (["zh-CN"], True) == ([one.language for one in short.infos], "languages" in left_out)


def test_a_line_says_in_words_only_what_no_code_says() -> None:
    """Response types stand for the instruction; without any it is said, and without both the headline."""
    assert ("", "") == (said(Rung.LINE, instruction="关窗。")[0].instruction, said(Rung.LINE)[0].headline)
    assert "关窗。" == said(Rung.LINE, instruction="关窗。", response_types=("None",))[0].instruction
    assert "太仓市气象台发布大风蓝色预警" == said(Rung.LINE, response_types=())[0].headline


def test_an_order_loses_nothing_that_is_read() -> None:
    """Subject and text at every rung."""
    for rung in (Rung.FULL, Rung.CORE, Rung.LINE):
        (short,) = at_rung(message(order()), rung)[0].infos
        assert ("调度指令", order().infos[0].description) == (short.headline, short.description)


def test_a_cancel_without_info_keeps_its_reason() -> None:
    """The note is all that it says."""
    short, _ = at_rung(message(content(infos=(), note="误发")), Rung.LINE)
    assert ((), "误发") == (short.infos, short.note)


RING = ((31.5, 121.0), (31.6, 121.0), (31.6, 121.2), (31.5, 121.0))
AROUND = Circle((31.55, 121.1), 11.0)


@pytest.mark.parametrize(
    ("area", "core", "line"),
    [
        (AffectedArea("沙溪镇", geocodes=(SHAXI,)), AffectedArea("沙溪镇", geocodes=(SHAXI,)), AffectedArea("", geocodes=(SHAXI,))),
        (AffectedArea("北部", polygons=(RING,)), AffectedArea("北部", circles=(AROUND,)), AffectedArea("北部")),
        (AffectedArea("", polygons=(RING,)), AffectedArea("", circles=(AROUND,)), AffectedArea("", circles=(AROUND,))),
        (
            AffectedArea("", polygons=(RING,), geocodes=(Geocode("SAME", "1"),)),
            AffectedArea("", geocodes=(Geocode("SAME", "1"),)),
            AffectedArea("", geocodes=(Geocode("SAME", "1"),)),
        ),
    ],
    ids=["our code", "name and shape", "shape", "foreign code"],
)
def test_an_area_shrinks_to_what_says_it_best(area: AffectedArea, core: AffectedArea, line: AffectedArea) -> None:
    """Code before name before foreign code before circle."""
    assert ((core,), (line,)) == (said(Rung.CORE, areas=(area,))[0].areas, said(Rung.LINE, areas=(area,))[0].areas)


@given(st.lists(rings, min_size=1, max_size=2))
def test_a_circle_holds_its_shape(shapes: list[tuple[tuple[float, float], ...]]) -> None:
    """Near enough for a plane, every point of a small shape lies inside."""
    small = tuple(tuple((30 + lat / 90, 120 + lon / 180) for lat, lon in ring) for ring in shapes)
    around = enclosing(AffectedArea("", polygons=small))
    assert around is not None
    lat, lon = around.centre
    assert all(
        111.0 * hypot(point[0] - lat, (point[1] - lon) * cos(radians(point[0]))) <= around.radius_km * 1.02
        for ring in small
        for point in ring
    )


def test_a_circle_across_the_date_line_is_not_the_earth() -> None:
    """Two pieces left and right of 180° are one place."""
    west, east = (
        ((-17.0, -180.0), (-17.0, -179.5), (-18.0, -180.0), (-17.0, -180.0)),
        ((-17.0, 180.0), (-17.0, 179.5), (-18.0, 180.0), (-17.0, 180.0)),
    )
    around = enclosing(AffectedArea("", polygons=(west, east)))
    assert around is not None
    assert ((-17.5, 180.0), True) == (around.centre, around.radius_km < 90)


def test_no_shape_has_no_circle() -> None:
    """A name is a name."""
    assert enclosing(AffectedArea("沙溪镇")) is None


def test_only_full_keeps_when_it_takes_effect() -> None:
    """Onset and end are what a reader acts on."""
    later = SENT + timedelta(hours=1)
    assert (later, None) == (said(Rung.FULL, effective=later)[0].effective, said(Rung.CORE, effective=later)[0].effective)
