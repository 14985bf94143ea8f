"""The site has every document in both languages at one address, and fetches nothing from anywhere. `make check` builds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.docs_site import NAMES, ROOT_PAGES, address, crossing, language

ROOT = Path(__file__).resolve().parents[2]
SITES = {"zh": ROOT / "mkdocs.yml", "en": ROOT / "mkdocs.en.yml"}
ENTRY = re.compile(r"^ *- (?:.*: )?([\w./-]+\.md)$", re.MULTILINE)


def menu(lang: str) -> list[str]:
    """The pages in the menu of a site, in order."""
    text = SITES[lang].read_text(encoding="utf-8")
    return ENTRY.findall(text[text.index("\nnav:") :])


def test_both_menus_have_the_same_pages_in_the_same_order() -> None:
    """Who reads English is led to no less, and finds it at the same place."""
    assert [address(page) for page in menu("zh")] == [address(page) for page in menu("en")]


@pytest.mark.parametrize("lang", SITES)
def test_every_document_is_in_the_menu_once(lang: str) -> None:
    """But the fragments of the changelog; nothing lies in docs/ that no reader finds."""
    found = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    own = {page for page in found if language(page) in ("", lang) and not page.startswith("changelog/")}
    wanted, named = own | set(ROOT_PAGES.values()), menu(lang)
    assert set() == wanted - set(named), f"put these into nav of {SITES[lang].name} (CONTRIBUTING.md, To add a page)"
    assert set() == set(named) - wanted, f"{SITES[lang].name} names what there is not"
    assert len(named) == len(wanted)


def test_a_page_of_one_language_has_its_counterpart_in_the_other() -> None:
    """So the switch of languages always leads to the same page."""
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    by_language = {lang: {address(page) for page in pages if language(page) == lang} for lang in NAMES}
    assert by_language["zh"] == by_language["en"]
    assert len(by_language["zh"]) > 10


@pytest.mark.parametrize(
    ("page", "lang", "target", "link"),
    [
        ("manual/README.md", "zh", "manual/en/sign.md", "../en/manual/sign.html"),
        ("manual/en/sign.md", "en", "manual/zh/sign.md", "../../manual/sign.html"),
        ("zh/index.md", "zh", "en/index.md", "en/index.html"),
        ("en/index.md", "en", "zh/index.md", "../index.html"),
    ],
)
def test_a_link_to_the_other_language_leads_into_the_other_site(page: str, lang: str, target: str, link: str) -> None:
    """Which is a folder of this one, or the one above it."""
    assert link == crossing(page, lang, target)


def test_the_site_asks_nobody_for_anything() -> None:
    """No font, script or picture from elsewhere, and nobody is told who reads: neither theme nor settings name an address."""
    text = SITES["zh"].read_text(encoding="utf-8") + SITES["en"].read_text(encoding="utf-8")
    assert "font: false" in text
    assert [] == [word for word in ("http://", "https://", "analytics", "extra_javascript", "privacy") if word in text]
