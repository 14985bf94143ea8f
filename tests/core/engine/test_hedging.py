"""The budget of hedges: a few at once, one for ten that begin, one a second."""

from __future__ import annotations

from fenghuo.engine.hedging import AT_ONCE, Hedging
from tests.core.engine.values import NOW


def test_a_few_may_begin_at_once_and_no_more() -> None:
    """Fifty orders are never held back; the fifty-first waits."""
    budget = Hedging()
    assert AT_ONCE == budget.left(NOW)
    budget.spend(AT_ONCE)
    assert 0 == budget.left(NOW)


def test_one_in_ten_that_begin_earns_one() -> None:
    """Of a thousand that begin a hundred may be hedged, as far as the store of it goes."""
    budget = Hedging()
    budget.spend(AT_ONCE)
    for _ in range(101):
        budget.began()
    assert 10 == budget.left(NOW)
    for _ in range(10_000):
        budget.began()
    assert AT_ONCE == budget.left(NOW)


def test_time_earns_one_a_second() -> None:
    """Nobody waits for others to begin; a clock that is set back earns nothing."""
    budget = Hedging()
    budget.left(NOW)
    budget.spend(AT_ONCE)
    assert [0, 7, 7, 8] == [budget.left(NOW + at) for at in (0, 7.5, 3, 4)]
