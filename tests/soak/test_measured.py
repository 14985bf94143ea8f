"""What a soak makes of its samples and of what its far end received."""

from __future__ import annotations

import pytest

from tests.soak.measured import Ledger, slope_per_h, worst


def test_a_slope_is_of_an_hour() -> None:
    """A mebibyte in sixty seconds is sixty an hour; a wave about a level is none; two samples are no line."""
    assert 60.0 == pytest.approx(slope_per_h([(60.0 * n, 80.0 + n) for n in range(10)]))
    assert 0.0 == pytest.approx(slope_per_h([(float(n), 80.0 + (n % 2)) for n in range(101)]), abs=1.0)
    assert slope_per_h([(0.0, 1.0), (1.0, 2.0)]) is None


def test_the_worst_is_what_so_many_do_not_exceed() -> None:
    """Of a thousand, p99.9 is the last but one at the least; of none it is nothing."""
    assert (0.0, 5.0) == (worst([], 0.99), worst([5.0], 0.999))
    assert 999.0 == worst([float(n) for n in range(1000)], 0.999)


def test_only_what_was_promised_can_be_lost_and_only_another_token_doubles() -> None:
    """A POST that comes again under its token is a copy, which its receiver knows; under another it would be shown twice."""
    ledger = Ledger()
    ledger.promised |= {1: 0.0, 2: 0.0, 3: 0.0}
    for order, token in ((1, "a"), (1, "a"), (2, "b"), (2, "c"), (9, "d")):
        ledger.received(order, token)
    assert ({3}, {2}, 1) == (ledger.missing, ledger.doubled, ledger.copies)
