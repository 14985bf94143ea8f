"""Sentences by code: one table, two languages, the same figures in both."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from fenghuo.formats.sentences import LANGUAGES, TABLE, Sentence, in_words, one_spoken, said, spoken

CORE = Path(__file__).resolve().parents[3] / "core/fenghuo"
PLACES = re.compile(r"\{(\w+)\}")
CODE = re.compile(r"""\b(?:said|_trying)\(\s*"([a-z_.]+)\"""")


def test_each_sentence_says_the_same_in_both_languages() -> None:
    """Every entry has both, with the same places; the Chinese one is Chinese, where it says anything but its parts."""
    for code, words in TABLE.items():
        assert set(LANGUAGES) == set(words), code
        assert sorted(PLACES.findall(words["zh"])) == sorted(PLACES.findall(words["en"])), code
        assert re.search(r"[\u4e00-\u9fff\uff00-\uffef]", words["zh"]) or not PLACES.sub("", words["en"]).strip(), code


def test_no_code_is_said_without_words_and_none_has_words_in_vain() -> None:
    """What the sources name whole stands in the table; every group of the table is said by somebody."""
    texts = [file.read_text(encoding="utf-8") for file in CORE.rglob("*.py")]
    named = {code for text in texts for code in CODE.findall(text)}
    assert set() == named - TABLE.keys()
    stems = {stem for text in texts for stem in re.findall(r'"([a-z_.]+)\.\{', text)}
    assert [] == [code for code in TABLE if code not in named and code.rpartition(".")[0] not in stems]


def test_a_sentence_within_a_sentence_and_a_list_are_said_in_the_language_of_the_whole() -> None:
    """Also from what came over the wire; a code that the table lacks shows itself and its figures."""
    lost = said("whatif.without", lose=["a", "b"], n=0, whom=said("whatif.whom", names="wang"))
    assert "without a, b 0 cannot be reached any more: wang" == str(lost)
    assert "失去 a、b 后，0 个再也够不着：wang" == in_words(msgspec.to_builtins(lost), "zh")
    assert "newer.one {'n': '1'}" == in_words(Sentence("newer.one", {"n": "1"}), "zh")


def test_an_answer_has_both() -> None:
    """English for whoever reads it as it is, codes for whoever speaks another language; nothing is "" and None."""
    one = said("health.armed")
    assert {"says": ["its armed switch is on"], "said": [{"code": "health.armed", "args": {}}]} == spoken([one])
    assert {"says": "", "said": None} == one_spoken(None)
    assert "its armed switch is on" == one_spoken(one)["says"]
