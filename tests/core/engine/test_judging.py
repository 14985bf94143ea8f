"""May this source say it, and is it fresh."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fenghuo.engine.judging import Origin, authority, clarity, freshness, needs_a_person
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action, Kind, Traffic
from tests.core.engine.values import NOW, content, directory, info, message, placed


def about(*codes: str, traffic: Traffic = Traffic.ACTUAL) -> Message:
    return message(content(infos=(info(areas=(placed(*codes),)),), traffic=traffic))


def test_an_origin_without_areas_speaks_for_everywhere() -> None:
    """Who is not bound to areas may name any."""
    assert authority(about("mca:320585110"), Origin("met"), directory()).ok


def test_an_origin_speaks_for_what_lies_in_its_areas() -> None:
    """The county's authority covers its towns."""
    assert authority(about("mca:320585110"), Origin("met", areas=(AreaRef.parse("mca:320585"),)), directory()).ok


def test_an_area_outside_is_named() -> None:
    """The verdict says over which areas the source has no authority."""
    verdict = authority(about("mca:320585110", "mca:320581"), Origin("met", areas=(AreaRef.parse("mca:320585"),)), directory())
    assert Verdict("authority", "area", False, "met has no authority over mca:320581") == verdict


def test_digits_do_not_carry_authority_across_systems() -> None:
    """Authority over one list's 320585105 is none over the other's: these are two towns."""
    assert not authority(about("nbs:320585105"), Origin("met", areas=(AreaRef.parse("mca:320585105"),)), directory()).ok


def test_traffic_that_a_source_may_not_send_is_named() -> None:
    """A source of exercises cannot send the real thing."""
    verdict = authority(about("mca:320585110"), Origin("drill", traffic=(Traffic.EXERCISE,)), directory())
    assert Verdict("authority", "traffic", False, "drill may send Exercise, and this is Actual") == verdict


@pytest.mark.parametrize(
    ("sender", "ok"), [("met@example.org", True), ("met", True), ("fire@example.org", False), ("MET@example.org", False)]
)
def test_a_source_speaks_as_the_senders_it_is_given(sender: str, ok: bool) -> None:
    """Letter by letter, and in its own name always: what names no sender is by the source."""
    said = message(content(sender=sender))
    assert ok is authority(said, Origin("met", senders=("met@example.org",)), directory()).ok
    assert authority(said, Origin("met"), directory()).ok


def test_a_sender_that_a_source_may_not_speak_as_is_named() -> None:
    """Whoever looks at the held message sees who brought it and in whose name."""
    verdict = authority(message(content(sender="fire")), Origin("met", senders=("met@a", "met@b")), directory())
    assert Verdict("authority", "sender", False, "met may speak as met@a, met@b, and this is by fire") == verdict


def test_an_area_of_no_known_list_is_unclear() -> None:
    """It says which area, by what, and what an operator can do about it."""
    (verdict,) = clarity(about("CPEAS Geographic Code:320585105"))
    assert ("areas", "unclear", False) == (verdict.check, verdict.value, verdict.ok)
    assert "1 of its areas cannot be looked up (an area by CPEAS Geographic Code 320585105)" in verdict.detail
    assert verdict.detail.endswith("say in [intake] geocode_systems whether that is mca or nbs")


def test_a_foreign_code_beside_one_of_ours_is_clear() -> None:
    """One code that can be looked up is enough for an area, and an order for nobody's area has nothing unclear."""
    assert () == clarity(about("SAME:031", "mca:320585110"))
    assert () == clarity(message())


AGES = [
    (0.0, 3600.0, "fresh", True),
    (-86_401.0, 3600.0, "late", False),
    (601.0, 3600.0, "from the future", False),
    (599.0, 3600.0, "fresh", True),
    (-100.0, -5.0, "expired", False),
]


@pytest.mark.parametrize(("sent", "expires", "value", "ok"), AGES)
def test_age_has_its_verdict(sent: float, expires: float, value: str, ok: bool) -> None:
    """Fresh, late, expired, or ahead of its time."""
    one = message(content(sent=datetime.fromtimestamp(NOW + sent, UTC)), expires_at=NOW + expires)
    assert (value, ok) == ((verdict := freshness(one, NOW)).value, verdict.ok)


def test_what_is_late_may_be_an_old_alert_under_a_new_name() -> None:
    """So a person looks at an alert or an order; a report that was long on its way, a Cancel, and what a link has timed pass."""
    sent = datetime.fromtimestamp(NOW - 86_401.0, UTC)
    kinds = [content(sent=sent), content(sent=sent, kind=Kind.REPORT), content(sent=sent, action=Action.CANCEL)]
    assert [False, True, True] == [freshness(message(one, expires_at=NOW + 60), NOW).ok for one in kinds]
    assert freshness(message(kinds[0], expires_at=NOW + 60), NOW, is_timed=True).ok


@pytest.mark.parametrize(
    ("check", "asked"), [("authority", True), ("signature", True), ("areas", True), ("freshness", True), ("schema", False)]
)
def test_trouble_of_trust_waits_for_a_person(check: str, asked: bool) -> None:
    """Doubtful trust holds a message; doubtful form does not."""
    assert asked is needs_a_person((Verdict(check, "x", False), Verdict("other", "y", True)))
