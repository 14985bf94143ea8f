"""What a broadcast says: colours in its own scale, areas by statistical codes and never by guess, exercises marked at both ends."""

from __future__ import annotations

import pytest

from fenghuo import FormatError
from fenghuo.formats.renditions import marked
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from fenghuo_broadcast.ebm import Programme, ebm_body, programme_of
from tests.core.engine.values import content, info, message
from tests.plugins.broadcast_values import alert


def said_of(*codes: tuple[str, str], **changes: object) -> Programme:
    return programme_of(ebm_body(alert(*codes, **changes)))  # type: ignore[arg-type]


def test_an_alert_becomes_a_programme() -> None:
    """Title, text, colour, code of the event, area in 12 digits."""
    said = said_of()
    assert "大港头镇气象台发布台风红色预警" == said.title
    assert "请沿江群众立即转移。" in said.text
    assert (1, 1, "11B01", ("331102103000",), "松阳县气象台") == (said.severity, said.level, said.event_type, said.areas, said.sender)
    assert not said.stops


def test_the_same_message_gives_the_same_octets() -> None:
    """It is stored once, and signed over."""
    assert ebm_body(alert()) == ebm_body(alert())


@pytest.mark.parametrize(
    ("colour", "severity", "level"),
    [("Red", "Minor", 1), ("Orange", "", 2), ("Yellow", "", 3), ("Blue", "", 4), ("", "Extreme", 1), ("", "Minor", 4), ("", "", 1)],
)
def test_the_colour_counts_before_the_severity_and_both_before_our_priority(colour: str, severity: str, level: int) -> None:
    """The first is the issuer's word in this very scale."""
    assert level == said_of(colour=colour, severity=severity).level


def test_an_order_is_as_urgent_as_its_priority() -> None:
    """P4 is the daily broadcast."""
    levels = [
        programme_of(ebm_body(message(content(kind=Kind.DISPATCH, infos=(info(description="请到岗"),)), priority=priority))).severity
        for priority in Priority
    ]
    assert [1, 2, 3, 4, 10] == levels


@pytest.mark.parametrize(("traffic", "severity"), [(Traffic.EXERCISE, 22), (Traffic.TEST, 15), (Traffic.SYSTEM, 15)])
def test_what_is_not_real_is_never_coloured(traffic: Traffic, severity: int) -> None:
    """Its own severities, and its mark at both ends of the title and the text."""
    said = programme_of(ebm_body(alert(traffic=traffic)))
    mark = said.text[:4]
    assert (severity, 1) == (said.severity, said.level)
    assert all(words.startswith(mark) and words.endswith(mark) and mark[0] == "【" for words in (said.title, said.text))


def test_a_cancel_stops_and_an_update_replaces() -> None:
    """Both name the message they are about."""
    assert [(False, False), (False, True), (True, False)] == [
        (said.stops, said.replaces)
        for said in (programme_of(ebm_body(alert(action=action))) for action in (Action.NEW, Action.UPDATE, Action.CANCEL))
    ]


@pytest.mark.parametrize(
    ("codes", "areas"),
    [
        ((("nbs", "331102103"),), ("331102103000",)),
        ((("nbs", "331102103201"),), ("331102103201",)),
        ((("mca", "331102"),), ("331102000000",)),
        ((("12379", "331102000000"),), ("331102000000",)),
        ((("mca", "320585105"), ("nbs", "320585104")), ("320585104000",)),
    ],
)
def test_codes_agree_down_to_the_county_and_no_further(codes: tuple[tuple[str, str], ...], areas: tuple[str, ...]) -> None:
    """320585105 is one town in one list and another in the other: below the county only statistical codes count."""
    assert areas == said_of(*codes).areas


def test_an_area_is_never_guessed() -> None:
    """A civil code of a town alone: the sentence says which, and what is needed."""
    with pytest.raises(
        FormatError, match="the area 大港头镇 has the codes mca:320585105; a broadcast needs one of the statistical"
    ) as told:
        ebm_body(alert(("mca", "320585105")))
    assert "no-area-code" == told.value.code


def test_an_order_without_areas_leaves_them_to_the_addressee() -> None:
    """Its recipient is a platform or a station, which serves an area."""
    assert () == programme_of(ebm_body(message(content(kind=Kind.DISPATCH, infos=(info(description="请到岗"),))))).areas


def test_a_mark_of_a_copy_leaves_it_whole() -> None:
    """A second emission is known by its EBMID, which is the same."""
    assert ebm_body(alert()) == marked(ebm_body(alert()), "重发 2")


def test_another_form_is_told() -> None:
    """Whoever mixes up forms in a ladder hears of it by name."""
    with pytest.raises(FormatError, match="a rendition of form sms is none of form ebm"):
        programme_of(Rendition("sms", "台风", "台风".encode()))
