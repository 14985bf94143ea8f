"""Rings that cross themselves."""

from __future__ import annotations

import math
import random
import time

import pytest

from fenghuo.formats.ring_crossing import Crossing, crossing
from fenghuo.model.message import Ring


def outline(vertices: int) -> Ring:
    """A coast: a ring whose radius trembles and never folds back."""
    chance = random.Random(7)
    points = []
    for at in range(vertices):
        angle, radius = 2 * math.pi * at / vertices, 1 + chance.random() / vertices
        points.append((30 + radius * math.sin(angle), 120 + radius * math.cos(angle)))
    return (*points, points[0])


@pytest.mark.parametrize(
    ("ring", "answer"),
    [
        (((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)), Crossing.NONE),
        (((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)), Crossing.FOUND),
        (((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)), Crossing.NONE),
    ],
)
def test_small(ring: Ring, answer: Crossing) -> None:
    """Small rings are told apart."""
    assert answer is crossing(ring)


def test_large() -> None:
    """The largest message allowed is judged at all, and not given up as too intricate."""
    assert Crossing.NONE == crossing(outline(90_000))


def test_fold_in_a_large_ring() -> None:
    """One spike through the far side of thousands of edges is found."""
    ring = list(outline(5_000))
    ring[1_250] = (28.0, 120.0)
    assert Crossing.FOUND is crossing(tuple(ring))


def test_hostile() -> None:
    """A ring made to take for ever is given up on, soon."""
    comb = [(at % 2 * 50.0, at / 1_000) for at in range(90_000)]
    start = time.process_time()
    assert (Crossing.UNKNOWN, True) == (crossing((*comb, comb[0])), time.process_time() - start < 2)
