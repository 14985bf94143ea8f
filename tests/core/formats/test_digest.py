"""Several texts as one: whole, in their order, the mark of an exercise in front, and as many as fit."""

from __future__ import annotations

from fenghuo.formats.digest import digest, fitting
from fenghuo.model.rendition import COMPACT, Rendition


def text(words: str, form: str = "sms") -> Rendition:
    return Rendition(form, words, words.encode())


def test_each_is_whole_and_the_mark_of_an_exercise_stands_in_front() -> None:
    """Once, where a reader looks for it."""
    made = digest([text("【演练】甲村转移 #12"), text("【演练】乙村转移 #13")])
    assert "【演练】【汇总2条】1. 甲村转移 #12\n2. 乙村转移 #13" == made.text == made.data.decode()
    assert text("甲") == digest([text("甲")])


def test_as_many_go_as_fit() -> None:
    """Of a form with a limit by its own octets, two each in a short message and three on the radio; of machines' forms none."""
    lines = [text("一二三四五", "sms/60") for _ in range(9)]
    assert 2 == fitting(lines)
    assert len(digest(lines[:2]).text) * 2 <= 60 < len(digest(lines[:3]).text) * 2
    on_air = [text("一二三四五", "radio/80") for _ in range(9)]
    assert len(digest(on_air[: fitting(on_air)]).data) <= 80
    assert [0, 0, 1] == [fitting([text("x", "voice")] * 2), fitting([Rendition("radio", "x", b"x", COMPACT)] * 2), fitting([text("x")])]
    assert 9 < fitting([text("一二三四五")] * 90) < 90
