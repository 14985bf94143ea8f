"""Airtime of a medium: hard cap, soft cap, reserve, receipts (delivery.md, I7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import ConfigError
from fenghuo.link.ledger import Aired, Caps, Ledger, Ledgers
from fenghuo.model.traffic import Priority

CAPS = Caps(span_s=100.0, hard=0.5, soft=0.2, reserve=0.1, receipts=0.1)


def spent(seconds: float, *, is_receipt: bool = False) -> Ledger:
    ledger = Ledger(CAPS)
    ledger.spend(seconds, 0.0, is_receipt=is_receipt)
    return ledger


@pytest.mark.parametrize(
    ("priority", "limit_s"),
    [(Priority.P0, 50.0), (Priority.P1, 50.0), (Priority.P2, 40.0), (Priority.P3, 20.0), (Priority.P4, 20.0)],
)
def test_each_priority_has_its_limit(priority: Priority, limit_s: float) -> None:
    """The hard cap for P0 and P1, less the reserve for P2, the soft cap for P3 and P4."""
    assert spent(limit_s - 2).may(2.0, 1.0, priority)
    assert not spent(limit_s - 2).may(2.1, 1.0, priority)


def test_receipts_have_a_tenth_and_go_past_the_soft_cap() -> None:
    """They are small, and without them everything is said twice."""
    assert spent(8.0, is_receipt=True).may(2.0, 1.0, Priority.P0, is_receipt=True)
    assert not spent(8.0, is_receipt=True).may(2.1, 1.0, Priority.P0, is_receipt=True)
    assert spent(45.0).may(2.0, 1.0, Priority.P4, is_receipt=True)
    assert not spent(49.0).may(2.0, 1.0, Priority.P4, is_receipt=True)


def test_it_says_when_there_is_room_again() -> None:
    """The first moment at which may() agrees, and not before."""
    ledger = Ledger(CAPS)
    ledger.spend(15.0, 0.0)
    ledger.spend(5.0, 30.0)
    assert 100.0 == ledger.open_at(3.0, 40.0, Priority.P4)
    assert 130.0 == ledger.open_at(18.0, 40.0, Priority.P4)
    assert 40.0 == ledger.open_at(3.0, 40.0, Priority.P2)
    assert float("inf") == ledger.open_at(21.0, 40.0, Priority.P4)
    assert ledger.may(3.0, 100.0, Priority.P4)
    assert 100.0 == spent(9.0, is_receipt=True).open_at(2.0, 1.0, Priority.P0, is_receipt=True)


def test_what_is_long_ago_is_forgotten() -> None:
    """The span ends now."""
    ledger = spent(20.0)
    assert [0.2, 0.2, 0.0] == [round(ledger.used(at), 6) for at in (0.0, 99.9, 100.0)]


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.1, 8), st.sampled_from(Priority), st.booleans()), max_size=100))
def test_the_hard_cap_holds_whatever_is_asked(asked: list[tuple[float, float, Priority, bool]]) -> None:
    """In no span of time is more on the air than the law allows, receipts never more than their share."""
    ledger, now, aired = Ledger(CAPS), 0.0, list[tuple[float, float, bool]]()
    for pause_s, seconds, priority, is_receipt in asked:
        now += pause_s
        if ledger.may(seconds, now, priority, is_receipt=is_receipt):
            ledger.spend(seconds, now, is_receipt=is_receipt)
            aired.append((now, seconds, is_receipt))
    for end, _, _ in aired:
        within = [(seconds, is_receipt) for at, seconds, is_receipt in aired if end - CAPS.span_s < at <= end]
        assert sum(seconds for seconds, _ in within) <= 50.0 + 1e-6
        assert sum(seconds for seconds, is_receipt in within if is_receipt) <= 10.0 + 1e-6


class Disk:
    """The account of one medium. Who dies between two commits finds the last one."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._row = Aired()

    def start(self, now: float) -> Ledger:
        return Ledger(self._caps, self._row, now)

    def commit(self, ledger: Ledger, *, is_told: bool) -> None:
        """`is_told`: False: it died between the commit and the word of it."""
        aired = ledger.wanted()
        if aired is not None:
            self._row = Aired(aired.spent, aired.reserved)
            if is_told:
                ledger.reserved(aired)


LIVES = st.lists(st.lists(st.tuples(st.floats(0, 12), st.floats(0.1, 8), st.booleans()), max_size=30), max_size=12)


