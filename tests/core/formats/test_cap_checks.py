"""Semantic findings, one by one; none of them changes the outcome."""

from __future__ import annotations

import pytest

from tests.core.formats.alerts import GOOD, codes_of, one, spoiled

INFO = GOOD[GOOD.index("  <info>") : GOOD.index("</alert>")]
GEOCODE = "<geocode><valueName>mca</valueName><value>320585110</value></geocode>"
POLYGON = "<polygon>31.5,121 31.6,121 31.6,121.1 31.5,121</polygon>"
REFERENCES = "  <references>{}</references>\n  <info>"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (">T-1<", ">T 1<", "invalid-characters"),
        (">met@example.org<", ">met,example<", "invalid-characters"),
        ("  <info>", REFERENCES.format("met@example.org,T-1,2026-07-15T07:00:00+08:00"), "references-circular"),
        ("  <info>", REFERENCES.format("met@example.org,T-9,2026-07-16T07:00:00+08:00"), "references-postdated"),
        (">Public<", ">Restricted<", "restriction-scope"),
        ("  <info>", "<restriction>x</restriction><info>", "restriction-scope"),
        (">Public<", ">Private<", "addresses-scope"),
        (INFO, INFO + INFO.replace("zh-CN", "en-US"), "same-text-other-language"),
        (INFO, INFO + INFO.replace(">Met<", ">Geo<"), "categories-must-match"),
        (
            INFO,
            INFO.replace("<effective>", "<eventCode><valueName>a</valueName><value>b</value></eventCode><effective>") + INFO,
            "event-codes-must-match",
        ),
        (INFO, INFO + INFO.replace(">暴雨<", ">大风<"), "events-in-same-language-should-match"),
        ("<effective>2026-07-15T08", "<effective>2026-07-15T07", "time-order"),
        ("<expires>2026-07-15T20", "<expires>2026-07-15T08", "time-order"),
        ("<expires>", "<onset>2026-07-15T21:00:00+08:00</onset><expires>", "time-order"),
        ("<expires>2026-07-15T20:00:00+08:00</expires>", "", "expires-missing"),
        ("<expires>2026-07-15", "<expires>2026-07-19", "expires-long"),
        (INFO[INFO.index("    <area>") : INFO.index("  </info>")], "", "area"),
        (POLYGON, "<note/>", "invalid-sequence"),
        ("    <headline>太仓市气象台发布暴雨橙色预警</headline>", "", "headline"),
        ("太仓市气象台发布暴雨橙色预警", "预警" * 71, "headline"),
        ("请注意防范。", "请注意防范。" * 1400, "long-text"),
        (">Severe<", ">Unknown<", "unknown-discouraged"),
        ("31.6,121.1 31.5,121<", "31.6,121.1 31.55,120.9 31.5,121<", "polygon"),
        (GEOCODE, GEOCODE + "<altitude>200</altitude><ceiling>100</ceiling>", "circle"),
        (GEOCODE, GEOCODE.replace("320585110", ""), "empty-geocode"),
        (">Likely<", ">Very Likely<", "deprecated"),
    ],
)
def test_finding(old: str, new: str, code: str) -> None:
    """The finding is made, and the alert is taken all the same."""
    decoded = one(spoiled(old, new))
    assert code in codes_of(decoded)
    assert decoded.content is not None


def test_no_finding() -> None:
    """A good alert has none."""
    assert set() == codes_of(one(GOOD.encode()))


@pytest.mark.parametrize(
    ("geocode", "found"),
    [(GEOCODE, set()), ("", {"area"}), (GEOCODE.replace("mca", "UGC"), {"area"}), (GEOCODE.replace("mca", "nbs"), set())],
)
def test_area_without_shape(geocode: str, found: set[str]) -> None:
    """An area without a shape is a finding unless it has a code of our own directory."""
    assert found == codes_of(one(GOOD.replace(POLYGON, "").replace(GEOCODE, geocode).encode()))


def test_cancel_needs_no_end() -> None:
    """A Cancel without expires is none of our business."""
    text = GOOD.replace(">Alert<", ">Cancel<").replace("<expires>2026-07-15T20:00:00+08:00</expires>", "")
    assert set() == codes_of(one(text.replace("  <info>", REFERENCES.format("a,b,2026-07-15T07:00:00+08:00")).encode()))
