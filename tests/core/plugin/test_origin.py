"""Where a plugin comes from, and that its digest changes with its files and with nothing else."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import pytest

import fenghuo_http
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.origin import Origin, digest_of, digest_over, origin_of
from tests.peers.site import install


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are found in."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def loaded(site: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Origin:
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, name, raising=False)
    return origin_of(importlib.import_module(name))


def test_what_came_with_fenghuo_is_bundled() -> None:
    """By whoever's entry point names the module, loaded by it or given as a module."""
    host = load_plugins([fenghuo_http])
    assert Origin("fenghuo_http", "fenghuo") == host.origin("http.webhook") == load_plugins().origin("http.webhook")
    assert host.origin("http.webhook").is_bundled


def test_a_third_party_is_not(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed beside Fenghuo, or only importable."""
    install(site, "lamp", "")
    assert Origin("fenghuo_lamp", "fenghuo-lamp") == loaded(site, "fenghuo_lamp", monkeypatch)
    (site / "loose.py").write_text("")
    origin = loaded(site, "loose", monkeypatch)
    assert (Origin("loose"), False, site) == (origin, origin.is_bundled, origin.folder)


def test_a_change_of_any_file_of_the_package_is_seen(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code, data, a file more, a file renamed; not what the interpreter writes beside them."""
    package = site / "lamps"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "table.csv").write_text("1")
    origin = loaded(site, "lamps", monkeypatch)
    seen = [digest_of(origin)]
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__/x.pyc").write_text("anything")
    assert seen == [digest_of(origin)]
    (package / "table.csv").write_text("2")
    seen.append(digest_of(origin))
    (package / "more.py").write_text("")
    seen.append(digest_of(origin))
    (package / "more.py").rename(package / "other.py")
    seen.append(digest_of(origin))
    assert 4 == len(set(seen))


def test_what_else_its_distribution_installed_counts(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second package, which the plugin imports; not the distribution's own notes."""
    install(site, "lamp", "")
    (site / "lamp_wire.py").write_text("")
    record = site / "fenghuo_lamp-1.0.dist-info/RECORD"
    record.write_text("fenghuo_lamp.py,,\nlamp_wire.py,,\nfenghuo_lamp-1.0.dist-info/METADATA,,\n../bin/lamp,,\n")
    origin = loaded(site, "fenghuo_lamp", monkeypatch)
    files = {name: site / name for name in ("fenghuo_lamp.py", "lamp_wire.py")}
    assert digest_over(files) == digest_of(origin)


def test_what_is_no_file_has_no_digest() -> None:
    """A module made by a test."""
    assert "" == digest_of(origin_of(types.ModuleType("nowhere")))
