from __future__ import annotations

from fenghuo import Evidence, InboundKind
from fenghuo_adapters.short_message_framing import split
from fenghuo_adapters.smpp_framing import Delivered
from fenghuo_adapters.smpp_line import Arrival
from fenghuo_sms.arrivals import Arrivals


def arrival(user_data: bytes, *, esm_class: int = 0, coding: int = 8, source: str = "8613800138000", raw: bytes = b"raw") -> Arrival:
    return Arrival(raw, Delivered(source, "1069", esm_class, coding, user_data), lambda: None)


def parts(text: str) -> list[Arrival]:
    return [arrival(part.octets, esm_class=0x40, raw=bytes((at,))) for at, part in enumerate(split(text, 9)[1], start=1)]


def test_a_report_names_our_message_in_every_form() -> None:
    """Level DEVICE, the number it went to, hexadecimal and decimal."""
    found = Arrivals().inbound_of(arrival(b"id:4f2a stat:DELIVRD err:000", esm_class=4, coding=0), 0.0)
    assert (InboundKind.RECEIPT, "4f2a", Evidence.DEVICE, "+8613800138000") == (found.kind, found.ref, found.level, found.address)
    assert "20266" in found.alternate_refs


def test_an_answer_has_its_sender_and_text() -> None:
    """The number in our way of writing."""
    found = Arrivals().inbound_of(arrival("收到17".encode("utf-16-be"), source="13800138000"), 0.0)
    assert (InboundKind.ANSWER, "+8613800138000", "收到17") == (found.kind, found.address, found.text)


def test_a_short_code_stays_as_it_is() -> None:
    """The operator's own messages come from numbers that are none."""
    assert "10086" == Arrivals().inbound_of(arrival(b"\0a", source="10086"), 0.0).address


def test_a_long_answer_is_one_answer_in_whatever_order_it_comes() -> None:
    """All but the last part are only kept, the last brings the whole text."""
    arrivals = Arrivals()
    text = "已组织转移三十二户，" * 20
    first, second, third = (arrivals.inbound_of(part, 0.0) for part in reversed(parts(text)[:3]))
    assert [InboundKind.RECEIPT, InboundKind.RECEIPT, InboundKind.ANSWER] == [first.kind, second.kind, third.kind]
    assert [(None, ""), (None, "")] == [(part.level, part.ref) for part in (first, second)]
    assert (text, b"\1\2\3") == (third.text, third.raw)
    assert arrivals.due_in_s(0.0) is None


def test_a_part_that_came_twice_changes_nothing() -> None:
    """The centre sends again what was not acknowledged."""
    arrivals = Arrivals()
    one, two, three = parts("水" * 200)
    kinds = [arrivals.inbound_of(part, 0.0).kind for part in (one, one, two, three)]
    assert [InboundKind.RECEIPT] * 3 + [InboundKind.ANSWER] == kinds


def test_a_missing_part_is_not_waited_for_for_ever() -> None:
    """After a minute the answer goes on with a gap: a person has read."""
    arrivals = Arrivals()
    arrivals.inbound_of(parts("水" * 200)[0], 10.0)
    assert 60.0 == arrivals.due_in_s(10.0)
    assert [] == arrivals.overdue(69.9)
    (found,) = arrivals.overdue(70.0)
    assert (InboundKind.ANSWER, "水" * 67 + "……") == (found.kind, found.text)


def test_octets_that_mean_nothing_are_kept() -> None:
    """A deliver_sm that does not hold together is a receipt of nothing: on the disk before it is acknowledged."""
    found = Arrivals().inbound_of(Arrival(b"octets", None, lambda: None), 0.0)
    assert (InboundKind.RECEIPT, b"octets", None, "") == (found.kind, found.raw, found.level, found.address)


async def test_the_acknowledgement_is_left_to_the_core() -> None:
    """Nothing is acknowledged before ack() is awaited."""
    called: list[int] = []
    found = Arrivals().inbound_of(Arrival(b"x", None, lambda: called.append(1)), 0.0)
    assert [] == called
    await found.ack()
    assert [1] == called
