"""What is a copy of a text over DMR, and what is said anew."""

from __future__ import annotations

import pytest

from fenghuo_adapters.hrnp_framing import Tmp, TmpKind
from fenghuo_narrowband.hrnp_copies import COPY_S, REMEMBERED, Copies, Standing

US = 1001


class Hands:
    """Of a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now


def text(words: str, *, request: int = 1, by: int = 1002) -> Tmp:
    return Tmp(TmpKind.PRIVATE, request, US, by, words)


def test_a_copy_is_told_before_and_after_the_first_is_kept() -> None:
    """Not kept yet, it is waited for; kept, its radio is told again."""
    copies = Copies(Hands().read)
    assert [Standing.FRESH, Standing.AWAITED] == [copies.heard(text("收到")), copies.heard(text("收到"))]
    copies.kept(text("收到"))
    assert Standing.KEPT is copies.heard(text("收到"))


@pytest.mark.parametrize("other", [text("堤坝决口请求支援"), text("收到", request=2), text("收到", by=1003)])
def test_other_words_another_request_or_another_radio_are_no_copy(other: Tmp) -> None:
    """A radio that was switched off and on counts its requests from 1 again."""
    copies = Copies(Hands().read)
    copies.heard(text("收到"))
    copies.kept(text("收到"))
    assert Standing.FRESH is copies.heard(other)


def test_the_same_words_long_after_are_said_anew() -> None:
    """And their own copies are copies again."""
    hands = Hands()
    copies = Copies(hands.read)
    copies.heard(text("请求支援"))
    copies.kept(text("请求支援"))
    hands.now = COPY_S - 1
    assert Standing.KEPT is copies.heard(text("请求支援"))
    hands.now = COPY_S
    assert [Standing.FRESH, Standing.AWAITED] == [copies.heard(text("请求支援")), copies.heard(text("请求支援"))]


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    """The oldest is forgotten first; to keep what was forgotten is no fault."""
    copies = Copies(Hands().read)
    for number in range(REMEMBERED + 1):
        copies.heard(text("收到", request=number))
    copies.kept(text("收到", request=0))
    assert Standing.AWAITED is copies.heard(text("收到", request=1))
    assert Standing.FRESH is copies.heard(text("收到", request=0))
