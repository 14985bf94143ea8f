from __future__ import annotations

import msgspec
import pytest

from fenghuo import Evidence, InboundKind, Permanent, Scope
from fenghuo_adapters.mqtt_packets import Arrived
from fenghuo_mqtt.arrivals import inbound_of
from fenghuo_mqtt.settings import MqttSettings

SETTINGS = MqttSettings(host="127.0.0.1", node="hq", plain=True)


def arrived(topic: str, payload: bytes, *, retained: bool = False, correlation: bytes = b"") -> Arrived:
    return Arrived(f"fenghuo/hq/{topic}", payload, retained, False, lambda: None, correlation=correlation)


@pytest.mark.parametrize(
    ("level", "evidence"), [("device", Evidence.DEVICE), ("human", Evidence.HUMAN), ("done", Evidence.DONE), ("failed", None)]
)
def test_a_receipt_shows_its_level(level: str, evidence: Evidence | None) -> None:
    """`failed` is no evidence but a refusal by the recipient."""
    inbound = inbound_of(arrived("receipt/van1", b'{"id": "t-1", "level": "%b", "code": "no-room"}' % level.encode()), SETTINGS)
    assert (InboundKind.RECEIPT, evidence) == (inbound.kind, inbound.level)
    assert (Permanent(Scope.RECIPIENT, "no-room") if level == "failed" else None) == inbound.failure


def test_a_receipt_is_of_the_device_whose_topic_it_came_by() -> None:
    """Whatever it names, it confirms only what went to that device."""
    mine = inbound_of(arrived("receipt/van1", b'{"id": "t-1", "level": "device"}'), SETTINGS)
    theirs = inbound_of(arrived("receipt/van2", b'{"id": "t-1", "level": "device"}'), SETTINGS)
    assert ("van1/t-1", "van1") == (mine.ref, mine.address)
    assert mine.ref != theirs.ref


@pytest.mark.parametrize(
    ("topic", "payload", "says"),
    [
        ("receipt/van1", b"\xff\xfe", "no receipt"),
        ("receipt/van1", b'{"id": "t-1", "level": "delivered"}', "no receipt"),
        ("receipt/van1", b'{"id": 7}', "no receipt"),
        ("out/van1", b"{}", "none of ours"),
        ("command/van1", b"stop", "none of ours"),
    ],
)
def test_what_is_not_understood_is_refused_and_kept(topic: str, payload: bytes, says: str) -> None:
    """Its octets go to the core with the topic and the reason."""
    inbound = inbound_of(arrived(topic, payload), SETTINGS)
    assert (InboundKind.REFUSED, "", None, payload) == (inbound.kind, inbound.ref, inbound.level, inbound.raw)
    assert says in inbound.text
    assert topic in inbound.text


@pytest.mark.parametrize("word", ["receipt", "answer", "in"])
def test_a_retained_message_is_refused_whatever_it_says(word: str) -> None:
    """A broker gives it to everybody who comes later: it neither confirms, nor answers, nor is taken in."""
    inbound = inbound_of(arrived(f"{word}/van1", b'{"id": "t-1", "level": "human"}', retained=True), SETTINGS)
    assert (InboundKind.REFUSED, "", None) == (inbound.kind, inbound.ref, inbound.level)
    assert "retained" in inbound.text


def test_an_answer_is_text_of_its_sender() -> None:
    """As the person wrote it."""
    inbound = inbound_of(arrived("answer/van1", "收到".encode()), SETTINGS)
    assert (InboundKind.ANSWER, "van1", "收到") == (inbound.kind, inbound.address, inbound.text)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"\xff\xfe\x00", "begin ff fe 00"),
        ("请求支援".encode("gb18030"), "GB 18030 it would be: 请求支援"),
        (b"", "empty"),
        (b" \n", "empty"),
    ],
)
def test_octets_that_are_no_text_are_evidence_of_nothing_and_shown(payload: bytes, says: str) -> None:
    """Whoever sent them has not shown to have read anything; a person is told from whom they are, and what they may say."""
    inbound = inbound_of(arrived("answer/van1", payload), SETTINGS)
    assert (InboundKind.REFUSED, None, "van1", payload) == (inbound.kind, inbound.level, inbound.address, inbound.raw)
    assert says in inbound.text


def test_a_copy_of_a_report_is_known() -> None:
    """By its correlation data, or else by what it says; and never as the same of another device."""
    same = [inbound_of(arrived("in/van1", b"{}", correlation=name), SETTINGS).ref for name in (b"a", b"a", b"b", b"", b"")]
    assert same[0] == same[1] != same[2]
    assert same[3] == same[4] not in same[:3]
    assert same[0] != inbound_of(arrived("in/van2", b"{}", correlation=b"a"), SETTINGS).ref


@pytest.mark.parametrize(("reports", "proven"), [("held", False), ("trusted", True)])
def test_a_report_is_by_its_device_only_where_the_broker_is_trusted(reports: str, proven: bool) -> None:
    """Else it waits for a person."""
    settings = msgspec.structs.replace(SETTINGS, reports=reports)
    inbound = inbound_of(arrived("in/van1", b"{}"), settings)
    assert (InboundKind.MESSAGE, proven) == (inbound.kind, inbound.proven)
