"""The fixed record: what figures say, and that a circle only ever grows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact import Frame, Rung, carried, decode, encode
from fenghuo.formats.compact_rungs import enclosing
from fenghuo.model.message import AffectedArea, Circle, Geocode, Message
from tests.core.formats.compact_values import SENT, content, coordinates, info, message

RECORD = 176  # bits


def at_code(**changes: object) -> Message:
    """The wind warning with another info."""
    return message(content(infos=(info(**changes),)))


def field(frame: Frame, start: int, width: int) -> int:
    """Some bits of the record."""
    return int.from_bytes(frame.body[: RECORD // 8], "big") >> (RECORD - start - width) & ((1 << width) - 1)


def test_each_field_stands_in_its_place() -> None:
    """The record as docs/compact-frame.md §6 draws it."""
    frame = encode(at_code(), Rung.CODE)
    assert {
        "number": 123,
        "revision": 1,
        "priority": 3,
        "sent": (SENT.timestamp() - 946_684_800) / 60,
        "ends": 24 * 60,
        "event": 1707,
        "colour": 4,
        "severity": 3,
        "actions": 0b100,
        "form": 1,
        "area": 0x320585110FFF,
        "words": 0,
    } == {
        "number": field(frame, 32, 14),
        "revision": field(frame, 46, 6),
        "priority": field(frame, 52, 3),
        "sent": field(frame, 55, 25),
        "ends": field(frame, 80, 15),
        "event": field(frame, 95, 16),
        "colour": field(frame, 111, 3),
        "severity": field(frame, 114, 3),
        "actions": field(frame, 117, 8),
        "form": field(frame, 125, 2),
        "area": field(frame, 127, 48),
        "words": field(frame, 175, 1),
    }


@settings(max_examples=100, deadline=None)
@given(coordinates, st.floats(0, 20_000))
def test_a_circle_is_told_as_one_that_holds_it(centre: tuple[float, float], radius_km: float) -> None:
    """A lone circle stands in 48 bits, larger by an eighth and some metres at most, and never smaller."""
    sent = at_code(areas=(AffectedArea("", circles=(Circle(centre, radius_km),)),))
    frame = encode(sent, Rung.CODE)
    (area,) = decode(frame).content.infos[0].areas
    both = enclosing(AffectedArea("", circles=(Circle(centre, radius_km), *area.circles)))
    assert both is not None
    assert (22, carried(sent, Rung.CODE)) == (len(frame.body), decode(frame))
    # Within the third decimal of the centre and the tenth of a kilometre to which an enclosing circle is told.
    assert area.circles[0].radius_km + 0.25 >= both.radius_km
    assert area.circles[0].radius_km <= 1.13 * (radius_km + 0.35) + 0.1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"event": "龙卷风", "event_codes": ()}, "龙卷风"),
        ({"areas": (AffectedArea("浏河闸"),)}, "浏河闸"),
        ({"response_types": (), "instruction": "关好门窗。"}, "关好门窗。"),
    ],
)
def test_what_no_figure_says_is_said_in_words(changes: dict[str, object], words: str) -> None:
    """Event, area and action without a code follow the record as text."""
    frame = encode(at_code(**changes), Rung.CODE)
    got = decode(frame).content.infos[0]
    assert len(frame.body) > 22
    assert words in (got.event, got.instruction, *[area.description for area in got.areas])


def test_an_unknown_event_code_passes_as_its_number() -> None:
    """A code of the standard that no table of ours names is a number all the same."""
    sent = at_code(event="12C07", event_codes=(Geocode("12379", "12C07"),))
    got = decode(encode(sent, Rung.CODE)).content.infos[0]
    assert ("12C07", (Geocode("12379", "12C07"),)) == (got.event, got.event_codes)


def test_an_end_too_far_is_the_furthest() -> None:
    """Past 22 days the record says 22 days: too early is safer than never."""
    sent = at_code(expires=SENT + timedelta(days=60))
    assert SENT.timestamp() + 32_767 * 60 == decode(encode(sent, Rung.CODE)).ends_at


@pytest.mark.parametrize(
    ("start", "width", "value", "code"),
    [
        (95, 16, 64_001, "bad-value"),
        (111, 3, 5, "bad-value"),
        (114, 3, 5, "bad-value"),
        (52, 3, 5, "bad-value"),
        (125, 2, 0, "bad-area"),
        (127, 48, 0xABCDEFABCDEF, "bad-area"),
        (127, 48, 0x3205F5110FFF, "bad-area"),
        (127, 48, 0xFFFFFFFFFFFF, "bad-area"),
    ],
)
def test_figures_that_mean_nothing_are_refused(start: int, width: int, value: int, code: str) -> None:
    """An event, colour, severity, priority or area outside its set is no message."""
    frame = encode(at_code(), Rung.CODE)
    mask = ((1 << width) - 1) << (RECORD - start - width)
    bits = int.from_bytes(frame.body, "big") & ~mask | value << (RECORD - start - width)
    with pytest.raises(FrameError) as caught:
        decode(Frame(frame.kind, frame.traffic, frame.rung, bits.to_bytes(22, "big")))
    assert code == caught.value.code
