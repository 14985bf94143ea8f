"""Which waiting ways stand back for others: the critical pair on one tower, the disjoint third, the scarce one, the one that is late."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.admission import Load
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.engine.spread import BACK, FEW
from fenghuo.model.delivery import Delivery, DeliveryState, Hold
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Priority
from tests.core.engine.values import NOW, Q95_S, Story, awaiting, delivery, frame, objective, rung, situation, target, view

S = DeliveryState
TOWER, OTHER = ("cell:opA",), ("roof:hq",)
SMS, LTE, RADIO = view("sms", risk_groups=TOWER), view("lte", risk_groups=TOWER), view("r", risk_groups=OTHER)
NAMES = ("sms", "lte", "r")


def story(priority: Priority, *ways: Delivery, views: tuple[ChannelView, ...] = (SMS, LTE, RADIO), rungs: tuple[Rung, ...] = ()) -> Story:
    """One person with a way on each rung, of which the first `opened` are open."""
    ladder = rungs or tuple(rung(view.name) for view in views)
    opened = 1 + max((one.rung for one in ways if one.tries), default=-1)
    at = frame(*ladder, objective=objective(priority=priority), situation=situation(*views))
    return Story(*(msgspec.structs.replace(one, priority=priority) for one in ways), of=target(rung=opened, rung_at=NOW), at=at)


def waiting(key: int, name: str, index: int) -> Delivery:
    return delivery(key, name, rung=index)


# P1: the best now, a disjoint one hedged.


def test_the_hedge_of_an_urgent_order_is_not_on_the_tower_of_the_first() -> None:
    """SMS is slower than usual: 4G on its tower is passed over, the radio goes, and 4G says why it waits."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "lte", 1), waiting(3, "r", 2))
    one.turn()
    assert {1: S.AWAITING, 2: S.HELD, 3: S.HELD} == one.states, "nobody is hedged before the usual time is over"
    one.later(Q95_S)
    assert {1: S.AWAITING, 2: S.HELD, 3: S.READY} == one.states
    assert f"{BACK}it shares cell:opA with sms, and r does not" == one.deliveries[2].reason
    one.later(1)
    assert {1: S.AWAITING, 2: S.HELD, 3: S.READY} == one.states, "the next look changes nothing"


def test_what_was_passed_over_goes_when_nothing_else_is_left() -> None:
    """The ladder keeps its say: the radio failed, and 4G is better than silence."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "lte", 1), waiting(3, "r", 2))
    one.later(Q95_S)
    one.change(3, lambda way: msgspec.structs.replace(way, state=S.FAILED, tries=1, reason="channel gone"))
    one.turn()
    assert {1: S.AWAITING, 2: S.READY, 3: S.FAILED} == one.states


def test_what_has_failed_bars_nobody_beside_what_is_under_way() -> None:
    """SMS failed, the radio is slow: 4G shares nothing with the radio, and is its hedge."""
    failed = delivery(1, "sms", state=S.FAILED, tries=1, reason="channel gone")
    slow = awaiting(2, "r", rung=1, until=NOW + 90)
    views = (SMS, RADIO, LTE, view("app", risk_groups=OTHER))
    one = story(Priority.P1, failed, slow, waiting(3, "lte", 2), waiting(4, "app", 3), views=views)
    one.later(Q95_S)
    assert {1: S.FAILED, 2: S.AWAITING, 3: S.READY, 4: S.HELD} == one.states


def test_what_stood_back_for_a_way_is_the_hedge_of_it_when_that_has_begun() -> None:
    """SMS failed, 4G on its tower stands back for the radio; both at once would be two copies. When the radio is slow, 4G goes."""
    ways = (delivery(1, "sms", state=S.FAILED, tries=1, reason="channel gone"), waiting(2, "lte", 0), waiting(3, "r", 1))
    one = story(Priority.P1, *ways, rungs=(rung("sms", "lte"), rung("r")))
    for _ in range(2):
        one.turn()
        assert {1: S.FAILED, 2: S.HELD, 3: S.READY} == one.states
    one.emit(3)
    one.change(3, lambda way: msgspec.structs.replace(way, state=S.AWAITING, until=NOW + Q95_S))
    one.later(Q95_S / 2)
    assert [S.HELD] == [one.states[2]]
    one.later(Q95_S)
    assert [S.READY] == [one.states[2]]


def test_where_everything_is_on_one_tower_the_second_is_hedged_all_the_same() -> None:
    """No way shares less: the ladder of an operator who has only these is climbed as it stands."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "lte", 1), views=(SMS, LTE))
    one.later(Q95_S)
    assert {1: S.AWAITING, 2: S.READY} == one.states


