"""The forms a message takes."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FormatError
from fenghuo.formats.cap_out import write_cap
from fenghuo.formats.message_json import read_message
from fenghuo.formats.renditions import COPY_MARK_OCTETS, SMS_UNITS, cap_body, json_body, marked, radio_text, sms_text
from fenghuo.model.message import Info, Message
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.alerts import GOOD, content_of, message_of

MUST = "太仓市气象台发布暴雨橙色预警。区域：沙溪镇。措施：停止户外作业。低洼地区人员立即转移。"
TIME = "有效至7月15日20时00分。"
DETAILS = "详情：预计未来3小时沙溪镇降雨量将达50毫米以上。请注意防范。"
ASK = " 收到请回复 收到#0123"


def alert(*, traffic: Traffic = Traffic.ACTUAL, action: Action = Action.NEW, **fields: object) -> Message:
    """The good alert with some fields of its info changed."""
    content = content_of(GOOD.encode())
    info = msgspec.structs.replace(content.infos[0], **fields)
    return message_of(msgspec.structs.replace(content, infos=(info,), traffic=traffic, action=action))


def order(**fields: object) -> Message:
    """An order of our own JSON."""
    decoded = read_message(msgspec.json.encode({"to": ["a"], "text": "请立即转移低洼地区群众", **fields}))
    assert decoded.content is not None
    return message_of(decoded.content)


def test_alert_by_sms() -> None:
    """An alert: event, area, what to do, until when, the details, and how to answer."""
    rendition = sms_text(alert())
    assert MUST + TIME + DETAILS + ASK == rendition.text
    assert ("sms", rendition.text.encode(), ()) == (rendition.form, rendition.data, rendition.left_out)


@pytest.mark.parametrize(("traffic", "mark"), [(Traffic.EXERCISE, "【演练】"), (Traffic.TEST, "【测试】")])
def test_exercise_at_both_ends(traffic: Traffic, mark: str) -> None:
    """An exercise is marked at both ends, in every readable form."""
    for rendition in (sms_text(alert(traffic=traffic)), radio_text(alert(traffic=traffic)), sms_text(order(traffic=traffic.value))):
        assert (True, True) == (rendition.text.startswith(mark), rendition.text.endswith(mark))
    assert 2 == json_body(alert(traffic=traffic)).data.decode().count(mark)


@pytest.mark.parametrize(("action", "mark"), [(Action.UPDATE, "【更正】"), (Action.CANCEL, "【解除】")])
def test_action_mark(action: Action, mark: str) -> None:
    """What corrects or ends says so at once, behind the exercise mark."""
    assert sms_text(alert(action=action, traffic=Traffic.EXERCISE)).text.startswith(f"【演练】{mark}")


def test_cancel_asks_for_nothing() -> None:
    """A Cancel names its number and asks for no answer."""
    assert sms_text(alert(action=Action.CANCEL)).text.endswith("请注意防范。 #0123")


def test_issuer() -> None:
    """The issuer is named where the headline does not name it."""
    assert "发布：太仓市气象台。" in sms_text(alert(headline="暴雨橙色预警")).text


def test_ten_parts() -> None:
    """An alert by SMS stays within ten parts: whole sentences of the details go, and that is said."""
    rendition = sms_text(alert(description="沿江地区风力十二级。" * 200))
    assert (True, ("description",), True) == (
        len(rendition.text) <= SMS_UNITS,
        rendition.left_out,
        rendition.text.endswith("十二级。" + ASK),
    )


def test_long_instruction() -> None:
    """What to do is never cut, even if it takes more than ten parts."""
    instruction = "低洼地区人员立即转移。" * 80
    rendition = sms_text(alert(instruction=instruction))
    assert (True, ("time", "description", "how to answer")) == (
        instruction in rendition.text,
        tuple(n for n in rendition.left_out if n != "issuer"),
    )


@pytest.mark.parametrize(
    ("text", "spare", "left_out"),
    [
        (MUST + TIME + DETAILS + ASK, 0, ()),
        (MUST + TIME + DETAILS + ASK, -1, ("description",)),
        (MUST + TIME + ASK, 0, ("description",)),
        (MUST + ASK, 0, ("description", "time")),
        (MUST + " #0123", 0, ("description", "time", "how to answer")),
    ],
)
def test_radio_budget(text: str, spare: int, left_out: tuple[str, ...]) -> None:
    """On the radio the details go first, then the end, then the long way of asking; the mark for a copy always has room."""
    octets = len(text.encode()) + COPY_MARK_OCTETS + spare
    rendition = radio_text(alert(), Budget(octets=octets))
    assert left_out == rendition.left_out
    assert (True, True) == (rendition.text.startswith(MUST), "#0123" in rendition.text)
    assert len(marked(rendition, "重发 99").data) <= octets


def test_radio_too_small() -> None:
    """A budget below what must be said is an error and never a shorter order."""
    with pytest.raises(FormatError) as refusal:
        radio_text(alert(), Budget(octets=100))
    assert "too-long" == refusal.value.code


def test_sms_budget() -> None:
    """A budget for SMS counts UCS-2 octets, two for each unit and four beyond the basic plane."""
    whole = sms_text(alert(headline="𠮷暴雨橙色预警"))
    units = len(whole.text.encode("utf-16-be"))
    assert (whole.text, ("description",)) == (
        sms_text(alert(headline="𠮷暴雨橙色预警"), Budget(octets=units)).text,
        sms_text(alert(headline="𠮷暴雨橙色预警"), Budget(octets=units - 2)).left_out,
    )
    with pytest.raises(FormatError):
        sms_text(alert(), Budget(octets=40))


def test_order_word_for_word() -> None:
    """An order is sent whole whatever the budget: the radio sends it in several frames."""
    assert "令：请立即转移低洼地区群众" + ASK == radio_text(order(subject="令"), Budget(octets=20)).text
    assert "请立即转移低洼地区群众" + ASK == sms_text(order(), Budget(octets=20)).text


def test_report() -> None:
    """A report asks for no answer."""
    assert "请立即转移低洼地区群众 #0123" == sms_text(order(kind="Report")).text


def test_json() -> None:
    """The JSON holds every field, and the text that a person is to be shown."""
    body = msgspec.json.decode(json_body(alert()).data)
    assert {
        "id": "20260715-0001",
        "revision": 1,
        "number": 123,
        "kind": "Alert",
        "action": "New",
        "traffic": "Actual",
        "priority": "P1",
        "headline": "太仓市气象台发布暴雨橙色预警",
        "text": MUST + TIME + DETAILS + ASK,
        "expires": "2026-07-15T20:00:00+08:00",
        "areas": [{"name": "沙溪镇", "codes": ["mca:320585110"]}],
        "copy": 0,
    } == body


def test_json_names_what_goes_with_it() -> None:
    """By the hash of its octets, so that whoever gets them by another way knows what they belong to."""
    message = order(attachments=[{"digest": "ab" * 32, "name": "堤.jpg", "media_type": "image/jpeg"}])
    body = msgspec.json.decode(json_body(message).data)
    assert [{"digest": "ab" * 32, "size": 0, "name": "堤.jpg", "media_type": "image/jpeg"}] == body["attachments"]


def test_cap() -> None:
    """The CAP is what the writer writes."""
    rendition = cap_body(alert(), node="taicang", sender="t.example")
    assert ("cap", "application/cap+xml", write_cap(alert(), node="taicang", sender="t.example")) == (
        rendition.form,
        rendition.media_type,
        rendition.data,
    )
    assert b"<sender>met@example.org</sender>" in cap_body(alert()).data


def test_marked_text() -> None:
    """A copy says so behind the exercise mark, in the text and in its octets."""
    rendition = marked(radio_text(alert(traffic=Traffic.EXERCISE)), "重发 2")
    assert rendition.text.startswith("【演练】【重发 2】太仓")
    assert rendition.text.encode() == rendition.data
    assert rendition.text.replace("【重发 2】", "") == radio_text(alert(traffic=Traffic.EXERCISE)).text


def test_marked_json() -> None:
    """In JSON a copy is a number, and in the text a mark."""
    rendition = marked(json_body(alert()), "重发 2")
    body = msgspec.json.decode(rendition.data)
    assert (2, True, True) == (body["copy"], body["text"].startswith("【重发 2】"), rendition.text.startswith("【重发 2】"))


def test_unmarked() -> None:
    """Without a mark nothing changes, and CAP is known by its identifier."""
    assert sms_text(alert()) == marked(sms_text(alert()), "")
    assert cap_body(alert()) == marked(cap_body(alert()), "重发 2")
    assert len("【重发 99】".encode()) <= COPY_MARK_OCTETS


_WORDS = st.text("预警。；，0123456789沙溪镇 ab𠮷", max_size=60)


@given(
    info=st.builds(
        Info, event=_WORDS, headline=_WORDS, description=_WORDS, instruction=_WORDS, sender_name=_WORDS, colour=st.sampled_from(["", "Red"])
    ),
    octets=st.integers(0, 400),
    traffic=st.sampled_from(Traffic),
)
@settings(max_examples=100, deadline=None)
def test_budget_is_kept(info: Info, octets: int, traffic: Traffic) -> None:
    """A radio text fits its budget or is refused; the same message and budget give the same octets."""
    message = message_of(msgspec.structs.replace(content_of(GOOD.encode()), infos=(info,), traffic=traffic))
    with contextlib.suppress(FormatError):
        rendition = radio_text(message, Budget(octets=octets))
        assert not octets or len(rendition.data) <= octets
        assert rendition == radio_text(message, Budget(octets=octets))
