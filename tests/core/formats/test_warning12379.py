"""The 12379 dialect: colours, codes, metres and spaces of its own; its real deviations are taken, and its envelope is not guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fenghuo.engine.routing import default_priority
from fenghuo.formats.verdicts import ACCEPTED, REPAIRED, Decoded
from fenghuo.formats.warning12379 import CODES
from fenghuo.model.message import Circle, Geocode, Parameter, Reference, Scope
from fenghuo.model.traffic import Action, Priority, Traffic
from tests.core.formats.alerts import content_of, one, spoiled

WARNING = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="http://com.icss.amp">
  <identifier>32058541600000_20260715080000</identifier>
  <sender>太仓市气象台</sender>
  <senderCode>32058541600000</senderCode>
  <sendTime>2026-07-15 08:00:00+08:00</sendTime>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <code>
    <method><methodName>SMS</methodName><message>短信另有说法。</message><audienceGrp/><audiencePrt/></method>
    <method><methodName>SPEAKER</methodName><message/></method>
  </code>
  <secClassification>None</secClassification>
  <note/>
  <info>
    <language>zh-CN</language>
    <eventType>11B03</eventType>
    <urgency>Immediate</urgency>
    <severity>Orange</severity>
    <certainty>VeryLikely</certainty>
    <effective>2026-07-15 08:05:00+08:00</effective>
    <onset/>
    <expires>2026-07-15 20:00:00+08:00</expires>
    <senderName>张三</senderName>
    <headline>太仓市气象台发布暴雨橙色预警[II级/严重]</headline>
    <description>预计未来3小时沙溪镇降雨量将达50毫米以上。</description>
    <instruction>停止户外作业。</instruction>
    <resource><resourceDesc>32058541600000_20260715080000_11B03_ORANGE_ALERT_O_01.jpg</resourceDesc><size>84k</size></resource>
    <area>
      <areaDesc>沙溪镇</areaDesc>
      <polygon/>
      <circle>31.5,121.0 2500</circle>
      <geocode>320585110000,320585000000</geocode>
    </area>
  </info>
</alert>
"""


def changed(old: str, new: str) -> bytes:
    return spoiled(old, new, WARNING)


def repairs(decoded: Decoded) -> set[str]:
    return {repair.partition(" at ")[0] for repair in decoded.repairs}


def test_its_normal_forms_are_no_repairs() -> None:
    """A space in the time, an empty polygon, codes joined by commas: nothing to repair, but the 84k and the old certainty."""
    assert {"size-suffix", "alias-value"} == repairs(one(WARNING.encode()))
    clean = WARNING.replace("84k", "86016").replace("VeryLikely", "Likely")
    assert ACCEPTED == one(clean.encode()).outcome


def test_it_becomes_our_message() -> None:
    """Colour, event, code, metres, times and names in their places."""
    content = content_of(WARNING.encode())
    (info,) = content.infos
    assert (Action.NEW, Traffic.ACTUAL, Scope.PUBLIC) == (content.action, content.traffic, content.scope)
    assert ("32058541600000", "太仓市气象台") == (content.sender, content.source)
    assert datetime(2026, 7, 15, 0, 0, tzinfo=UTC) == content.sent
    assert ("暴雨", "Orange", "Severe", "Likely", ("Met",)) == (info.event, info.colour, info.severity, info.certainty, info.categories)
    assert (Geocode("12379", "11B03"),) == info.event_codes
    assert (None, datetime(2026, 7, 15, 12, 0, tzinfo=UTC)) == (info.onset, info.expires)
    assert (Circle((31.5, 121.0), 2.5),) == info.areas[0].circles
    assert (Geocode(CODES, "320585110000"), Geocode(CODES, "320585000000")) == info.areas[0].geocodes
    assert 84 * 1024 == info.resources[0].size


def test_the_methods_stay_as_hints() -> None:
    """What the issuer wishes to be said by SMS is kept; our rules decide where it goes."""
    (info,) = content_of(WARNING.encode()).infos
    assert Parameter("method:SMS", "短信另有说法。") in info.parameters
    assert "预计未来3小时" in info.description


@pytest.mark.parametrize(
    ("colour", "severity", "priority"),
    [("Red", "Extreme", "P0"), ("Orange", "Severe", "P1"), ("Yellow", "Moderate", "P2"), ("Blue", "Minor", "P3")],
)
def test_each_colour_has_its_severity_and_priority(colour: str, severity: str, priority: str) -> None:
    """The table of wire-formats.md §4.1, and the green channel of §4."""
    infos = content_of(changed(">Orange<", f">{colour}<")).infos
    assert (colour, severity) == (infos[0].colour, infos[0].severity)
    assert Priority[priority] == default_priority(infos)


def test_an_unknown_event_code_goes_through() -> None:
    """The table of codes is not complete, and nobody's warning waits for it."""
    (info,) = content_of(changed("11B03", "21X07")).infos
    assert ("21X07", ("Safety",)) == (info.event, info.categories)


@pytest.mark.parametrize(
    ("old", "new", "repair"),
    [
        ("<audiencePrt/>", "<audenceprt>,</audenceprt>", "alias-element"),
        ("<audiencePrt/>", "<audencePrt/>", "alias-element"),
        ("sendTime>", "SentTime>", "alias-element"),
        (">Alert<", ">alert<", "alias-value"),
        ("320585110000,320585000000", "320585110000,320585110000", "geocode-repeat"),
        ("320585110000,320585000000", "32058511000000", "geocode-14"),
        ("08:00:00+08:00</sendTime>", "08:00:00</sendTime>", "no-offset"),
    ],
)
def test_real_deviations_are_taken(old: str, new: str, repair: str) -> None:
    """Each is in some writer's files; each is named."""
    text = WARNING.replace(old, new) if old == "sendTime>" else changed(old, new).decode()
    decoded = one(text.encode())
    assert REPAIRED == decoded.outcome, decoded.error
    assert repair in repairs(decoded)


