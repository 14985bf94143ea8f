"""One release for all that install it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.making import ROOT, run


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the committed tree, built in a copy, so that nobody's dist/ is touched."""
    copy = tmp_path_factory.mktemp("release") / "fenghuo"
    run("git", "clone", "--quiet", str(ROOT), str(copy))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    run("tools/release", folder=copy)
    run("tools/deb", folder=copy)
    return copy / "dist"
