"""Frames whose tag does not fit."""

from __future__ import annotations

import pytest

from fenghuo.link.frame import FrameKind
from fenghuo.link.hostility import LIMIT, QUIET_S, Vigil
from fenghuo.link.seal import Cause
from tests.core.link.posts import CENTRE, NOW, SIREN, TOWN, cause, opened, opener, plain, ring, sealer

COMMANDS = ring(CENTRE).sending(TOWN, FrameKind.COMMAND)
RECEIPTS = ring(CENTRE).sending(TOWN, FrameKind.RECEIPT)
MEASURES = ring(CENTRE).sending(TOWN, FrameKind.TELEMETRY)
OTHERS = ring(SIREN).sending(CENTRE, FrameKind.RECEIPT)


def test_the_eleventh_in_a_minute_makes_a_link_hostile_once() -> None:
    """Ten are noise; the alarm is given once."""
    vigil = Vigil()
    assert [False] * LIMIT + [True, False] == [vigil.bad(COMMANDS, float(second)) for second in range(LIMIT + 2)]
    assert vigil.is_hostile(1, CENTRE)


def test_bad_frames_spread_over_more_than_a_minute_are_borne() -> None:
    """One every ten seconds is never more than six a minute."""
    vigil = Vigil()
    assert not any(vigil.bad(COMMANDS, 10.0 * n) for n in range(100))


def test_short_tags_of_a_hostile_link_are_tried_once_a_second_in_each_lane() -> None:
    """One try a second for guesses at four octets; a second purpose and another town keep theirs."""
    vigil = Vigil()
    for _ in range(LIMIT + 1):
        vigil.bad(RECEIPTS, 0.0)
    assert [True, False, False, True] == [vigil.may_try(RECEIPTS, 4, at) for at in (0.0, 0.5, 0.9, 1.0)]
    assert vigil.may_try(MEASURES, 4, 0.5)
    assert all(vigil.may_try(OTHERS, 4, 0.5) for _ in range(3))


@pytest.mark.parametrize("kind", [FrameKind.ALERT, FrameKind.COMMAND, FrameKind.CONTROL])
def test_five_forgeries_a_second_hold_off_nothing_genuine(kind: FrameKind) -> None:
    """The alarm is given, and whatever has a tag that nobody guesses is opened all the same, in the midst of it."""
    hearing, sending, forging = opener(), sealer(first=2000), sealer(first=3000)
    for n in range(120):
        at = NOW + n * 0.2
        forged = bytearray(forging.seal(TOWN, plain(kind=kind), NOW))
        forged[-1] ^= 1
        assert Cause.BAD_TAG == cause(hearing.open(bytes(forged), at))
        if n % 25 == 13:
            opened(hearing.open(sending.seal(TOWN, plain(kind=kind), NOW), at + 0.1))
    assert hearing.vigil.is_hostile(1, CENTRE)


def test_ten_quiet_minutes_end_it() -> None:
    """The link is trusted again, and that is told once."""
    vigil = Vigil()
    for _ in range(LIMIT + 1):
        vigil.bad(COMMANDS, 0.0)
    assert ((), ((1, CENTRE),), ()) == (vigil.calm(QUIET_S - 1), vigil.calm(QUIET_S), vigil.calm(QUIET_S))
