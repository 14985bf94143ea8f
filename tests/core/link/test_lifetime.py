"""The expiry inside a frame, and the longest life of each purpose."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fenghuo.link.frame import FrameKind, Purpose, purpose_of
from fenghuo.link.lifetime import SLACK_S, TIMELESS, expiry, is_over, longest_s, nearest
from fenghuo.link.seal import Opened, Opener, Plain, Sealer
from fenghuo.model.traffic import Traffic
from tests.core.link.posts import CENTRE, NOW, TOWN, granted, ring

_DAY_S = 86_400.0
SENDING, HEARING = ring(CENTRE), ring(TOWN)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("life_s", [1.0, 59.0, 60.0, 3600.0, None])
def test_a_frame_lives_to_its_end_and_less_than_a_minute_longer(life_s: float | None, purpose: Purpose) -> None:
    """The minute is rounded up, never down."""
    life_s = longest_s(purpose) if life_s is None else life_s
    end = expiry(NOW + life_s)
    assert not is_over(end, NOW, purpose)
    assert not is_over(end, NOW + life_s, purpose)
    assert is_over(end, NOW + life_s + 60.0, purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_it_stays_over_for_thirty_years(purpose: Purpose) -> None:
    """Where sixteen bits had come round after 45 days; by then the key is another."""
    end = expiry(NOW + 60)
    assert all(is_over(end, NOW + 120 + day * _DAY_S, purpose) for day in range(11_000))


@given(delay_s=st.floats(0, 200 * _DAY_S), life_s=st.floats(1.0, 30 * _DAY_S), kind=st.sampled_from(FrameKind))
@example(delay_s=22.76 * _DAY_S, life_s=600.0, kind=FrameKind.COMMAND)
@example(delay_s=45.51 * _DAY_S, life_s=600.0, kind=FrameKind.COMMAND)
@example(delay_s=91.02 * _DAY_S, life_s=600.0, kind=FrameKind.COMMAND)
def test_what_was_jammed_opens_until_its_end_and_never_after(delay_s: float, life_s: float, kind: FrameKind) -> None:
    """Recorded, jammed, played at any time of 200 days to a receiver who heard nothing in between."""
    frame = Sealer(SENDING, granted(SENDING)).seal(TOWN, Plain(kind, Traffic.ACTUAL, b"start", NOW + life_s), NOW)
    lives_s = min(life_s, longest_s(purpose_of(kind)))
    is_taken = isinstance(Opener(HEARING).open(frame, NOW + delay_s), Opened)
    assert is_taken if delay_s <= lives_s else not (is_taken and delay_s >= lives_s + 60.0)


def test_a_command_lives_for_hours_and_a_message_for_weeks() -> None:
    """Each as long as it can be worth obeying or reading; an end beyond is brought nearer."""
    ends = [(nearest(NOW + 365 * _DAY_S, NOW, purpose) - NOW) / 3600 for purpose in Purpose]
    assert [546, 6, 24, 24, 24] == [int(hours) for hours in ends]
    assert NOW + 60 == nearest(NOW + 60, NOW, Purpose.COMMAND)


def test_an_end_that_no_sender_would_set_is_refused() -> None:
    """A sender whose clock is an hour ahead is understood, one that is farther ahead is not obeyed."""
    end_s = longest_s(Purpose.COMMAND)
    assert not is_over(expiry(NOW + end_s + SLACK_S), NOW, Purpose.COMMAND)
    assert is_over(expiry(NOW + end_s + SLACK_S + 180), NOW, Purpose.COMMAND)


@pytest.mark.parametrize("purpose", Purpose)
def test_only_what_is_bound_otherwise_may_have_no_end(purpose: Purpose) -> None:
    """A nonce, or a transfer of the receiver's own; a message or a command without an end would open for ever."""
    assert (purpose not in (Purpose.CONTROL, Purpose.RECEIPT)) == is_over(expiry(TIMELESS), NOW, purpose)


def test_the_three_octets_are_minutes_since_1970() -> None:
    """1,764,000,060 s are 29,400,001 minutes, 12,622,785 modulo 16,777,216."""
    assert 29_400_001 % 2**24 == 12_622_785 == int.from_bytes(expiry(NOW + 60), "big")