@pytest.mark.parametrize("gone", [{"health": Health.DOWN}, {"admin": Admin.DISABLED}])
def test_nobody_waits_for_a_disjoint_way_that_is_gone(gone: dict[str, object]) -> None:
    """The radio is down or switched off: 4G is the hedge."""
    views = (SMS, LTE, msgspec.structs.replace(RADIO, **gone))
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "lte", 1), waiting(3, "r", 2), views=views)
    one.later(Q95_S)
    assert {1: S.AWAITING, 2: S.READY, 3: S.HELD} == one.states


def test_of_alternates_the_disjoint_one_is_the_hedge() -> None:
    """On one rung too: whichever would be first, the one that shares the tower is not it."""
    rungs = (rung("sms"), rung("lte", "r"))
    for cheap in ("lte", "r"):
        views = tuple(msgspec.structs.replace(one, fee_fen=0.0 if one.name == cheap else 9.0) for one in (SMS, LTE, RADIO))
        ways = (awaiting(1, "sms", until=NOW + 90), waiting(2, "lte", 1), waiting(3, "r", 1))
        one = story(Priority.P1, *ways, views=views, rungs=rungs)
        one.later(Q95_S)
        assert {1: S.AWAITING, 2: S.HELD, 3: S.READY} == one.states


def test_the_hedge_waits_for_the_usual_time_of_what_is_under_way() -> None:
    """A runner at the end of the ladder takes an hour: it is not his hour that the hedge waits for."""
    views = (SMS, RADIO, view("runner", latency_q95_s=3600.0))
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "r", 1), waiting(3, "runner", 2), views=views)
    one.later(Q95_S)
    assert S.READY is one.states[2]


def test_without_a_budget_the_hedge_waits_and_a_failure_does_not() -> None:
    """A crowd on a slow centre does not double itself; whoever's way failed is no hedge."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 300), waiting(2, "r", 1), views=(SMS, RADIO))
    one.turn(hedges=0)
    step = one.later(Q95_S)
    assert ({1: S.AWAITING, 2: S.HELD}, 0) == (one.states, step.hedged)
    assert step.target.wake_at is not None
    assert NOW + 2 * Q95_S == step.target.wake_at
    one.change(1, lambda way: msgspec.structs.replace(way, state=S.FAILED, reason="channel gone"))
    step = one.turn()
    assert (S.READY, 0) == (one.states[2], step.hedged)


def test_whoever_waits_for_the_budget_comes_back_when_it_has_one() -> None:
    """In its turn, which another look does not take away; too far off it comes back after the usual time."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 300), waiting(2, "r", 1), views=(SMS, RADIO))
    one.turn(hedges=0)
    step = one.turn(now=NOW + Q95_S, hedge_at=NOW + Q95_S + 7)
    assert (NOW + Q95_S + 7,) * 2 == (step.target.wake_at, step.promised)
    step = one.turn(now=NOW + Q95_S + 1, hedge_at=NOW + Q95_S + 8)
    assert (NOW + Q95_S + 7, 0.0) == (step.target.wake_at, step.promised)
    step = one.turn(now=NOW + Q95_S + 7, hedge_at=NOW + 500)
    assert (NOW + 2 * Q95_S + 7, 0.0) == (step.target.wake_at, step.promised)
    assert 1 == one.turn(now=NOW + 2 * Q95_S + 7, hedges=1).hedged


def test_a_hedge_is_counted() -> None:
    """So that there is a budget."""
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 90), waiting(2, "r", 1), views=(SMS, RADIO))
    assert 1 == one.turn(now=NOW + Q95_S).hedged


# P2: in sequence, the third disjoint.


def test_the_third_try_of_an_order_is_disjoint() -> None:
    """Two ways on one tower have failed; the third on it is passed over for the radio, and comes after it."""
    views = (SMS, LTE, view("app", risk_groups=TOWER), RADIO)
    failed = {"state": S.FAILED, "tries": 1, "reason": "channel gone"}
    ways = (delivery(1, "sms", **failed), delivery(2, "lte", rung=1, **failed), waiting(3, "app", 2), waiting(4, "r", 3))
    one = story(Priority.P2, *ways, views=views)
    one.turn()
    assert {1: S.FAILED, 2: S.FAILED, 3: S.HELD, 4: S.READY} == one.states
    assert f"{BACK}it shares cell:opA with sms, and r does not" == one.deliveries[3].reason
    one.change(4, lambda way: msgspec.structs.replace(way, state=S.FAILED, tries=1, reason="channel gone"))
    one.turn()
    assert S.READY is one.states[3]


