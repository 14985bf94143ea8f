"""What an answer names, and what of it is only a figure."""

from __future__ import annotations

import pytest

from fenghuo.engine.answers import Named, level_of, named
from fenghuo.model.evidence import Evidence

SURE = [
    ("收到#0123", 123),
    ("收到＃0123", 123),
    (" ack #0123", 123),
    ("ACK 0123", 123),
    ("收到 0123", 123),
    ("ACK 1200", 1200),
    ("收到#1200", 1200),
    ("完成#0123 转移213/213", 123),
    ("#17 完成", 17),
    ("№ 5", 5),
    ("0123", 123),
]
MAYBE = [
    ("1200", (1200,)),
    ("1200 收到", (1200,)),
    ("收到1200", (1200,)),
    ("完成1200", (1200,)),
    ("回 123", (123,)),
    ("答复号0123", (123,)),
    ("人在#5安置点", (5,)),
    ("撤回20人，见#0123", (20, 123)),
]
FIGURES = ["收到", "", "已转移1200", "已转移1200人", "转移 1200", "13800000001", "#01234", "5号闸门已关", "三十人", "人数0123"]


@pytest.mark.parametrize(("text", "number"), SURE)
def test_an_answer_in_our_forms_names_its_message(text: str, number: int) -> None:
    """As docs/reference/radio-text.md says, and as people write it."""
    assert Named((number,), surely=True) == named(text)


@pytest.mark.parametrize(("text", "numbers"), MAYBE)
def test_what_may_be_a_figure_is_a_name_only_perhaps(text: str, numbers: tuple[int, ...]) -> None:
    """First in the text, or behind a mark."""
    assert Named(numbers) == named(text)


@pytest.mark.parametrize("text", FIGURES)
def test_a_figure_in_a_sentence_names_nothing(text: str) -> None:
    """Whatever is asked for in numbers is answered in numbers; a telephone number is none of ours."""
    assert Named() == named(text)


@pytest.mark.parametrize(
    ("text", "level"), [("完成", Evidence.DONE), ("done #1", Evidence.DONE), ("未完成", Evidence.HUMAN), ("doneness", Evidence.HUMAN)]
)
def test_who_says_done_says_more(text: str, level: Evidence) -> None:
    """Only at the beginning, and only as a word."""
    assert level is level_of(text)
