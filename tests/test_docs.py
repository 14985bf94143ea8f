"""What the documents say is true: the paths they name exist, the first screen shows the way in, fragments are well named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# A path as documents write it: in backquotes, or as the target of a link.
QUOTED = re.compile(r"`([A-Za-z0-9_.][A-Za-z0-9_./-]*)`")
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FOLDERS = ("core/", "adapters/", "plugins/", "config/", "tests/", "systemd/", "docs/", "bench/", "tools/", "requirements/", ".ci/")

# A test as docs/reliability.md and docs/intake.md name it, by the file's name alone.
TESTED = re.compile(r"`(test_\w+\.py)(?:::(\w+))?`")

# What a run writes or an operator makes; the documents may name it though it is not in the repository.
MADE = ("bench/results/", "tests/peers/node/node_modules")

KINDS = ("added", "changed", "fixed", "removed", "security", "breaking")
FRAGMENT = re.compile(rf"[0-9]+(-[a-z0-9-]+)?\.({'|'.join(KINDS)})\.md")

# Lines of a terminal without scrolling.
FIRST_SCREEN = 40


def named(document: Path) -> set[str]:
    """Every path in the repository that a document names."""
    text = document.read_text(encoding="utf-8")
    quoted = {path for path in QUOTED.findall(text) if path.startswith(FOLDERS) and "…" not in path and "NNNN" not in path}
    linked = {str((document.parent / path).resolve().relative_to(ROOT)) for path in LINKED.findall(text)}
    return {path for path in quoted | linked if not path.startswith(MADE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_it_names_exists(document: Path) -> None:
    """A reader who follows a path arrives."""
    assert [] == sorted(path for path in named(document) if not (ROOT / path).exists())


def test_the_first_screen_shows_the_way_in() -> None:
    """Whoever opens the README sees at once how to run it and how to test it."""
    screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:FIRST_SCREEN]
    assert {"make run", "make test"} <= {line.split("#")[0].strip() for line in screen}


def test_every_target_the_documents_name_is_in_the_makefile() -> None:
    """`make WORD` in a document is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {word for document in DOCUMENTS for word in re.findall(r"`make ([a-z-]+)[^`]*`", document.read_text(encoding="utf-8"))}
    assert set() == asked - targets


def test_every_fragment_is_well_named() -> None:
    """A changelog fragment is <issue>.<kind>.md, or <issue>-<word>.<kind>.md where an issue has several."""
    fragments = [path.name for path in (ROOT / "docs/changelog").iterdir() if path.name != "README.md"]
    assert [] == [name for name in fragments if not FRAGMENT.fullmatch(name)]


def test_a_breaking_fragment_says_what_to_do() -> None:
    """Who is broken by a change is told what was, what is, and what to do."""
    for path in (ROOT / "docs/changelog").glob("*.breaking.md"):
        text = path.read_text(encoding="utf-8")
        assert [] == [word for word in ("Previously", "Now", "Do") if word not in text], path.name


def test_every_hook_is_named_in_the_reference() -> None:
    """An author finds each hook in docs/reference under its own name."""
    hooks = re.findall(r"^def (fenghuo_\w+)", (ROOT / "core/fenghuo/plugin/hookspecs.py").read_text(encoding="utf-8"), re.MULTILINE)
    reference = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/reference").rglob("*.md"))
    assert [] == [hook for hook in hooks if hook not in reference]


@pytest.mark.parametrize("document", ["docs/reliability.md", "docs/intake.md"])
def test_every_test_that_a_promise_leans_on_exists(document: str) -> None:
    """Whoever doubts a promise can run what it is held by: file and function are there."""
    named = TESTED.findall((ROOT / document).read_text(encoding="utf-8"))
    texts: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):  # several files may have one name: test_kill.py is two
        texts[path.name] = texts.get(path.name, "") + path.read_text(encoding="utf-8")
    assert 50 <= len(named)
    assert [] == [file for file, _ in named if file not in texts]
    assert [] == [f"{file}::{test}" for file, test in named if test and f"def {test}(" not in texts[file]]
