"""CAP as we write it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from fenghuo.formats.cap_out import identifier_of, write_cap
from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.message_json import read_message
from fenghuo.formats.xml_gate import open_document
from fenghuo.model.message import AffectedArea, Circle, Content, Geocode, Info, Message, Parameter, Reference, Resource, Scope
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.alerts import EXPIRES, GOOD, SENT, content_of, message_of, one

OASIS = Path(__file__).parents[4] / "shared/data/cap/xsd/CAP-v1.2.xsd"


def written(content: Content, *, revision: int = 1, earlier: tuple[Message, ...] = ()) -> str:
    """What we write, after the schema had its say."""
    raw = write_cap(message_of(content, revision=revision), node="taicang", sender="taicang.example", earlier=earlier)
    verdict = schema_verdict(open_document(raw).root)
    assert verdict.ok, verdict.detail
    return raw.decode()


def changed(**fields: object) -> Content:
    """The good content with some envelope fields changed."""
    return msgspec.structs.replace(content_of(GOOD.encode()), **fields)


def with_info(**fields: object) -> Content:
    """The good content with some fields of its info changed."""
    content = content_of(GOOD.encode())
    return msgspec.structs.replace(content, infos=(msgspec.structs.replace(content.infos[0], **fields),))


def test_envelope() -> None:
    """The identifier is ours, times are in Beijing time, and there is no byte-order mark."""
    text = written(content_of(GOOD.encode()))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">\n')
    assert "<identifier>taicang-20260715-0001-1</identifier>" in text
    assert "<sender>taicang.example</sender>" in text
    assert "<sent>2026-07-15T08:00:00+08:00</sent>" in text


def test_round_trip() -> None:
    """What we write reads back to the same info, and what that writes is the same octet for octet."""
    content = content_of(GOOD.encode())
    first = written(content)
    again = content_of(first.encode())
    assert msgspec.structs.replace(content.infos[0], parameters=again.infos[0].parameters) == again.infos[0]
    assert first == written(again)


def test_parameters() -> None:
    """Colour, event code, first message and traffic go as parameters; a source's own of those names give way."""
    codes = (Geocode("x", "11B03"),)
    text = written(with_info(event_codes=codes, parameters=(Parameter("traffic", "jam"), Parameter("a", "b"))), revision=3)
    assert ["a", "colour", "eventCode12379", "firstMessage", "traffic"] == [
        element.text for element in open_document(text.encode()).root.iterfind(".//{*}parameter/{*}valueName")
    ]
    assert "<value>Orange</value>" in text
    assert "<value>taicang-20260715-0001-1</value>" in text
    assert "jam" not in text


def test_chinese_first() -> None:
    """One info per language, Chinese before the rest."""
    infos = tuple(Info(language=language, event="x") for language in ("en-US", "zh-HK", "zh-CN"))
    root = open_document(written(changed(infos=infos)).encode()).root
    assert ["zh-CN", "zh-HK", "en-US"] == [element.text for element in root.iterfind(".//{*}language")]


def test_end() -> None:
    """An info without an end gets the message's, so that there is always one."""
    assert "<expires>2026-07-15T20:00:00+08:00</expires>" in written(with_info(expires=None))
    assert EXPIRES.timestamp() == message_of(with_info(expires=None)).expires_at


def test_geometry() -> None:
    """Rings are closed and have at most four decimals; one that shrinks to nothing becomes a dot."""
    ring = ((31.500004, 121.0), (31.6, 121.00001), (31.6, 121.123456), (31.500004, 121.0))
    speck = ((31.0, 121.0), (31.000001, 121.0), (31.000001, 121.000001), (31.0, 121.0))
    text = written(with_info(areas=(AffectedArea("沙溪镇", polygons=(ring, speck), circles=(Circle((-0.00001, 120), 5),)),)))
    assert "<polygon>31.5,121 31.6,121 31.6,121.1235 31.5,121</polygon>" in text
    assert ["0,120 5", "31,121 0.02"] == [element.text for element in open_document(text.encode()).root.iterfind(".//{*}circle")]


def test_references_of_our_revisions() -> None:
    """An Update names our earlier revisions with the times they were sent."""
    first = message_of(content_of(GOOD.encode()))
    update = changed(action=Action.UPDATE, sent=SENT + timedelta(hours=1), references=(Reference("T-1", "met@example.org", SENT),))
    text = written(update, revision=2, earlier=(first,))
    assert "<references>taicang.example,taicang-20260715-0001-1,2026-07-15T08:00:00+08:00</references>" in text
    assert text == written(update, revision=2)


