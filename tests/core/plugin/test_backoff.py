"""The table of setbacks, the waits and the count of crashes."""

from __future__ import annotations

import random

import pytest

from fenghuo.errors import AuthFailed, ConfigError, LinkBroken, NotReady
from fenghuo.plugin.backoff import Backoff, Setback, Strikes, setback_of

TABLE = [
    (NotReady("no device", retry_after_s=2.0), Setback("not ready: no device", 2.0, 60.0, False)),
    (NotReady("satellite", retry_after_s=300.0), Setback("not ready: satellite", 300.0, 300.0, False)),
    (AuthFailed("bad"), Setback("refused by the far end: bad", 60.0, 900.0, False)),
    (ConfigError("no host"), Setback("settings cannot work: no host", 60.0, 900.0, False)),
    (LinkBroken("reset"), Setback("LinkBroken: reset", 5.0, 60.0, False)),
    (ConnectionRefusedError("refused"), Setback("ConnectionRefusedError: refused", 5.0, 60.0, False)),
    (ValueError("bug"), Setback("ValueError: bug", 5.0, 60.0, True)),
]


@pytest.mark.parametrize(("fault", "setback"), TABLE)
def test_the_table_of_setbacks(fault: Exception, setback: Setback) -> None:
    """Each cause has its waits, and only a plugin's own fault counts as a crash."""
    assert setback == setback_of(fault)


@pytest.mark.parametrize("seed", range(20))
def test_waits_stay_between_base_and_cap_and_start_anew(seed: int) -> None:
    """Every wait lies in its bounds and within three times the last; after a reset the first wait is the base."""
    setback, backoff, last = Setback("x", 5.0, 60.0, False), Backoff(random.Random(seed)), 5.0 / 3
    for _ in range(50):
        wait = backoff.next_s(setback)
        assert 5.0 <= wait <= min(60.0, max(5.0, last * 3))
        last = wait
    backoff.reset()
    assert 5.0 == backoff.next_s(setback)


def test_five_in_ten_minutes_is_out_and_slower_is_not() -> None:
    """The fifth crash within 600 seconds is out; crashes further apart never are."""
    quick, slow = Strikes(), Strikes()
    for n in range(5):
        assert not quick.is_out(n * 150.0)
        quick.add(n * 150.0)
        slow.add(n * 151.0)
    assert quick.is_out(600.0)
    assert not slow.is_out(604.0)
    quick.clear()
    assert not quick.is_out(600.0)
