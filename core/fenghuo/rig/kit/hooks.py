"""The one hook by which a project brings far ends of its own to the kit, for example from its conftest.py."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fenghuo.plugin.conformance import ConformanceFixture

__all__ = ["pytest_fenghuo_conformance"]


@pytest.hookspec
def pytest_fenghuo_conformance() -> Sequence[ConformanceFixture]:  # type: ignore[empty-body]  # a specification has no body
    """More far ends, beside those that the plugin itself brings by fenghuo_conformance()."""
