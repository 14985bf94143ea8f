"""What several end-to-end tests start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.nursery import Nursery
from tests.peers.pager import CHANNEL, NAME, PLUGIN
from tests.peers.site import give_record, install


@pytest.fixture(scope="session", autouse=True)
def _nursery() -> Iterator[None]:
    """The daemons of a process of tests are forks of one interpreter: most of what a start costs is reading modules."""
    with Nursery():
        yield


@pytest.fixture
def paging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel type `pager.pages` is installed where the daemon will look for plugins, and has passed bronze."""
    monkeypatch.setenv("PYTHONPATH", install(tmp_path / "site", NAME, PLUGIN), prepend=":")
    give_record(tmp_path / "state", tmp_path / "site", NAME, CHANNEL)