def test_the_second_try_of_an_order_follows_the_ladder() -> None:
    """One failure says nothing of the tower."""
    ways = (delivery(1, "sms", state=S.FAILED, tries=1, reason="channel gone"), waiting(2, "lte", 1), waiting(3, "r", 2))
    one = story(Priority.P2, *ways)
    one.turn()
    assert {1: S.FAILED, 2: S.READY, 3: S.HELD} == one.states


# P0: one of every risk group at once.


@pytest.mark.parametrize(("total", "expected"), [(1, [S.READY, S.HELD, S.READY]), (FEW, [S.READY, S.HELD, S.READY])])
def test_life_safety_takes_one_alternate_of_every_risk_group(total: int, expected: list[DeliveryState]) -> None:
    """Of three alternates on one rung two fail together: one of them goes, and the third beside it."""
    ways = tuple(waiting(key, name, 0) for key, name in enumerate(NAMES, 1))
    views = (msgspec.structs.replace(SMS, fee_fen=0.0), msgspec.structs.replace(LTE, fee_fen=9.0), RADIO)
    one = story(Priority.P0, *ways, views=views, rungs=(rung(*NAMES),))
    one.turn(objective=objective(priority=Priority.P0, total=total))
    assert expected == [one.states[key] for key in (1, 2, 3)]


def test_of_a_crowd_the_first_copy_goes_before_the_second() -> None:
    """More than a hundred: alternates of a rung share the work, as for any other."""
    ways = tuple(waiting(key, name, 0) for key, name in enumerate(NAMES, 1))
    one = story(Priority.P0, *ways, rungs=(rung(*NAMES),))
    one.turn(objective=objective(priority=Priority.P0, total=FEW + 1))
    assert 1 == list(one.states.values()).count(S.READY)


@pytest.mark.parametrize("named", [(), ("a",), ("b",)])
@pytest.mark.parametrize("cheap", ["a", "b"])
def test_channels_that_name_no_risk_group_stay_alternates(named: tuple[str, ...], cheap: str) -> None:
    """Nobody said that they share nothing, whichever of them is first."""
    views = tuple(view(name, risk_groups=TOWER if name in named else (name,), fee_fen=float(name != cheap)) for name in ("a", "b"))
    one = story(Priority.P0, waiting(1, "a", 0), waiting(2, "b", 0), views=views, rungs=(rung("a", "b"),))
    one.turn()
    assert 1 == list(one.states.values()).count(S.READY)


def test_two_stations_on_one_frequency_stay_alternates() -> None:
    """Each on its own hill: a second copy would take the airtime of somebody's first."""
    views = (view("r1", risk_groups=("hill:1",), medium="vhf"), view("r2", risk_groups=("hill:2",), medium="vhf"))
    one = story(Priority.P0, waiting(1, "r1", 0), waiting(2, "r2", 0), views=views, rungs=(rung("r1", "r2"),))
    one.turn()
    assert 1 == list(one.states.values()).count(S.READY)


# P3 and P4: the cheap one.

CHEAP, SATELLITE = view("sms", risk_groups=TOWER), view("sat", risk_groups=OTHER, scarce=True)


@pytest.mark.parametrize("priority", [Priority.P3, Priority.P4])
def test_routine_traffic_waits_rather_than_use_what_is_scarce(priority: Priority) -> None:
    """The telephone network is down and the satellite is up: it waits, says for what, and goes when the network is back."""
    views = (msgspec.structs.replace(CHEAP, health=Health.DOWN), SATELLITE)
    one = story(priority, waiting(1, "sms", 0), waiting(2, "sat", 1), views=views)
    one.turn()
    assert ({1: S.HELD, 2: S.HELD}, f"{BACK}sat is scarce, and sms is waited for") == (one.states, one.deliveries[2].reason)
    one.later(3000)
    assert {1: S.HELD, 2: S.HELD} == one.states
    one.turn(situation=situation(CHEAP, SATELLITE))
    assert {1: S.READY, 2: S.HELD} == one.states


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P1, Priority.P2])
def test_what_is_more_urgent_uses_what_is_scarce(priority: Priority) -> None:
    """That is what it is kept for."""
    one = story(priority, waiting(1, "sms", 0), waiting(2, "sat", 1), views=(msgspec.structs.replace(CHEAP, health=Health.DOWN), SATELLITE))
    one.turn()
    assert S.READY is one.states[2]


