"""What an answer names, and what of it is only a figure."""

from __future__ import annotations

import time

import pytest

from fenghuo.engine.answers import Named, Verb, level_of, named, verb_of
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


DONE = (
    "完成|已完成|完成了|DONE|done.|Done!|#1749 完成|收到#1749 已完成 213/213|完成#0123 转移213/213|完成1200|已完成，213/213|完成 213／213"
    "|任务已完成|All done|#12 DONE 5/5 people|全部完成。|完成＃0123|收到，已完成"
)
DECLINED = (
    "完成不了，路断了，请求支援|没收到|未收到|收不到|请问这是什么？不能执行|无法执行|没法去|来不及|拒绝|cannot|can't do it|can’t"
    "|I am unable to|SOS|求救|请求支援|DONE? not yet|Not done|不行|到不了|做不到|未完成|还没完成|no|不|need help|Won't|没办法"
    "|收到，不能前往"
    "|完成213/213，请求支援"
)
ACKNOWLEDGED = (
    "收到|收到#0123|ACK 0123|ack|OK|好的|明白，马上出发|0123|1200|收到 0123|Roger|没问题|收到，没有问题"
    "|received, thanks||#17|ＯＫ|收到，好的！"
)
OTHER = (
    "完成0%|完成 12/213|完成了吗？|Done by tomorrow|已转移12人|请问这是什么|明天完成|done?|完成100%|1200人已转移|doneness|收到请回复几点"
    "|完成后报数|12/213|快完成了|完成一半|谁是负责人|nothing"
)
SAID = {Verb.DONE: DONE, Verb.DECLINE: DECLINED, Verb.ACKNOWLEDGE: ACKNOWLEDGED, Verb.OTHER: OTHER}


@pytest.mark.parametrize(("verb", "text"), [(verb, text) for verb, texts in SAID.items() for text in texts.split("|")])
def test_an_answer_says_one_thing(verb: Verb, text: str) -> None:
    """Done where nothing else is said; a refusal, or a call for help, wherever it stands; words of no form of ours are for a person."""
    assert verb is verb_of(text)


def test_who_says_done_says_more() -> None:
    """Whatever else a person says, they have read it."""
    assert [Evidence.DONE] + [Evidence.HUMAN] * 3 == [level_of(verb) for verb in (Verb.DONE, Verb.DECLINE, Verb.ACKNOWLEDGE, Verb.OTHER)]


def test_a_long_answer_is_read_in_no_time() -> None:
    """Whoever writes eight thousand characters stops nobody."""
    began = time.process_time()
    for text in ("收到" * 4000 + "x", "完成 " * 2700, "#1 " * 2700 + "x", " " * 8000 + "x"):
        verb_of(text)
    assert time.process_time() - began < 1.0
