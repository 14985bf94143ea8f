"""Messages for the tests of the compact frame, by hand and by chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import strategies as st

from fenghuo.formats.cap_words import CATEGORIES, CERTAINTIES, RESPONSE_TYPES, SEVERITIES, URGENCIES
from fenghuo.formats.compact_frame import CompactKind
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import (
    AffectedArea,
    Circle,
    Content,
    Geocode,
    Info,
    Message,
    MessageId,
    Parameter,
    Reference,
    Resource,
    Scope,
)
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

SENT = datetime(2026, 7, 15, 8, 30, tzinfo=timezone(timedelta(hours=8)))
SHAXI = Geocode("mca", "320585110")
WIND = "太仓市气象台2026年07月15日08时30分发布大风蓝色预警：预计未来24小时，我市大部分地区将出现5级左右偏北风，阵风6到7级。请注意防范。"


def info(**changes: Any) -> Info:
    """A blue wind warning for one town, to be prepared for."""
    plain = Info(
        categories=("Met",),
        event="大风",
        response_types=("Prepare",),
        severity="Minor",
        colour="Blue",
        event_codes=(Geocode("12379", "11B06"),),
        expires=SENT + timedelta(hours=24),
        sender_name="太仓市气象台",
        headline="太仓市气象台发布大风蓝色预警",
        description=WIND,
        areas=(AffectedArea("沙溪镇", geocodes=(SHAXI,)),),
    )
    return msgspec.structs.replace(plain, **changes)


def content(**changes: Any) -> Content:
    """The alert around it, actual and new."""
    plain = Content(
        kind=Kind.ALERT,
        action=Action.NEW,
        traffic=Traffic.ACTUAL,
        sender="32058541600000",
        identifier="32058541600000_20260715083000",
        sent=SENT,
        infos=(info(),),
    )
    return msgspec.structs.replace(plain, **changes)


def order(**changes: Any) -> Content:
    """A dispatch order, one line."""
    plain = Content(
        kind=Kind.DISPATCH,
        action=Action.NEW,
        traffic=Traffic.ACTUAL,
        sender="",
        identifier="",
        sent=SENT,
        infos=(
            Info(
                headline="调度指令",
                description="请立即组织低洼地区群众转移到镇避险点，转移人数每小时报告一次。",
                expires=SENT + timedelta(hours=6),
                areas=(AffectedArea("", geocodes=(SHAXI,)),),
            ),
        ),
        to=("area:mca:320585110",),
        needed="HUMAN",
        deadline_s=900.0,
    )
    return msgspec.structs.replace(plain, **changes)


def message(said: Content | None = None, **changes: Any) -> Message:
    """As intake makes it."""
    said = said or content()
    ends = said.expires or said.sent + timedelta(hours=24)
    plain = Message(
        id=MessageId("01K06FQ8W0ZZZZZZZZZZZZZZZZ"),
        revision=1,
        content=said,
        priority=Priority.P3,
        content_hash="0" * 64,
        accepted_at=said.sent.timestamp() + 1,
        expires_at=ends.timestamp(),
        number=123,
    )
    return msgspec.structs.replace(plain, **changes)


# By chance. Text is any text that is text: half a surrogate pair is none, and no reader of ours gives one.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [WIND, "Flash Flood Warning", "【演练】\r\n", "A\nB c"]
)
instants = st.integers(0, 60 * 366 * 86_400 * 1_000_000).map(lambda after: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=after))
instants |= st.integers(0, 60 * 366 * 1440).map(lambda after: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=after))
coordinates = st.tuples(
    st.floats(-90, 90).map(lambda value: round(value, 4) + 0.0), st.floats(-180, 180).map(lambda value: round(value, 4) + 0.0)
)
rings = st.lists(coordinates, min_size=3, max_size=6).map(lambda points: (*points, points[0]))
codes = st.builds(Geocode, texts | st.sampled_from(["mca", "nbs", "SAME"]), st.from_regex(r"[0-9]{2,12}", fullmatch=True) | texts)
areas = st.builds(
    AffectedArea,
    texts,
    st.lists(rings, max_size=2).map(tuple),
    st.lists(st.builds(Circle, coordinates, st.floats(0, 9999)), max_size=2).map(tuple),
    st.lists(codes, max_size=4).map(tuple),
    st.none() | st.floats(-1e6, 1e6).map(lambda value: value + 0.0),
)


def _several(items: st.SearchStrategy[Any], most: int = 1) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=most).map(tuple)


def _words(known: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(known) | texts


infos = st.builds(
    Info,
    language=st.sampled_from(["zh-CN", "en-US", "x-klingon"]),
    categories=_several(_words(CATEGORIES)),
    event=texts,
    response_types=_several(_words(RESPONSE_TYPES)),
    urgency=_words(URGENCIES),
    severity=_words(SEVERITIES),
    certainty=_words(CERTAINTIES),
    colour=_words(("", "Red", "Blue")),
    audience=texts,
    event_codes=_several(codes),
    effective=st.none() | instants,
    onset=st.none() | instants,
    expires=st.none() | instants,
    sender_name=texts,
    headline=texts,
    description=texts,
    instruction=texts,
    web=texts,
    contact=texts,
    parameters=_several(st.builds(Parameter, texts, texts)),
    resources=_several(st.builds(Resource, texts, texts, st.none() | st.integers(0, 1 << 40), st.none() | texts)),
    areas=_several(areas, 2),
)
meanings = st.sampled_from([kind.meaning for kind in CompactKind if kind.meaning])


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Any content that a reader of ours may give."""
    kind, action = draw(meanings)
    return Content(
        kind=kind,
        action=action,
        traffic=draw(st.sampled_from(Traffic)),
        sender=draw(texts),
        identifier=draw(texts),
        sent=draw(instants),
        scope=draw(st.sampled_from(Scope)),
        restriction=draw(texts),
        addresses=draw(_several(texts)),
        codes=draw(_several(texts)),
        note=draw(texts),
        source=draw(texts),
        references=draw(_several(st.builds(Reference, texts, texts, st.none() | instants))),
        incidents=draw(_several(texts)),
        infos=draw(_several(infos, 2)),
        priority=draw(st.none() | st.sampled_from(Priority)),
        to=draw(_several(texts)),
        via=draw(_several(texts)),
        needed=draw(st.none() | st.sampled_from([level.name for level in Evidence])),
        deadline_s=draw(st.none() | st.floats(0.1, 1e7)),
    )


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Any message that intake may make."""
    said = draw(contents())
    return message(
        said,
        revision=draw(st.integers(1, 63)),
        number=draw(st.integers(0, 9999)),
        priority=draw(st.sampled_from(Priority)),
        expires_at=draw(st.floats(6e8, 3e9)),
    )
