"""What comes in by radio: answers of people, receipts of terminals, orders of others, noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_narrowband.answers import Answer, Device, Order, reading


@pytest.mark.parametrize("text", ["收到#0123", "收到 #0123", "ACK 0123", "ack #123", "完成#0123 转移213/213", "已转移32户，请派船"])
def test_what_a_person_writes_is_an_answer_word_for_word(text: str) -> None:
    """The core finds out which message is meant."""
    assert Answer(text) == reading(text.encode())


def test_line_ends_of_a_keyboard_terminal_are_no_part_of_an_answer() -> None:
    """A terminal that sends CR LF, or a trailing NUL, is understood."""
    assert Answer("收到#0123") == reading("收到#0123\r\n\0".encode())


@pytest.mark.parametrize(("text", "number"), [("DEV 0123", 123), ("DEV #0123", 123), ("dev 7", 7), ("DEV 9999\r\n", 9999)])
def test_a_terminal_says_that_it_holds_a_message(text: str, number: int) -> None:
    """DEV and the number, and nothing else."""
    assert Device(number) == reading(text.encode())


@pytest.mark.parametrize("text", ["DEV 0000", "DEV 0"])
def test_no_message_has_the_number_nought(text: str) -> None:
    """A receipt for nothing is noise."""
    assert reading(text.encode()) is None


@pytest.mark.parametrize("text", ["DEV", "DEV 12345", "DEVICE 0123", "DEV 0123 ok"])
def test_what_only_looks_like_a_receipt_is_words(text: str) -> None:
    """DEVICE evidence needs the exact form; the words still reach a person."""
    assert Answer(text) == reading(text.encode())


@pytest.mark.parametrize("text", ["请转移。 收到请回复 收到#0042", "(1/3)#0042 请转移"])
def test_an_order_of_another_post_is_no_answer(text: str) -> None:
    """#0042 there is their number, not ours."""
    assert Order() == reading(text.encode())


@pytest.mark.parametrize("info", [b"", b"  \r\n", b"\xff\xfe\x00", b"\xc0\xdb", b"abc\x01def", bytes(range(256))])
def test_what_a_machine_sent_is_nobodys_answer(info: bytes) -> None:
    """Not UTF-8, or full of control characters."""
    assert reading(info) is None


@given(st.binary(max_size=300))
def test_any_octets_are_read_without_a_fault(info: bytes) -> None:
    """The air may bring anything."""
    assert isinstance(reading(info), Answer | Device | Order | None)
