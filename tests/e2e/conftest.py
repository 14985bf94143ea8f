"""What several end-to-end tests start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.pager import CHANNEL, NAME, PLUGIN
from tests.peers.site import give_record, install


@pytest.fixture
def paging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel type `pager.pages` is installed where the daemon will look for plugins, and has passed bronze."""
    monkeypatch.setenv("PYTHONPATH", install(tmp_path / "site", NAME, PLUGIN), prepend=":")
    give_record(tmp_path / "state", tmp_path / "site", NAME, CHANNEL)
