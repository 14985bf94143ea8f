"""Our own JSON for orders and reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.formats.message_json import MAX_OCTETS, UNSENT, read_message, schema, write_message
from fenghuo.formats.verdicts import Decoded, SourceDefaults
from fenghuo.model.message import AffectedArea, Content, Geocode, Reference, Resource
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from tests.core.formats.alerts import SENT, message_of

FULL = {
    "kind": "Report",
    "to": ["person:zhang", "area:mca:320585110"],
    "text": "已转移120人。",
    "subject": "转移情况",
    "action": "Update",
    "reference": "20260715-0001",
    "priority": "P1",
    "traffic": "Exercise",
    "via": ["sms-a"],
    "needed": "HUMAN",
    "expires": "2026-07-15T20:00:00+08:00",
    "deadline_s": 900,
    "areas": ["mca:320585110", "nbs:320585400"],
    "sender": "沙溪镇",
    "identifier": "R-1",
    "sent": "2026-07-15T08:00:00+08:00",
    "attachments": [{"digest": "ab" * 32, "name": "堤.jpg", "media_type": "image/jpeg"}],
}


def read(**fields: object) -> Decoded:
    """What becomes of an order with these fields."""
    return read_message(json.dumps({"to": ["org:a"], "text": "请转移", **fields}).encode())


def content(**fields: object) -> Content:
    """The content of an order that must be taken."""
    decoded = read(**fields)
    assert decoded.content is not None, decoded.error
    return decoded.content


def test_least() -> None:
    """`to` and `text` are enough: an actual dispatch order, new, without a wish."""
    least = content()
    assert (Kind.DISPATCH, Action.NEW, Traffic.ACTUAL, None, ("org:a",)) == (
        least.kind,
        least.action,
        least.traffic,
        least.priority,
        least.to,
    )
    assert ("zh-CN", "", "请转移", None) == (
        least.infos[0].language,
        least.infos[0].headline,
        least.infos[0].description,
        least.infos[0].expires,
    )
    assert (UNSENT, "", "") == (least.sent, least.sender, least.identifier)


def test_full() -> None:
    """Every field has its place in the content."""
    full = content(**FULL)
    assert (Kind.REPORT, Action.UPDATE, Traffic.EXERCISE, Priority.P1) == (full.kind, full.action, full.traffic, full.priority)
    assert (("sms-a",), "HUMAN", 900.0, (Reference("20260715-0001"),)) == (full.via, full.needed, full.deadline_s, full.references)
    assert ("转移情况", (AffectedArea("", geocodes=(Geocode("mca", "320585110"), Geocode("nbs", "320585400"))),)) == (
        full.infos[0].headline,
        full.infos[0].areas,
    )
    assert ("沙溪镇", "R-1", SENT) == full.triple
    assert (Resource("堤.jpg", "image/jpeg", blob="ab" * 32),) == full.infos[0].resources


def test_duration() -> None:
    """`expires_s` counts from `sent`, and without it from the instant of receipt."""
    assert SENT + timedelta(seconds=60) == content(sent="2026-07-15T08:00:00+08:00", expires_s=60).expires
    received = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)
    decoded = read_message(b'{"to":["a"],"text":"b","expires_s":60}', defaults=SourceDefaults(received=received))
    assert decoded.content is not None
    assert (received, received + timedelta(seconds=60)) == (decoded.content.sent, decoded.content.expires)


@pytest.mark.parametrize("fields", [{}, FULL, {"priority": "P0"}, {"action": "Cancel", "reference": "x"}])
def test_round_trip(fields: dict[str, object]) -> None:
    """What we write reads back to the same content, and the same again octet for octet."""
    first = content(**fields)
    raw = write_message(message_of(first))
    again = read_message(raw)
    assert again.content is not None
    assert (first, raw) == (again.content, write_message(message_of(again.content)))


@pytest.mark.parametrize(
    ("fields", "where", "sentence"),
    [
        ({"to": []}, "$.to", 'field to is []; it must be a list of 1 to 1000 audiences, for example ["area:mca:320585110"]'),
        ({"to": "a"}, "$.to", "field to is 'a'; it must be a list of 1 to 1000 audiences, for example [\"area:mca:320585110\"]"),
        ({"text": ""}, "$.text", "field text is ''; it must be a text of 1 to 8000 characters"),
        ({"text": " \n"}, "$.text", "field text is ' \\n'; it must be a text of 1 to 8000 characters"),
        ({"text": 5}, "$.text", "field text is 5; it must be a text of 1 to 8000 characters"),
        (
            {"attachments": [{"digest": "ab", "colour": 1}]},
            "$.attachments",
            "field attachments is [{'digest': 'ab', 'colour': 1}]; it must be at most 20 objects such as"
            ' {"digest": 64 hex digits, "name": "a.jpg", "media_type": "image/jpeg"}',
        ),
        ({"kind": "Alert"}, "$.kind", "field kind is 'Alert'; it must be Dispatch or Report"),
        ({"priority": "P9"}, "$.priority", "field priority is 'P9'; it must be one of P0, P1, P2, P3, P4"),
        ({"traffic": "Drill"}, "$.traffic", "field traffic is 'Drill'; it must be one of Actual, Exercise, System, Test"),
        (
            {"needed": "human"},
            "$.needed",
            "field needed is 'human'; it must be one of ACCEPTED, AIRED, RELAYED, DEVICE, HUMAN, DONE",
        ),
        ({"via": [""]}, "$.via", "field via is ['']; it must be a list of at most 32 channel names, for example [\"sms-a\"]"),
        ({"expires_s": -1}, "$.expires_s", "field expires_s is -1; it must be a number of seconds above 0 and at most ten years"),
        (
            {"deadline_s": 1e12},
            "$.deadline_s",
            "field deadline_s is 1000000000000.0; it must be a number of seconds above 0 and at most ten years",
        ),
        (
            {"sent": "2026-07-15T08:00:00"},
            "$.sent",
            "field sent is '2026-07-15T08:00:00'; it must be an instant with zone, for example 2026-07-15T08:00:00+08:00",
        ),
        (
            {"expires": "soon"},
            "$.expires",
            "field expires is 'soon'; it must be an instant with zone, for example 2026-07-15T20:00:00+08:00",
        ),
        (
            {"expires": "2026-07-15T20:00:00+08:00", "expires_s": 5},
            "$.expires_s",
            "at most one of the fields expires and expires_s may be there",
        ),
        (
            {"expires_s": 9e7, "sent": "9999-01-01T00:00:00Z"},
            "$.expires_s",
            "field expires_s is 90000000.0; it must be a number of seconds above 0 and at most ten years",
        ),
        ({"areas": ["320585"]}, "$.areas", "field areas: area '320585' has no code system; write mca:320585 or nbs:320585"),
        (
            {"action": "Cancel"},
            "$.reference",
            "field action is 'Cancel', so field reference must be there: the id of the message that an Update or a Cancel is about",
        ),
    ],
)
def test_sentence(fields: dict[str, object], where: str, sentence: str) -> None:
    """A mistake is told in a sentence: the field, its value, and what would be right."""
    error = read(**fields).error
    assert error is not None
    assert ("bad-field", where, sentence) == (error.code, error.where, error.message)


def test_unknown_and_missing() -> None:
    """A field that nobody knows and one that is not there are named."""
    unknown, missing = read(prio="P1").error, read_message(b'{"to":["a"]}').error
    assert unknown is not None
    assert missing is not None
    assert unknown.message.startswith("field prio is not known; known are to, text, kind,")
    assert "field text is missing; it must be a text of 1 to 8000 characters" == missing.message


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff", "not-json"),
        (b'{"to":["a"],"text":"\xff"}', "not-json"),
        (b"null", "bad-field"),
        (b"[]", "bad-field"),
        (b"[" * 100_000, "too-deep"),
        (b'{"to":' + b"[" * 100_000, "too-deep"),
        (b'{"x":' * 100_000, "too-deep"),
        (b'{"to":5,"text":"\xff"}', "not-json"),
        (b" " * (MAX_OCTETS + 1), "too-large"),
    ],
)
def test_no_order(raw: bytes, code: str) -> None:
    """What is no order at all is refused and never raises."""
    error = read_message(raw).error
    assert error is not None
    assert code == error.code


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    )
)
@settings(max_examples=100, deadline=None)
def test_any_json(value: object) -> None:
    """No JSON makes it raise, whichever field it is put in."""
    for field in ("to", "text", "priority", "expires", "areas", "via"):
        decoded = read(**{field: value})
        assert (decoded.content is None) == (decoded.error is not None)


def test_schema() -> None:
    """The JSON Schema names every field, and refuses others."""
    definitions = schema()["$defs"]
    definition = definitions["MessageJson"]
    assert set(FULL) | {"expires_s"} == set(definition["properties"])
    assert (["to", "text"], False) == (definition["required"], definition["additionalProperties"])
    enclosed = definitions["AttachmentJson"]
    assert (["digest"], False) == (enclosed["required"], enclosed["additionalProperties"])