def test_a_misspelt_cancel_ends_what_it_names() -> None:
    """`Cancle`, with the bare identifier of the first message, which is the dialect's form and no finding."""
    text = WARNING.replace(">Alert<", ">Cancle<").replace(
        "<note/>", "<note>误报</note><references>32058541600000_20260714080000</references>"
    )
    decoded = one(text.encode())
    assert decoded.content is not None
    assert (Action.CANCEL, "误报") == (decoded.content.action, decoded.content.note)
    assert (Reference("32058541600000_20260714080000"),) == decoded.content.references
    assert "references-invalid" not in {verdict.value for verdict in decoded.verdicts}


def test_a_root_named_after_the_status_must_agree_with_it() -> None:
    """A test is a test in both places, or it is refused."""
    text = WARNING.replace("<alert ", "<test ").replace("</alert>", "</test>")
    agreed = one(text.replace("Actual", "Test").encode())
    assert agreed.content is not None
    assert Traffic.TEST == agreed.content.traffic
    refusal = one(text.encode()).error
    assert refusal is not None
    assert "contradiction" == refusal.code


@pytest.mark.parametrize("name", ["identifier", "sender", "senderCode", "sendTime", "status", "msgType"])
def test_the_envelope_is_never_guessed(name: str) -> None:
    """A missing fact is the end, and is named."""
    start, end = WARNING.index(f"<{name}>"), WARNING.index(f"</{name}>") + len(name) + 3
    error = one((WARNING[:start] + WARNING[end:]).encode()).error
    assert error is not None
    assert ("missing-fact", f"/alert/{name}") == (error.code, error.where)


def test_a_draft_is_not_taken() -> None:
    """As in CAP."""
    error = one(changed(">Actual<", ">Draft<")).error
    assert error is not None
    assert "draft" == error.code


def test_what_is_internal_is_not_public() -> None:
    """secClassification Inner narrows the scope."""
    content = content_of(changed(">None<", ">Inner<"))
    assert (Scope.RESTRICTED, "内部") == (content.scope, content.restriction)


def test_markup_in_a_text_that_was_not_escaped_is_refused_and_told() -> None:
    """One writer leaves `<` as it is: not well-formed, and the source hears where."""
    error = one(changed("50毫米以上", "<50毫米以上")).error
    assert error is not None
    assert "not-wellformed" == error.code


@pytest.mark.parametrize(
    "said",
    [
        "32058541600000_20260715070000，32058541600000_20260715060000",
        "32058541600000_20260715070000;32058541600000_20260715060000",
        "32058541600000_20260715070000,32058541600000_20260715060000",
        "太仓市气象台,32058541600000_20260715070000,2026-07-15 07:00:00+08:00\n"
        "太仓市气象台,32058541600000_20260715060000,2026-07-15 06:00:00+08:00",
    ],
)
def test_references_that_something_joins_or_that_name_the_unit_lead_to_what_they_name(said: str) -> None:
    """A comma of either width, a semicolon, or CAP's triple with the unit by its name, which is nobody's sender here."""
    raw = changed("<note/>", f"<note/><references>{said}</references>").replace(b">Alert<", b">Cancel<")
    references = content_of(raw).references
    assert [("", f"32058541600000_202607150{hour}0000") for hour in (7, 6)] == [(one.sender, one.identifier) for one in references]


@pytest.mark.parametrize(
    ("said", "colour"),
    [("红色", "Red"), ("橙色", "Orange"), ("II级", "Orange"), ("Ⅱ级", "Orange"), ("2", "Orange"), ("黄", "Yellow"), ("一般", "Blue")],
)
def test_a_colour_in_other_words_is_a_repair(said: str, colour: str) -> None:
    """Its Chinese word, its level, its figure: as Unknown it would lose its urgency."""
    decoded = one(changed("<severity>Orange<", f"<severity>{said}<"))
    assert decoded.content is not None
    assert (colour, True) == (decoded.content.infos[0].colour, "alias-value at /alert/info[1]/severity" in decoded.repairs)


def test_an_event_in_small_letters_is_the_event() -> None:
    """11b03 is 暴雨."""
    decoded = one(changed("11B03<", "11b03<"))
    assert decoded.content is not None
    assert ("暴雨", ("11B03",)) == (decoded.content.infos[0].event, tuple(code.value for code in decoded.content.infos[0].event_codes))
    assert "alias-value at /alert/info[1]/eventType" in decoded.repairs


@pytest.mark.parametrize("joiner", ["，", "、", ";"])
def test_area_codes_that_something_else_joins_are_each_read(joiner: str) -> None:
    """Unread, an area would be nobody's."""
    decoded = one(changed("320585110000,320585000000", f"320585110000{joiner}320585000000"))
    assert decoded.content is not None
    assert ["320585110000", "320585000000"] == [code.value for code in decoded.content.infos[0].areas[0].geocodes]
    assert "geocode-split" in repairs(decoded)


@pytest.mark.parametrize(("offset", "is_odd"), [("-12:00", True), ("+23:59", True), ("+14:00", False), ("-11:00", False)])
def test_an_offset_that_no_country_keeps_is_a_finding(offset: str, *, is_odd: bool) -> None:
    """By -12:00 the warning would end twenty hours late."""
    decoded = one(changed("2026-07-15 20:00:00+08:00", f"2026-07-15 20:00:00{offset}"))
    assert decoded.content is not None
    assert decoded.content.infos[0].expires is not None
    assert is_odd is any("no country" in verdict.detail for verdict in decoded.verdicts)
