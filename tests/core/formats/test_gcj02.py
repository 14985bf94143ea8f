"""Coordinates of maps and telephones in China, and back."""

from __future__ import annotations

import pytest

from fenghuo.formats.gcj02 import from_gcj02, to_gcj02

VECTORS = {(121.093890, 31.447780): (121.098524, 31.446015), (121.262760, 31.508620): (121.267215, 31.506687)}
"""WGS-84 → GCJ-02, to a millionth of a degree. Source: console.md §9."""


def test_a_place_moves_by_some_400_m_and_comes_back() -> None:
    """The vectors, and the inverse to within a tenth of a metre."""
    for there, shifted in VECTORS.items():
        assert pytest.approx(shifted, abs=1e-6) == to_gcj02(*there)
        assert pytest.approx(there, abs=1e-6) == from_gcj02(*shifted)
