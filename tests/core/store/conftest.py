"""An open store for each test that asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenghuo.store import Store
from tests.core.store.rows import open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A small store in a folder of its own."""
    opened = await open_store(tmp_path / "state")
    yield opened
    await opened.close()
