"""What the page takes from elsewhere is what the lock names, and the lock is what the pins name."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tools.vendor_js import HOLDS, LOCK, PINS, VENDOR


def _lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(LOCK.read_text())
    return found


def test_each_vendored_file_has_the_digest_of_the_lock() -> None:
    """Nothing stands there that the lock does not name, and nothing was changed by hand."""
    lock = _lock()
    expected = {entry["file"]: entry["sha256"] for entry in lock["files"]}
    assert expected == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}


def test_the_lock_names_every_package_with_the_version_that_is_pinned() -> None:
    """Version and licence of each, as npm's own lock has them with their digests."""
    pinned = json.loads((PINS / "package-lock.json").read_text())["packages"]
    named = {one["name"]: (one["version"], one["licence"]) for entry in _lock()["files"] for one in entry["packages"]}
    wanted = {name for held in HOLDS.values() for name in held}
    expected = {name: (pinned[f"node_modules/{name}"]["version"], pinned[f"node_modules/{name}"]["license"]) for name in wanted}
    assert expected == named
    assert all("integrity" in entry for path, entry in pinned.items() if path)


def test_the_licence_of_each_package_goes_with_it() -> None:
    """Who bundles a text under MIT or BSD keeps its notice."""
    notices = (VENDOR / "LICENSES.txt").read_text(encoding="utf-8")
    wanted = {name for held in HOLDS.values() for name in held}
    assert wanted == {name for name in wanted if f"{name}\n{'=' * len(name)}\n" in notices}
