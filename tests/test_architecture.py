"""The shape of the tree: what is packaged, what is public, what may import what, what must not stand in a file."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scale import PATIENCE_S

ROOT = Path(__file__).resolve().parent.parent
ROOTS = ("core", "adapters", "plugins")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Written in two halves, so that this file does not find itself.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org", "snapshot.deb" + "ian.org")
LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
BARE = re.compile(r"^\s*except\s*:|^\s*except( Base)?Exception:\s*pass\s*$", re.MULTILINE)

PLUGINS = sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir() and path.name.startswith("fenghuo_"))


def modules() -> list[Path]:
    """Every file of the product."""
    return sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def tracked() -> Iterator[tuple[Path, str]]:
    """Every text file that is part of the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        try:
            yield Path(name), path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # pictures, old databases, and what another hand is just moving


def is_public(path: Path) -> bool:
    """A module without an underscore, or a package's own file."""
    return path.name == "__init__.py" or not path.stem.startswith("_")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_is_in_the_wheel(plugin: str) -> None:
    """Every folder under plugins/ goes into the wheel."""
    assert f"plugins/{plugin}" in SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_has_its_entry_point(plugin: str) -> None:
    """Every folder under plugins/ comes in by the same door as a third party's."""
    assert plugin == SETTINGS["project"]["entry-points"]["fenghuo"][plugin.removeprefix("fenghuo_")]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_is_in_every_contract(plugin: str) -> None:
    """Every folder under plugins/ is held by each import contract that names whole plugins."""
    held = SETTINGS["tool"]["importlinter"]
    assert plugin in held["root_packages"]
    for contract in held["contracts"]:
        words = {word for value in contract.values() if isinstance(value, list) for line in value for word in line.split(" | ")}
        if words & set(PLUGINS):
            assert plugin in words, contract["name"]


def test_every_entry_point_is_there() -> None:
    """No entry point names a module that does not exist."""
    missing = [name for name in SETTINGS["project"]["entry-points"]["fenghuo"].values() if importlib.util.find_spec(name) is None]
    assert [] == missing


def test_every_package_is_typed() -> None:
    """Every package says to a type checker that it may be trusted."""
    packages = {path.parent for path in modules() if path.name == "__init__.py"}
    tops = {path for path in packages if path.parent.name in ROOTS} | {path for path in packages if path.parent.name == "fenghuo"}
    assert [] == sorted(str(path.relative_to(ROOT)) for path in tops if not (path / "py.typed").is_file())


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder of modules without __init__.py would be seen by no contract."""
    folders = {path.parent for path in modules()}
    assert [] == sorted(str(path.relative_to(ROOT)) for path in folders if not (path / "__init__.py").is_file())


def test_every_folder_of_tests_is_a_package() -> None:
    """Two test files may have one name because their folders are packages."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts}
    assert [] == sorted(str(path.relative_to(ROOT)) for path in folders if not (path / "__init__.py").is_file())


def test_every_public_module_says_what_is_public() -> None:
    """`__all__` stands in every public module that has anything to offer."""
    assert [] == [str(path.relative_to(ROOT)) for path in modules() if is_public(path) and _is_silent(path)]


def _is_silent(path: Path) -> bool:
    """There is more in the module than its docstring, and no `__all__`."""
    text = path.read_text(encoding="utf-8")
    body = [node for node in ast.parse(text).body if not isinstance(node, ast.Expr) and not _is_future(node)]
    return bool(body) and re.search(r"^__all__\b", text, re.MULTILINE) is None


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def test_every_module_says_what_it_owns() -> None:
    """A module opens with a docstring."""
    mute = [path for path in modules() if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None]
    assert [] == [str(path.relative_to(ROOT)) for path in mute]


def test_nothing_is_left_for_later() -> None:
    """What is to be done stands in an issue, not in the code."""
    assert [] == [str(path.relative_to(ROOT)) for path in modules() if LATER.search(path.read_text(encoding="utf-8"))]


def test_no_error_is_swallowed_whole() -> None:
    """No bare except, and none that catches everything and passes."""
    assert [] == [str(path.relative_to(ROOT)) for path in modules() if BARE.search(path.read_text(encoding="utf-8"))]


def test_no_file_names_a_registry() -> None:
    """Packages come from wherever the machine's clients are set to fetch them."""
    assert [] == [str(path) for path, text in tracked() if any(host in text for host in HOSTS)]


def test_no_lock_names_where_it_was_made() -> None:
    """A lock has hashes and no address."""
    words = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "://", '"resolved"')
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "tests/peers/node/package-lock.json"]
    lines = [
        line for path in locks for line in path.read_text(encoding="utf-8").splitlines() if '"url": "https://opencollective.com' not in line
    ]
    assert [] == [line for line in lines if any(word in line for word in words)]


def test_every_locked_release_has_hashes() -> None:
    """Nothing is installed that was not seen when the lock was made."""
    for path in (ROOT / "requirements").glob("*.txt"):
        releases = re.split(r"\n(?=[a-zA-Z])", path.read_text(encoding="utf-8"))
        assert [] == [release.splitlines()[0] for release in releases if "--hash=sha256:" not in release], path.name


def test_the_lock_holds_every_dependency() -> None:
    """What pyproject.toml asks for is in the lock."""
    asked = {_name(requirement) for requirement in SETTINGS["project"]["dependencies"]}
    locked = {_name(line) for line in (ROOT / "requirements/product.txt").read_text(encoding="utf-8").splitlines() if "==" in line}
    assert set() == asked - locked


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_the_import_contracts_hold() -> None:
    """Core reads top to bottom, plugins use the public door, values and codecs do no I/O."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert 0 == done.returncode, done.stdout[-2000:]
