"""What the desk says in sentences: a code with its figures, and the words for it in each language from one table. Pure.

Whoever shows it chooses the language: the page has the same table, a program reads `says` in English, and `fenghuo` speaks the language of
its terminal. A figure is formatted by whoever says it; a name, a state and a reason stand as they are.
Source: console.md §7 (the server sends codes and arguments).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import msgspec

__all__ = ["LANGUAGES", "TABLE", "Sentence", "in_words", "one_spoken", "said", "spoken"]

TABLE: Mapping[str, Mapping[str, str]] = tomllib.loads(files(__package__).joinpath("sentences.toml").read_text(encoding="utf-8"))
"""Code → language → words. Read with the module: nobody waits for the disk in the middle of an answer."""
LANGUAGES = ("zh", "en")
_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN = {"zh": "、", "en": ", "}


class Sentence(msgspec.Struct, frozen=True):
    """`code`: its key in the table; `args`: text, lists of text, or sentences that stand within it."""

    code: str
    args: dict[str, Any] = {}

    def __str__(self) -> str:
        return in_words(self, "en")


def said(code: str, **args: Any) -> Sentence:
    """A sentence; None and "" say nothing where they stand."""
    return Sentence(code, {name: value if isinstance(value, Sentence | list) else _plain(value) for name, value in args.items()})


def in_words(sentence: Sentence | Mapping[str, Any], language: str) -> str:
    """The sentence in a language, from the value or from what a daemon sent; the code and its figures where the table is older."""
    given = sentence if isinstance(sentence, Sentence) else msgspec.convert(sentence, Sentence)
    words = TABLE.get(given.code)
    if words is None:
        return f"{given.code} {given.args}"
    return _PLACE.sub(lambda place: _text(given.args.get(place[1], place[0]), language), words[language])


def spoken(sentences: Iterable[Sentence]) -> dict[str, list[Any]]:
    """As an answer has them: `says` in English, `said` as codes with their figures."""
    every = list(sentences)
    return {"says": [str(one) for one in every], "said": [msgspec.to_builtins(one) for one in every]}


def one_spoken(sentence: Sentence | None, *, says: str = "says", said: str = "said") -> dict[str, Any]:
    """The same for one, under these names; "" and None where there is none."""
    return {says: str(sentence) if sentence else "", said: msgspec.to_builtins(sentence) if sentence else None}


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _text(value: Any, language: str) -> str:
    if isinstance(value, Sentence | dict):
        return in_words(value, language)
    if isinstance(value, list | tuple):
        return _BETWEEN[language].join(_text(one, language) for one in value)
    return str(value)
