"""Delays after failed log-ins: guessing gets slow, and the duty officer gets in."""

from __future__ import annotations

from fenghuo.service.log_in_delays import MACHINE, LogInDelays

DESK = "10.0.0.5"


def failed(delays: LogInDelays, account: str, address: str, times: int, now: float = 0.0) -> float:
    """What it comes to after so many failures in one instant."""
    for _ in range(times):
        delays.failed(account, address, now)
    return delays.wait_s(account, address, now)


def test_failures_cost_twice_as_much_each_time() -> None:
    """Four are free; then 1, 2, 4 … 300 s, and after an hour of peace nothing."""
    delays = LogInDelays()
    assert 0.0 == failed(delays, "zhang", "192.0.2.1", 4)
    assert [1.0, 2.0, 4.0] == [failed(delays, "zhang", "192.0.2.1", 1) for _ in range(3)]
    assert 300.0 == failed(delays, "zhang", "192.0.2.1", 40)
    assert 0.0 == failed(delays, "zhang", "192.0.2.1", 1, now=4000.0)


def test_an_account_is_guarded_from_everywhere_and_an_address_for_everyone() -> None:
    """Many addresses against one account, one address against many accounts."""
    spread, sprayed = LogInDelays(), LogInDelays()
    for last in range(8):
        spread.failed("zhang", f"192.0.2.{last}", 0.0)
        sprayed.failed(f"person{last}", "192.0.2.1", 0.0)
    assert (8.0, 8.0) == (spread.wait_s("zhang", "198.51.100.1", 0.0), sprayed.wait_s("li", "192.0.2.1", 0.0))


def test_nobody_can_keep_the_duty_officer_out() -> None:
    """A thousand failures from anywhere, and at the desk itself: the desk waits for its own alone, and 2 s at most."""
    delays = LogInDelays((DESK,))
    assert 300.0 == failed(delays, "zhang", "192.0.2.1", 1000)
    assert (0.0, 0.0) == (delays.wait_s("zhang", DESK, 0.0), delays.wait_s("zhang", "127.0.0.1", 0.0))
    assert 2.0 == failed(delays, "zhang", DESK, 1000)
    assert 0.0 == delays.wait_s("li", DESK, 0.0)


def test_nobody_can_keep_anybody_out_of_the_machine() -> None:
    """Who proves a person at its own socket comes from no address of the network: failures there are counted apart, either way."""
    delays = LogInDelays()
    assert 300.0 == failed(delays, "zhang", "192.0.2.1", 1000)
    assert (0.0, 0.0) == (delays.wait_s("zhang", MACHINE, 0.0), delays.wait_s("zhang", "", 0.0))
    assert 2.0 == failed(delays, "li", MACHINE, 1000)
    assert (0.0, 0.0, 0.0) == tuple(delays.wait_s("li", address, 0.0) for address in ("", "127.0.0.1", "192.0.2.2"))


def test_a_good_log_in_forgives_the_account_and_not_the_address() -> None:
    """Whoever has one good account does not guess for free."""
    delays = LogInDelays()
    failed(delays, "zhang", "192.0.2.1", 8)
    delays.succeeded("zhang", "192.0.2.1")
    assert (0.0, 8.0) == (delays.wait_s("zhang", "192.0.2.2", 0.0), delays.wait_s("zhang", "192.0.2.1", 0.0))


def test_what_is_remembered_has_a_bound() -> None:
    """Names and addresses that nobody has do not fill the memory: the oldest are forgotten."""
    delays = LogInDelays()
    failed(delays, "zhang", "192.0.2.1", 8)
    for number in range(6_000):
        delays.failed(f"n{number}", f"a{number}", 0.0)
    assert 0.0 == delays.wait_s("zhang", "192.0.2.1", 0.0)