@pytest.mark.parametrize("cheap", [{"admin": Admin.DISABLED}, {"scarce": True}])
def test_where_nothing_cheap_can_come_back_the_scarce_one_is_used(cheap: dict[str, object]) -> None:
    """Switched off by a person, or scarce as well: nothing is waited for."""
    views = (msgspec.structs.replace(CHEAP, health=Health.DOWN, **cheap), SATELLITE)
    one = story(Priority.P4, waiting(1, "sms", 0), waiting(2, "sat", 1), views=views)
    one.turn()
    assert S.READY is one.states[2]


def test_a_cheap_way_that_failed_is_not_waited_for() -> None:
    """The number does not exist: the satellite is the only way there is."""
    failed = delivery(1, "sms", state=S.FAILED, tries=1, reason="recipient no-such-number")
    one = story(Priority.P3, failed, waiting(2, "sat", 1), views=(CHEAP, SATELLITE))
    one.turn()
    assert S.READY is one.states[2]


def test_a_cheap_way_whose_number_was_refused_is_not_waited_for() -> None:
    """The other centre would refuse it too: nobody tries it, and nobody waits for it."""
    failed = delivery(1, "sms", state=S.FAILED, tries=1, reason="recipient no-such-number", address="+86")
    other = delivery(2, "lte", address="+86")
    one = story(Priority.P3, failed, other, waiting(3, "sat", 1), views=(CHEAP, LTE, SATELLITE), rungs=(rung("sms", "lte"), rung("sat")))
    one.turn()
    assert {1: S.FAILED, 2: S.HELD, 3: S.READY} == one.states


# In time.

RUNNER = view("runner", risk_groups=("road",), latency_q95_s=3600.0)


def test_a_way_that_takes_longer_than_the_deadline_waits_for_those_that_do_not() -> None:
    """A runner of an hour is no hedge for a deadline of five minutes; he goes when nobody else is left."""
    views = (SMS, RUNNER, RADIO)
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 200), waiting(2, "runner", 1), waiting(3, "r", 2), views=views)
    one.later(Q95_S)
    assert {1: S.AWAITING, 2: S.HELD, 3: S.READY} == one.states
    assert (
        f"{BACK}it would take 3600 s (0 s of others first, 0 s on the air, 3600 s on the way), and the deadline is in 270 s; sms may do"
        == one.deliveries[2].reason
    )
    for key in (1, 3):
        one.change(key, lambda way: msgspec.structs.replace(way, state=S.FAILED, tries=1, reason="channel gone"))
    one.turn()
    assert S.READY is one.states[2]


def test_after_the_deadline_no_way_is_late() -> None:
    """Trying goes on until the message expires, by whatever there is."""
    views = (SMS, RUNNER)
    one = story(Priority.P1, awaiting(1, "sms", until=NOW + 2000), waiting(2, "runner", 1), views=views)
    step = one.later(299)
    assert (S.HELD, NOW + 300) == (one.states[2], step.target.wake_at)
    one.later(1)
    assert S.READY is one.states[2]


LONG = Load(airtime_s=5.0, ahead_s=450.0, latency_q95_s=Q95_S)


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P2, Priority.P3, Priority.P4])
def test_a_way_with_a_long_queue_waits_for_the_free_one(priority: Priority) -> None:
    """Seven minutes of others wait for the radio and the deadline is in five: the telephone goes, and the radio when that has failed."""
    one = story(priority, waiting(1, "r", 0), waiting(2, "sms", 1), views=(RADIO, SMS))
    one.turn(loads={"r": LONG})
    assert ({1: S.HELD, 2: S.READY}, True) == (one.states, one.deliveries[1].reason.endswith("the deadline is in 300 s; sms may do"))
    said = one.deliveries[1].reason
    one.later(1)
    assert said == one.deliveries[1].reason, "a second less is no news"
    one.change(2, lambda way: msgspec.structs.replace(way, state=S.FAILED, tries=1, reason="channel gone"))
    one.turn()
    assert S.READY is one.states[1]


