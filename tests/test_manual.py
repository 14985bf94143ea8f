"""The manual is true to the page: its pictures are there and all of them are shown, its words are those on the screen, and a task is a
page in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tools.console_words import alarm_words, read_words, sentence_words

MANUAL = Path(__file__).resolve().parent.parent / "docs/manual"
LANGUAGES = {"zh": "zh-CN", "en": "en"}
"""Folder of the pages → folder of their pictures."""
PICTURE = re.compile(r"\]\(((?:\.\./)*(?:docs/manual/)?img/[^)]+)\)")
LABEL = re.compile(r"\*\*([^*]+)\*\*")
PLACEHOLDER = re.compile(r"\{\w+\}")
MOST_OCTETS = 80_000
A4_LINES = 40
"""Of text beside two pictures, so that it is one sheet of paper."""
MOST_PICTURES = 2


def pages(lang: str) -> dict[str, str]:
    """Name → text."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((MANUAL / lang).glob("*.md"))}


def shown(lang: str) -> dict[str, list[str]]:
    """Page → the names of its pictures, which are in its own language."""
    return {
        name: [place.removeprefix(f"../img/{LANGUAGES[lang]}/") for place in PICTURE.findall(text)] for name, text in pages(lang).items()
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_picture_is_there_and_is_shown(lang: str) -> None:
    """What a page shows exists, and nothing lies there that no page shows."""
    named = {picture for pictures in shown(lang).values() for picture in pictures}
    assert named == {path.name for path in (MANUAL / "img" / LANGUAGES[lang]).iterdir()}
    assert len(named) > 20


def test_both_languages_have_the_same_tasks_with_the_same_pictures() -> None:
    """Who reads English is told no less; the index names each page of each."""
    assert shown("zh") == shown("en")
    index = (MANUAL / "README.md").read_text(encoding="utf-8")
    assert [] == [f"{lang}/{name}" for lang in LANGUAGES for name in pages(lang) if f"({lang}/{name})" not in index]


def test_every_picture_is_small_and_of_the_whole_screen() -> None:
    """A clone stays small, and a page prints sharp."""
    for path in sorted((MANUAL / "img").rglob("*.png")):
        with Image.open(path) as picture:
            assert (path.name, (1280, 800)) == (path.name, picture.size)
        assert path.stat().st_size <= MOST_OCTETS, path


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_task_is_one_page(lang: str) -> None:
    """It is pinned to the wall beside the desk."""
    for name, text in pages(lang).items():
        assert (name, True) == (name, len(text.splitlines()) <= A4_LINES)
        assert (name, True) == (name, text.count("![") <= MOST_PICTURES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_bold_stands_on_the_screen(lang: str) -> None:
    """An officer looks for the very words; where the screen calls a thing anew the manual does too."""
    words = read_words() | alarm_words() | sentence_words()
    said = {part.strip() for entry in words.values() if isinstance(entry[lang], str) for part in PLACEHOLDER.split(entry[lang])}
    strange = {name: [label for label in LABEL.findall(text) if label not in said] for name, text in pages(lang).items()}
    assert {} == {name: labels for name, labels in strange.items() if labels}
