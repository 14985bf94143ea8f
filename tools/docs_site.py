"""What the site does beyond mkdocs: one tree of pages gives a Chinese and an English site with the same addresses.

A folder `zh` or `en` in a page's path is its language: the page stands in that site alone, at the path without the folder. Every other
page stands in both as it is. The documents at the root of the repository are pages too. Nothing is copied.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

__all__ = ["NAMES", "ROOT_PAGES", "address", "crossing", "language", "on_files", "on_page_context", "on_page_markdown"]

ROOT = Path(__file__).resolve().parents[1]
NAMES = {"zh": "中文", "en": "English"}
"""Language → what it is called; the first is at the top of the site, the second in the folder of its name."""
ROOT_PAGES = {name: f"project/{name.lower()}" for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")}
"""Document at the root of the repository → page."""
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s:]+\.md)(#[^)\s]*)?\)")


def language(page: str) -> str:
    """The language of a page by its path, empty where it stands in both sites."""
    return next((part for part in Path(page).parts[:-1] if part in NAMES), "")


def address(page: str) -> str:
    """Where a page stands within its site, beneath the top."""
    parts = [part for part in Path(page).with_suffix(".html").parts if part not in NAMES]
    return "/".join(parts).replace("README.html", "index.html")


def crossing(page: str, lang: str, target: str) -> str:
    """The link from a page of the site in `lang` to a page of the site in the other language."""
    top = posixpath.dirname(address(page))
    there = "en/" if lang == "zh" else "../"
    return posixpath.relpath(there + address(target), top or ".")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Leave out the pages of the other language, put this one's where both have them, add the documents of the root."""
    from mkdocs.structure.files import File  # noqa: PLC0415  # the tests read the functions above without mkdocs

    for file in list(files.documentation_pages()):
        lang = language(file.src_uri)
        if lang not in ("", config.extra["lang"]):
            files.remove(file)
        elif lang:
            file.dest_uri = file.url = address(file.src_uri)
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A link to a page of the other language leads into the other site."""
    here = page.file.src_uri

    def crossed(link: re.Match[str]) -> str:
        text, target, anchor = link.groups(default="")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        if language(target) in ("", config.extra["lang"]):
            return link.group()
        return f'<a href="{crossing(here, config.extra["lang"], target)}{anchor}">{text}</a>'

    return LINK.sub(crossed, markdown)


def on_page_context(context: dict[str, object], *, page: Page, config: MkDocsConfig, nav: Navigation) -> None:
    """The switch of languages leads to the same page, since both sites have the same addresses."""
    lang, here = config.extra["lang"], page.file.src_uri
    other = crossing(here, lang, here)
    own = posixpath.basename(address(here))
    config.extra["alternate"] = [
        {"name": name, "lang": code, "link": posixpath.join(posixpath.dirname(address(here)), own if code == lang else other)}
        for code, name in NAMES.items()
    ]