def test_references_to_what_we_never_sent() -> None:
    """Where we sent nothing earlier, the source's own references stand."""
    update = changed(action=Action.UPDATE, references=(Reference("T-0", "met@example.org", SENT), Reference("T-00")))
    wanted = "met@example.org,T-0,2026-07-15T08:00:00+08:00 met@example.org,T-00,2026-07-15T08:00:00+08:00"
    assert f"<references>{wanted}</references>" in written(update)


def test_cancel_without_info() -> None:
    """A Cancel without info is written without one."""
    text = written(changed(action=Action.CANCEL, infos=(), references=(Reference("T-1", "m", SENT),)), revision=2)
    assert ("<msgType>Cancel</msgType>" in text, "<info>" in text) == (True, False)


def test_order_as_cap() -> None:
    """An order of our own JSON is valid CAP too."""
    decoded = read_message('{"to":["a"],"text":"请转移","areas":["mca:320585110"],"expires_s":60}'.encode())
    assert decoded.content is not None
    text = written(decoded.content)
    assert "<event>调度指令</event>" in text
    assert "<areaDesc>mca:320585110</areaDesc>" in text
    assert "<sent>2026-07-15T08:00:01+08:00</sent>" in text


@pytest.mark.parametrize("name", ["a b", "a,b", "a<b", "a&b"])
def test_plain_names(name: str) -> None:
    """A sender that would break a triple apart is made plain."""
    message = message_of(content_of(GOOD.encode()))
    assert b"<sender>a_b</sender>" in write_cap(message, node="n", sender=name)
    assert "n-m-2" == identifier_of("n", "m", 2)


_TEXT = st.text(max_size=20)
_RINGS = st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=4, max_size=6).map(lambda points: (*points, points[0]))
_AREAS = st.builds(
    AffectedArea,
    description=_TEXT,
    polygons=st.lists(_RINGS, max_size=2).map(tuple),
    circles=st.lists(
        st.builds(Circle, centre=st.tuples(st.floats(-90, 90), st.floats(-180, 180)), radius_km=st.floats(0, 1e6)), max_size=2
    ).map(tuple),
    geocodes=st.lists(st.builds(Geocode, system=_TEXT, value=_TEXT), max_size=2).map(tuple),
    altitude_ft=st.none() | st.floats(-1e5, 1e5),
)
_INFOS = st.builds(
    Info,
    language=_TEXT,
    categories=st.lists(_TEXT, max_size=2).map(tuple),
    event=_TEXT,
    response_types=st.lists(_TEXT, max_size=2).map(tuple),
    urgency=_TEXT,
    colour=_TEXT,
    event_codes=st.lists(st.builds(Geocode, system=_TEXT, value=_TEXT), max_size=2).map(tuple),
    headline=_TEXT,
    description=_TEXT,
    web=_TEXT | st.sampled_from(["http://a/b?c=d#e", "http://a b", "%zz", "http://[::1", ":", "a:b:c", "//:", "x/y:z", "http://a:b"]),
    parameters=st.lists(st.builds(Parameter, name=_TEXT, value=_TEXT), max_size=2).map(tuple),
    resources=st.lists(
        st.builds(Resource, description=_TEXT, mime_type=_TEXT, size=st.none() | st.integers(0, 10**9), uri=_TEXT), max_size=2
    ).map(tuple),
    areas=st.lists(_AREAS, max_size=2).map(tuple),
)


@given(
    infos=st.lists(_INFOS, max_size=2).map(tuple),
    scope=st.sampled_from(Scope),
    traffic=st.sampled_from(Traffic),
    action=st.sampled_from(Action),
    names=st.tuples(_TEXT, _TEXT),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_always_valid(infos: tuple[Info, ...], scope: Scope, traffic: Traffic, action: Action, names: tuple[str, str]) -> None:
    """Whatever the model holds, what we write is valid and the same twice."""
    content = changed(
        infos=infos, scope=scope, traffic=traffic, action=action, note=names[0], references=(Reference(names[1] or "x", "s", SENT),)
    )
    assert written(content) == written(content)


@pytest.mark.skipif(not OASIS.exists(), reason="the published schemas of CAP do not lie beside the checkout")
def test_published_schema() -> None:
    """The published schema says the same of what we write."""
    schema = etree.XMLSchema(etree.parse(str(OASIS)))
    cancel = changed(action=Action.CANCEL, infos=(), references=(Reference("T-1", "m", SENT),))
    for content in (content_of(GOOD.encode()), cancel, changed(action=Action.UPDATE, references=(Reference("T-1"),))):
        schema.assertValid(etree.fromstring(written(content, revision=2).encode()))
    assert one(GOOD.encode()).content is not None
