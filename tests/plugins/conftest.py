"""What is done in every process before a channel of a plugin is made."""

from __future__ import annotations

import pytest

from fenghuo import installed_version


@pytest.fixture(autouse=True)
def _loaded() -> None:
    """A plugin says its version when it is loaded, before there is a loop: a channel that starts reads no file for it."""
    installed_version()
