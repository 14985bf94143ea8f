"""Silence is judged by the pace before it, and the gap of an outage is never learned."""

from __future__ import annotations

import math
import random

import pytest

from fenghuo.engine.cadence import LEARNED, LOST_PHI, Cadence, heard, late_at, lost_at, phi, resumed

BEACON_S = 15.0


def beaten(*gaps: float, expected_s: float = BEACON_S) -> Cadence:
    """After a first beat at 0 and one after each of these gaps."""
    cadence, now = heard(Cadence(expected_s), 0.0), 0.0
    for gap in gaps:
        now += gap
        cadence = heard(cadence, now)
    return cadence


def test_before_the_first_beat_nothing_is_suspicious() -> None:
    """A channel that was never heard is not lost."""
    assert (0.0, math.inf) == (phi(Cadence(BEACON_S), 1e9), lost_at(Cadence(BEACON_S)))


def test_the_third_beat_that_does_not_come_is_one_too_many() -> None:
    """As declared, and as learned from a steady beacon: one collision on the air takes nobody down, three do."""
    for cadence in (beaten(), beaten(*[BEACON_S] * 20)):
        silence_s = lost_at(cadence) - (cadence.last_at or 0.0)
        assert 2 * BEACON_S < silence_s <= 3.1 * BEACON_S


def test_suspicion_rises_and_reaches_its_limit_when_it_says() -> None:
    """phi is LOST_PHI at lost_at(), and grows with every second before it."""
    cadence = beaten(*[14.0, 15.0, 16.0] * 5)
    last, lost = cadence.last_at or 0.0, lost_at(cadence)
    rising = [phi(cadence, last + (lost - last) * part / 10) for part in range(11)]
    assert rising == sorted(rising)
    assert LOST_PHI == pytest.approx(rising[-1], abs=0.01)
    assert math.inf == phi(cadence, lost + 1e6)


def test_the_gap_of_an_outage_is_never_learned() -> None:
    """After an hour of silence the next outage is seen as soon as this one."""
    before = beaten(*[BEACON_S] * 20)
    after = heard(before, (before.last_at or 0.0) + 3600.0)
    assert before.gaps == after.gaps
    assert lost_at(before) - (before.last_at or 0.0) == pytest.approx(lost_at(after) - (after.last_at or 0.0))


@pytest.mark.parametrize("gap", [118.0, 120.0, 180.0])
def test_beats_that_were_missed_make_nobody_patient(gap: float) -> None:
    """A beacon a minute through a noisy afternoon: it is lost after three beats as before, and not after nine minutes."""
    steady, noisy = beaten(*[60.0] * 3, expected_s=60.0), beaten(*[gap] * 3, expected_s=60.0)
    assert lost_at(steady) - (steady.last_at or 0.0) == pytest.approx(lost_at(noisy) - (noisy.last_at or 0.0), abs=3.0)


def test_a_pause_that_was_told_is_not_learned_either() -> None:
    """A session that went and came again begins with nothing to wait for."""
    before = beaten(*[BEACON_S] * 5)
    gone = resumed(before, None)
    assert math.inf == lost_at(gone)
    assert before.gaps == heard(resumed(gone, 5000.0), 5015.0).gaps[:-1] == beaten(*[BEACON_S] * 5).gaps


def test_a_slow_pace_is_learned() -> None:
    """A station that beacons every minute is not lost after forty seconds."""
    assert 60.0 < lost_at(beaten(*[40.0, 41.0, 42.0])) - 123.0


def test_traffic_between_the_beats_makes_nobody_impatient() -> None:
    """A hundred frames in a minute, and then the beacons alone: nothing is lost."""
    cadence = beaten(*[0.5] * 100)
    assert lost_at(cadence) - (cadence.last_at or 0.0) > 2 * BEACON_S


def test_an_irregular_pace_is_given_more_time() -> None:
    """What varies much is waited for longer."""
    chance = random.Random(7)
    ragged = beaten(*[chance.uniform(1.0, 30.0) for _ in range(LEARNED)])
    assert lost_at(ragged) - (ragged.last_at or 0.0) > lost_at(beaten(*[15.5] * LEARNED)) - 15.5 * LEARNED


def test_no_more_is_remembered_than_is_needed() -> None:
    """A year of beacons costs what an hour costs."""
    assert LEARNED == len(beaten(*[1.0] * (LEARNED + 50), expected_s=1.0).gaps)


def test_a_fresh_channel_is_late_by_the_pace_that_was_declared() -> None:
    """Half a beat past its time, until three gaps are known: then phi knows better, and one collision on the air suspects nobody."""
    for few in (beaten(expected_s=60.0), beaten(60.0, 60.0, expected_s=60.0)):
        assert 90.0 == late_at(few) - (few.last_at or 0.0)
        assert late_at(few) < lost_at(few)
    assert math.inf == late_at(beaten(60.0, 60.0, 60.0, expected_s=60.0)) == late_at(Cadence(60.0))