@given(LIVES, st.sampled_from([0.05, 0.5, 1.0]))
def test_the_hard_cap_holds_over_any_number_of_deaths(lives: list[list[tuple[float, float, bool]]], hard: float) -> None:
    """Each life begins with what the disk knew, dies where it will, and a frame is on the air as soon as it may be."""
    caps = Caps(span_s=100.0, hard=hard, soft=hard, reserve=0.0, receipts=0.1)
    disk, now, aired = Disk(caps), 0.0, list[tuple[float, float]]()
    for life in lives:
        ledger = disk.start(now)
        for pause_s, seconds, is_told in life:
            now += pause_s
            ledger.may(seconds, now, Priority.P0)
            disk.commit(ledger, is_told=is_told)
            if ledger.may(seconds, now, Priority.P0):
                ledger.spend(seconds, now)
                aired.append((now, seconds))
    for end, _ in aired:
        assert sum(seconds for at, seconds in aired if end - caps.span_s < at <= end) <= hard * caps.span_s + 1e-6


def test_a_restart_costs_no_more_than_what_was_reserved() -> None:
    """A thirty-second part of the cap, or two of the longest frames; who has sent nothing reserves nothing."""
    disk = Disk(CAPS)
    for life in range(50):
        assert disk.start(float(life)).wanted() is None
    ledger = disk.start(50.0)
    assert not ledger.may(1.0, 50.0, Priority.P0)
    disk.commit(ledger, is_told=True)
    assert ledger.may(1.0, 50.0, Priority.P0)
    assert 50.0 == ledger.open_at(1.0, 50.0, Priority.P0)
    assert [0.04, 0.0] == [round(disk.start(51.0).used(at), 6) for at in (51.0, 151.0)]


def test_few_commits_carry_many_frames() -> None:
    """One in three for frames of half a second under a cap of fifty; a slot is never missed for want of one."""
    disk, commits = Disk(CAPS), 0
    ledger = disk.start(0.0)
    ledger.expect()
    for n in range(90):
        commits += ledger.wanted() is not None
        disk.commit(ledger, is_told=True)
        assert ledger.may(0.5, float(n), Priority.P0)
        ledger.spend(0.5, float(n))
    assert commits <= 30


def test_an_account_from_the_future_ends_with_the_span() -> None:
    """A wall clock that was set back must not close a medium for good."""
    ledger = Ledger(CAPS, Aired(((5_000.0, 30.0),), 4.0), 1_000.0)
    assert [0.34, 0.0] == [round(ledger.used(at), 6) for at in (1_000.0, 1_100.0)]


@pytest.mark.parametrize(
    "wrong", [{"hard": 1.5}, {"span_s": 0.0}, {"reserve": 0.6, "hard": 0.5}, {"soft": 0.9, "hard": 0.5}, {"receipts": 0.0}]
)
def test_caps_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    """As a sentence, when they are made."""
    with pytest.raises(ValueError, match=r"hard cap|span"):
        Caps(**wrong)


def test_channels_on_one_medium_spend_from_one_ledger() -> None:
    """Half the hard cap each, and neither may more; another medium is another's."""
    ledgers = Ledgers()
    one, other, apart = ledgers.of("145.825", CAPS), ledgers.of("145.825", CAPS), ledgers.of("433.050", CAPS)
    one.spend(25.0, 0.0)
    other.spend(24.0, 0.0)
    assert [False, False, True] == [ledger.may(1.1, 1.0, Priority.P0) for ledger in (one, other, apart)]


def test_the_stricter_cap_of_a_medium_holds_for_all_on_it() -> None:
    """Each share for itself, whoever came first."""
    ledgers = Ledgers()
    first = ledgers.of("145.825", CAPS)
    ledgers.of("145.825", Caps(span_s=100.0, hard=0.3, soft=0.3, reserve=0.05, receipts=0.2))
    assert Caps(span_s=100.0, hard=0.3, soft=0.2, reserve=0.1, receipts=0.1) == first.caps


def test_spans_of_one_medium_must_agree() -> None:
    """A tenth of ten minutes is no tenth of an hour."""
    ledgers = Ledgers()
    ledgers.of("145.825", CAPS)
    with pytest.raises(ConfigError, match=r"span_s 600 differs from the 100"):
        ledgers.of("145.825", Caps())