def test_life_safety_waits_for_no_forecast() -> None:
    """P0 tries whatever is said of it, the content's end too."""
    one = story(Priority.P0, waiting(1, "r", 0), waiting(2, "sms", 0), views=(RADIO,), rungs=(rung("r", "sms"),))
    one.turn(loads={"r": Load(ahead_s=1e6)})
    assert S.READY is one.states[1]


@pytest.mark.parametrize("rungs", [(rung("r"), rung("sms")), (rung("r", "sms"),)])
def test_what_waits_for_its_turn_until_it_is_late_is_not_hoped_for(rungs: tuple[Rung, ...]) -> None:
    """The radio was free, and then more urgent traffic came: when it could not be confirmed in time any more the telephone goes too."""
    views = (RADIO, msgspec.structs.replace(SMS, fee_fen=9.0))
    one = story(Priority.P2, waiting(1, "r", 0), waiting(2, "sms", len(rungs) - 1), views=views, rungs=rungs)
    loads = {"r": msgspec.structs.replace(LONG, ahead_s=0.0)}
    step = one.turn(loads=loads)
    assert {1: S.READY, 2: S.HELD} == one.states
    assert step.target.wake_at == pytest.approx(NOW + 300 - Q95_S - 5, abs=0.01)
    one.turn(now=NOW + 264)
    assert {1: S.READY, 2: S.HELD} == one.states
    assert step.target.wake_at is not None
    one.turn(now=step.target.wake_at)
    assert {1: S.READY, 2: S.READY} == one.states


def test_what_is_late_in_its_queue_is_waited_for_where_nothing_is_quicker() -> None:
    """A second copy that is late as well is no help."""
    views = (RADIO, msgspec.structs.replace(SMS, health=Health.DOWN), RUNNER)
    one = story(Priority.P2, waiting(1, "r", 0), waiting(2, "sms", 1), waiting(3, "runner", 2), views=views)
    one.turn()
    one.turn(now=NOW + 280)
    assert {1: S.READY, 2: S.HELD, 3: S.HELD} == one.states


def test_routine_traffic_waits_for_its_turn_rather_than_for_what_is_scarce() -> None:
    """The satellite would be in time: nobody waits for it, and it waits for nobody."""
    one = story(Priority.P3, waiting(1, "sms", 0), waiting(2, "sat", 1), views=(CHEAP, SATELLITE))
    one.turn(loads={"sms": LONG})
    assert {1: S.READY, 2: S.HELD} == one.states


# Whatever the ladder.

GROUPS = st.lists(st.sampled_from([TOWER, OTHER, ("mains",), ("mains", "cell:opA")]), min_size=3, max_size=3)
TIMES = st.sampled_from([10.0, 30.0, 4000.0])
MODES = st.lists(st.sampled_from(RungMode), min_size=3, max_size=3)


@settings(deadline=None)
@given(
    groups=GROUPS,
    modes=MODES,
    priority=st.sampled_from(Priority),
    loads=st.lists(st.builds(Load, ahead_s=st.sampled_from([0.0, 280.0, 9000.0]), latency_q95_s=TIMES), min_size=3, max_size=3),
    scarce=st.lists(st.booleans(), min_size=3, max_size=3),
    fails=st.permutations([1, 2, 3]),
)
def test_nothing_that_could_go_is_left_standing_when_all_else_has_failed(
    groups: list[tuple[str, ...]],
    modes: list[RungMode],
    priority: Priority,
    loads: list[Load],
    scarce: list[bool],
    fails: list[int],
) -> None:
    """Standing back never loses a way: with all channels up every one of them has been tried by the time all have failed."""
    views = tuple(view(f"c{n}", risk_groups=groups[n], latency_q95_s=loads[n].latency_q95_s, scarce=scarce[n]) for n in range(3))
    rungs = tuple(rung(f"c{n}", mode=modes[n]) for n in range(3))
    one = story(priority, *(waiting(n + 1, f"c{n}", n) for n in range(3)), views=views, rungs=rungs)
    one.turn(loads={f"c{n}": loads[n] for n in range(3)})
    for _ in range(4):
        for key in fails:
            if one.states[key] is S.READY:
                one.emit(key)
                one.change(key, lambda way: msgspec.structs.replace(way, state=S.FAILED, reason="channel gone"))
        one.turn()
    assert {S.FAILED} == set(one.states.values())
    assert all(one.reason != Hold.CHANNEL for one in one.deliveries.values())
