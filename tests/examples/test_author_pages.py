"""The pages for authors show what is in examples/, word for word, the same in both languages, and leave out no hook."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
PAIRS = ("index.md", "start.md", "plugin/tutorial.md", "plugin/hooks.md")
"""Pages that are in both languages, beside the manual (tests/test_manual.py)."""


def text(lang: str, page: str) -> str:
    return (ROOT / "docs" / lang / page).read_text(encoding="utf-8")


def excerpts(language: str, page: str) -> list[str]:
    """The blocks in `language` (python, toml, sh) of an English page."""
    return [code for kind, code in BLOCK.findall(text("en", page)) if kind == language]


def without_blocks(page: str) -> str:
    return BLOCK.sub("", page)


@pytest.mark.parametrize("page", ["plugin/tutorial.md", "plugin/hooks.md"])
def test_every_block_is_in_the_examples(page: str) -> None:
    """Copied, never retold: a change of an example is a change of the page."""
    files = [path for path in EXAMPLES.rglob("*") if path.suffix in {".py", ".toml", ".md"}]
    sources = [path.read_text(encoding="utf-8") for path in files]
    blocks = excerpts("python", page) + excerpts("toml", page)
    shown = [block for block in blocks if not any(indented(block, source) for source in sources)]
    assert len(blocks) >= 5
    assert [] == shown


def indented(block: str, source: str) -> bool:
    """Whether a block is in a source, at the margin or as a method."""
    return any(textwrap.indent(block, depth) in source for depth in ("", "    "))


@pytest.mark.parametrize("page", PAIRS)
def test_both_languages_show_the_same(page: str) -> None:
    """The same blocks in the same order under as many headings, and as many rows and points between them."""
    zh, en = text("zh", page), text("en", page)
    assert BLOCK.findall(en) == BLOCK.findall(zh)
    assert HEADING.findall(without_blocks(en)) == HEADING.findall(without_blocks(zh))
    for mark in ("\n| ", "\n- "):
        assert (mark, without_blocks(en).count(mark)) == (mark, without_blocks(zh).count(mark))


def test_the_channel_has_forty_lines_at_most() -> None:
    """The title keeps its word: class and all."""
    (channel,) = (block for block in excerpts("python", "plugin/tutorial.md") if "class Channel(SimpleChannel)" in block)
    assert len(channel.splitlines()) <= 40


def test_every_hook_has_its_heading_and_its_example() -> None:
    """And no hook is shown that there is not."""
    specified = re.findall(r"^def (fenghuo_\w+)", (ROOT / "core/fenghuo/plugin/hookspecs.py").read_text(encoding="utf-8"), re.MULTILINE)
    page = text("en", "plugin/hooks.md")
    assert set(specified) == set(re.findall(r"^## `(\w+)`", page, re.MULTILINE))
    assert [] == [hook for hook in specified if f"@hookimpl\ndef {hook}(" not in page]


def test_every_method_of_a_channel_is_shown_or_named_with_a_plugin_that_has_it() -> None:
    """What the example does not need, a bundled plugin does: the page says which, and it is so."""
    page = text("en", "plugin/hooks.md")
    ports = (ROOT / "core/fenghuo/plugin/ports.py").read_text(encoding="utf-8")
    channel = ports[ports.index("class Channel(Protocol)") : ports.index("class SimpleChannel")]
    methods = set(re.findall(r"^    (?:async )?def (\w+)", channel, re.MULTILINE)) - {"start", "stop"}
    assert [] == sorted(method for method in methods if f"`{method}`" not in page)
    elsewhere = [(names, plugin) for names, plugin in re.findall(r"((?:`\w+`(?:, | and )?)+) \(`(plugins/\w+)`\)", page)]
    assert len(elsewhere) >= 4
    for names, plugin in elsewhere:
        code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / plugin).glob("*.py"))
        assert [] == [name for name in re.findall(r"`(\w+)`", names) if f"def {name}(" not in code]
