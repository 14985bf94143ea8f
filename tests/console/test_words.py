"""Every word of the page stands in the catalogues, in both languages, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.model.event_types import EVENT_TYPES
from tools.console_words import STATIC, alarm_words, catalogues, faults, literals, read_words, sentence_words, sources


def test_the_catalogues_are_what_the_words_make() -> None:
    """`python -m tools.console_words` was run after the last change."""
    made = catalogues(read_words() | alarm_words() | sentence_words())
    assert made == {name: (STATIC / f"i18n/{name}.json").read_text(encoding="utf-8") for name in made}


def test_no_key_is_missing_unused_or_without_one_of_its_languages() -> None:
    """What the page asks for is there, and what is there is asked for."""
    assert [] == faults(read_words() | alarm_words() | sentence_words(), sources())


def test_no_screen_says_anything_past_the_catalogues() -> None:
    """A literal would be Chinese to whoever reads English."""
    assert [] == literals(sources())


ENTRY = {"zh": "{n} 条", "en": "{n} more"}


@pytest.mark.parametrize(
    ("words", "source", "expected"),
    [
        ({"a.b": ENTRY}, 't("a.b", { n: 1 }); t("a.c")', "a.c: the page asks for it, and there are no words"),
        ({"a.b": ENTRY, "a.c": ENTRY}, 't("a.b")', "a.c: nothing of the page says it"),
        ({"a.b": {"zh": "好"}}, 't("a.b")', "a.b: needs zh and en, and nothing else"),
        ({"a.b": {"zh": "{n} 条", "en": "{m} more"}}, 't("a.b")', "a.b: zh and en do not take the same {names}"),
        ({"a.b": {"zh": "{n} 条", "en": {"one": "one more"}}}, 't("a.b")', "a.b: en has the forms one and other"),
        ({"a.b": {"zh": {"one": "一"}, "en": "one"}}, 't("a.b")', "a.b: zh has no plural"),
    ],
)
def test_each_fault_of_the_words_has_its_sentence(words: dict[str, dict[str, object]], source: str, expected: str) -> None:
    """Key, and what is wrong with it."""
    assert [expected] == faults(words, {"js/a.js": source})


def test_a_key_made_of_a_stem_and_a_code_counts_as_used() -> None:
    """The server's codes are added to a stem, in a template or by named()."""
    assert [] == faults({"a.b.UP": ENTRY, "c.d.DOWN": ENTRY}, {"js/a.js": 't(`a.b.${code}`); named("c.d", code)'})


def test_a_comment_may_be_chinese_and_a_text_may_not() -> None:
    """The terms of the trade stand in comments."""
    assert ["js/a.js:2: say('值守');"] == literals({"js/a.js": "// 值守台\nsay('值守'); // 值守\n/* 值\n守 */"})


def test_a_key_stands_in_one_file(tmp_path: Path) -> None:
    """Two screens that mean different things by one key would change each other's words."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text('"a.b" = { zh = "好", en = "good" }', encoding="utf-8")
    with pytest.raises(ValueError, match=r"two\.toml: a\.b stands in another file already"):
        read_words(tmp_path)


def test_every_event_that_is_no_alarm_has_its_words() -> None:
    """The log says what happened: each kind by what it is called, an alarm by its title."""
    words = {key.removeprefix("event.") for key in read_words() if key.startswith("event.")}
    assert words == {name for name in EVENT_TYPES if not name.startswith("alarm.")}
