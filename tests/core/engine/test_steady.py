"""A channel that flaps costs each destination one switch in two minutes, and nobody waits for its sake."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from fenghuo.engine.health import STEADY_S, ChannelHealth, Sign, observed, steady_at
from fenghuo.model.delivery import DeliveryState
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Priority
from tests.core.engine.house import opened
from tests.core.engine.test_channels import board, instance
from tests.core.engine.values import NOW, Q95_S, Story, awaiting, delivery, frame, objective, rung, situation, target, view

S = DeliveryState
BOTH = (delivery(1, "a"), delivery(2, "b", rung=1))
FLAPS = situation(view("a", unsteady=True), view("b"))
BEAT_S = 8.0


# The decision about one target.


def test_a_channel_that_flaps_is_no_first_choice() -> None:
    """The next rung is opened in the same turn; nobody waits for it."""
    story = Story(*BOTH)
    story.turn(situation=FLAPS)
    assert {1: S.HELD, 2: S.READY} == story.states


def test_within_a_rung_the_steady_alternate_goes() -> None:
    """Also where the one that flaps would be cheaper."""
    story = Story(delivery(1, "a"), delivery(2, "b"), at=frame(rung("a", "b")))
    story.turn(situation=situation(view("a", unsteady=True), view("b", fee_fen=9.0)))
    assert {1: S.HELD, 2: S.READY} == story.states


def test_a_channel_that_flaps_is_used_where_there_is_no_other() -> None:
    """A bad way is better than none."""
    story = Story(delivery(1, "a"), at=frame(rung("a")))
    story.turn(situation=FLAPS)
    assert {1: S.READY} == story.states


def test_a_steady_way_that_comes_to_nothing_leaves_the_other() -> None:
    """Whoever was not reached over the steady one is tried over the one that flaps."""
    story = Story(delivery(1, "a"), awaiting(2, "b", rung=1), of=target(rung=2))
    story.turn(situation=FLAPS)
    assert {1: S.HELD, 2: S.AWAITING} == story.states
    story.later(Q95_S)
    assert S.READY is story.states[1]


def test_p0_takes_every_way() -> None:
    """Life safety overrides damping as it overrides breakers."""
    story = Story(*BOTH, at=frame(rung("a"), rung("b"), objective=objective(priority=Priority.P0)))
    story.turn(situation=FLAPS)
    assert {1: S.READY, 2: S.READY} == story.states


def test_what_is_under_way_over_it_stays_there() -> None:
    """Damping is about first choices."""
    story = Story(awaiting(1, "a"), delivery(2, "b", rung=1))
    story.turn(situation=FLAPS)
    assert {1: S.AWAITING, 2: S.HELD} == story.states


# Health and Situation.


def test_it_is_steady_two_minutes_after_it_was_left() -> None:
    """Counted from the last time it went down: an outage that was longer costs nothing more."""
    down = observed(ChannelHealth(state=Health.UP), Sign.LOCAL_DOWN, NOW)
    assert NOW + STEADY_S == steady_at(observed(down, Sign.LOCAL_UP, NOW + 5))
    again = observed(observed(down, Sign.LOCAL_UP, NOW + 5), Sign.LOCAL_DOWN, NOW + 9)
    assert NOW + 9 + STEADY_S == steady_at(observed(again, Sign.LOCAL_UP, NOW + 300))
    assert steady_at(ChannelHealth(state=Health.UP)) < 0


def test_a_trial_that_was_passed_is_no_pardon() -> None:
    """A channel that passes its probation in half a minute is not steady yet."""
    health = observed(observed(ChannelHealth(state=Health.UP, stable_s=0.0), Sign.LOCAL_DOWN, NOW), Sign.LOCAL_UP, NOW + 1)
    for _ in range(9):
        health = observed(health, Sign.SENT, NOW + 2)
    assert (Health.UP, NOW + STEADY_S) == (health.state, steady_at(health))


def test_the_situation_is_made_anew_when_it_is_steady() -> None:
    """Without any other change: planning must not hold it back for ever."""
    one = board(instance())
    for sign in (Sign.LOCAL_UP, Sign.LOCAL_DOWN, Sign.LOCAL_UP):
        one.observe("a", sign)
    clock = one._office.clock  # the clock that the board was given
    assert one.situation().channel["a"].unsteady
    clock.now += STEADY_S  # type: ignore[attr-defined]  # a StillClock
    assert not one.situation().channel["a"].unsteady


# The whole engine.


async def test_a_link_that_flaps_costs_one_switch_in_two_minutes(tmp_path: Path) -> None:
    """Eight seconds up, eight seconds down, for five minutes, with an order every four seconds (scenario S4)."""
    async with opened(tmp_path) as house:
        used: list[tuple[float, str]] = []
        is_up = True
        for beat in range(75):
            if beat % 2:
                is_up = not is_up
                (house.up if is_up else house.down)("a")
            before = len(house.sent)
            await house.order("person:wang", text=f"第{beat}号")
            used += [(house.clock.now, mail.channel) for mail in house.sent[before:]]
            for mail in house.sent[before:]:
                await house.receipt(mail)
            await house.later(BEAT_S / 2)
    switches = [at for (_, was), (at, now) in pairwise(used) if was != now]
    assert 75 == len(used)
    assert [] == [at - earlier for earlier, at in pairwise(switches) if at - earlier < STEADY_S]
    assert 1 <= len(switches) <= 3
