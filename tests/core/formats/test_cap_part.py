"""Elements read by name: order, aliases, repetition, strangers, stray text."""

from __future__ import annotations

import re

from fenghuo.model.message import Geocode
from tests.core.formats.alerts import GOOD, codes_of, content_of, one, spoiled


def test_order() -> None:
    """Elements out of order are read by name, and each is a repair."""
    swapped = GOOD.replace("  <sender>met@example.org</sender>\n", "").replace(
        "  <status>", "  <sender>met@example.org</sender>\n  <status>"
    )
    decoded = one(swapped.encode())
    assert decoded.content is not None
    assert ("met@example.org", ("order at /alert/sender",)) == (decoded.content.sender, decoded.repairs)


def test_order_in_the_area() -> None:
    """A polygon behind its geocode is read as well (NOAA)."""
    polygon = "      <polygon>31.5,121 31.6,121 31.6,121.1 31.5,121</polygon>\n"
    decoded = one(GOOD.replace(polygon, "").replace("    </area>", f"{polygon}    </area>").encode())
    assert decoded.content is not None
    assert (1, ("order at /alert/info[1]/area[1]/polygon[1]",)) == (len(decoded.content.infos[0].areas[0].polygons), decoded.repairs)


def test_stray_text() -> None:
    """Text between elements is dropped, and that is a repair."""
    assert ("stray-text at /alert",) == one(spoiled("  <scope>", "{}  <scope>")).repairs


def test_elements_without_the_roots_namespace() -> None:
    """What a writer says that knows no namespace but the root's is read, once a repair, and no schema takes it."""
    decoded = one(spoiled("<info>", '<info xmlns="">'))
    assert (("no-namespace at /alert/info",), one(GOOD.encode()).content) == (decoded.repairs, decoded.content)
    assert one(spoiled("<info>", '<info xmlns="urn:x">')).content is None


def test_alias_element() -> None:
    """`reference` is read as references."""
    decoded = one(spoiled("  <info>", "  <reference>a,b,2026-07-15T07:00:00+08:00</reference><info>"))
    assert decoded.content is not None
    assert ("b", ("alias-element at /alert/reference",)) == (decoded.content.references[0].identifier, decoded.repairs)


def test_geocode_alias() -> None:
    """`geoCode` without a valueName takes its system from the source's settings."""
    raw = spoiled("<geocode><valueName>mca</valueName><value>320585110</value></geocode>", "<geoCode>320585110000</geoCode>")
    decoded = one(raw, systems={"": "mca"})
    assert decoded.content is not None
    assert (Geocode("mca", "320585110000"),) == decoded.content.infos[0].areas[0].geocodes
    assert ("alias-element at /alert/info[1]/area[1]/geoCode",) == decoded.repairs


def test_duplicate_element() -> None:
    """A single element twice is a finding, and the first counts."""
    decoded = one(spoiled("    <event>暴雨</event>", "    <event>暴雨</event><event>大风</event>"))
    assert decoded.content is not None
    assert ("暴雨", {"duplicate-element"}) == (decoded.content.infos[0].event, codes_of(decoded))


def test_stranger() -> None:
    """An element that CAP does not know is a finding; one of another namespace is nobody's business."""
    assert {"invalid-sequence"} == codes_of(one(spoiled("  <scope>", "  <colour>red</colour><scope>")))
    assert set() == codes_of(one(spoiled("  <scope>", '  <x:colour xmlns:x="urn:x">red</x:colour><scope>')))


def test_prefix() -> None:
    """Prefixes are free."""
    prefixed = re.sub(r"<(/?)(\w)", r"<\1cap:\2", GOOD).replace("xmlns=", "xmlns:cap=")
    assert "T-1" == content_of(prefixed.encode()).identifier


def test_markup_in_a_text() -> None:
    """Markup that a careless writer left in a text costs no words."""
    content = content_of(spoiled("停止户外作业。", "停止<b>户外</b>作业。"))
    assert "停止户外作业。低洼地区人员立即转移。" == content.infos[0].instruction
