"""The language of the terminal: by the variables of POSIX, and what an answer says in it."""

from __future__ import annotations

import pytest

from fenghuo.cli.language import LANG, language, sentence_of, sentences_of
from fenghuo.formats.sentences import one_spoken, said, spoken

ARMED = said("health.armed")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", LANG: "en"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_says_it(environment: dict[str, str], named: str) -> None:
    """What --lang sets comes before what the terminal has; an empty one says nothing."""
    assert named == language(environment)


def test_a_chinese_terminal_hears_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the codes; a daemon that sends none is heard in English, and so is everybody else."""
    answer, one = spoken([ARMED]), one_spoken(ARMED)
    monkeypatch.setenv(LANG, "zh")
    assert (["启动开关已打开"], "启动开关已打开") == (sentences_of(answer), sentence_of(one))
    assert (["older"], "older") == (sentences_of({"says": ["older"]}), sentence_of({"says": "older"}))
    monkeypatch.setenv(LANG, "en")
    assert (["its armed switch is on"], "its armed switch is on") == (sentences_of(answer), sentence_of(one))
