"""Which alternates of a rung begin: of a P0 the best, and beside it the best of those that share nothing with it, whatever is installed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.confidence import is_disjoint
from fenghuo.engine.last_attempt import LAST
from fenghuo.engine.planning import best_first
from fenghuo.model.delivery import Delivery, DeliveryState, Hold
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority
from tests.core.engine.values import NOW, Story, delivery, frame, objective, rung, situation, target, view

S = DeliveryState
TOWER, ROOF = ("cell:opA",), ("roof:hq",)
NAMES = ("app", "lte", "r", "sms")


@pytest.mark.parametrize("names", [("lte", "r", "sms"), ("sms", "r", "lte")])
def test_of_two_that_fail_together_life_safety_takes_the_healthier_beside_the_first(names: tuple[str, ...]) -> None:
    """Whatever comes first in the file: the one in doubt would take the place of the sound one."""
    views = (
        view("r", risk_groups=ROOF, fee_fen=0.0),
        view("sms", risk_groups=TOWER, fee_fen=9.0),
        view("lte", risk_groups=TOWER, fee_fen=9.0, health=Health.SUSPECT),
    )
    told = _story(Priority.P0, names, views)
    told.turn()
    assert {"r", "sms"} == {way.channel for way in told.deliveries.values() if way.state is S.READY}


def test_a_way_of_life_safety_that_fails_is_replaced_over_its_own_risk_group() -> None:
    """The radio carries it meanwhile, and that is one way where there can be two; a way in doubt keeps its place."""
    one = _story(
        Priority.P0, ("r", "lte", "sms"), (view("r", risk_groups=ROOF), view("sms", risk_groups=TOWER), view("lte", risk_groups=TOWER))
    )
    one.turn()
    one.change(1, lambda way: msgspec.structs.replace(way, state=S.AWAITING, tries=1, until=NOW + 90))
    one.change(3, lambda way: msgspec.structs.replace(way, state=S.HELD))
    one.change(2, lambda way: msgspec.structs.replace(way, state=S.IN_DOUBT, tries=1, not_before=NOW + 90))
    one.turn()
    assert {1: S.AWAITING, 2: S.IN_DOUBT, 3: S.HELD} == one.states
    one.change(2, lambda way: msgspec.structs.replace(way, state=S.FAILED, tries=1, reason="channel http-410"))
    one.turn()
    assert {1: S.AWAITING, 2: S.FAILED, 3: S.READY} == one.states
    one.later(1)
    assert {1: S.AWAITING, 2: S.FAILED, 3: S.READY} == one.states, "the next look changes nothing"


def test_what_gives_way_on_one_rung_leaves_its_risk_group_to_another_rung_in_the_same_look() -> None:
    """A last attempt over the tower waits on the second rung, and gives way to the satellite there; over the tower the app is up again, and
    the radio beside it carries the order already. Nothing more happens by itself, so that the next look may be long after."""
    views = (
        view("r", risk_groups=ROOF),
        view("app", risk_groups=TOWER),
        view("sms", risk_groups=TOWER, health=Health.DOWN),
        view("lte", risk_groups=("sat:tt1",)),
    )
    ways = (delivery(key, name, rung=index) for key, (name, index) in enumerate({"r": 0, "app": 0, "sms": 1, "lte": 1}.items(), 1))
    of_all = objective(priority=Priority.P0)
    one = Story(
        *(msgspec.structs.replace(way, priority=Priority.P0) for way in ways),
        of=msgspec.structs.replace(target(), rung=2, rung_at=NOW),
        at=frame(rung("r", "app"), rung("sms", "lte"), objective=of_all, situation=_seen(views)),
    )
    one.change(1, lambda way: msgspec.structs.replace(way, state=S.AWAITING, tries=1, until=NOW + 90))
    one.change(2, lambda way: msgspec.structs.replace(way, state=S.HELD, reason=Hold.CHANNEL))
    one.change(3, lambda way: msgspec.structs.replace(way, state=S.READY, reason=LAST))
    one.change(4, lambda way: msgspec.structs.replace(way, state=S.HELD, reason=Hold.CHANNEL))
    one.turn()
    assert {1: S.AWAITING, 2: S.READY, 3: S.HELD, 4: S.READY} == one.states
    assert () == one.turn().changed


HEALTHS = st.sampled_from([Health.UP, Health.SUSPECT, Health.SUSPECT, Health.DOWN])
VIEWS = st.tuples(
    *(
        st.builds(
            view,
            st.just(name),
            health=HEALTHS,
            admin=st.sampled_from([*[Admin.ENABLED] * 5, Admin.DISABLED]),
            risk_groups=st.sampled_from([TOWER, ROOF, TOWER + ROOF, (name,)]),
            medium=st.sampled_from([name, name, "vhf"]),
            fee_fen=st.sampled_from([0.0, 5.0]),
            scarce=st.booleans(),
            unsteady=st.booleans(),
        )
        for name in NAMES
    )
)
GONE = st.sets(st.sampled_from(NAMES), max_size=2)
WAYS = st.tuples(*(st.tuples(st.sampled_from(S), st.sampled_from([*Hold, "stands back: "]), st.integers(0, 2)) for _ in NAMES))


@given(priority=st.sampled_from(Priority), views=VIEWS, gone=GONE, names=st.permutations(NAMES), ways=WAYS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_installed_a_look_comes_to_its_end(
    priority: Priority, views: tuple[ChannelView, ...], gone: set[str], names: list[str], ways: tuple[tuple[DeliveryState, str, int], ...]
) -> None:
    """A way may be planned over a channel that has been taken out of the settings, or over none that is installed at all."""
    left = tuple(one for one in views if one.name not in gone)
    told = _story(priority, tuple(names), left)
    for key, (state, reason, tries) in enumerate(ways, 1):
        told.change(key, lambda way, state=state, reason=reason, tries=tries: _in(way, state, reason, tries))  # type: ignore[misc]
    told.turn()
    told.turn(situation=_seen(left[1:]))
    told.turn(situation=_seen(()))


@given(
    healths=st.tuples(*[HEALTHS] * len(NAMES)),
    groups=st.tuples(*[st.sampled_from([TOWER, ROOF])] * len(NAMES)),
    names=st.permutations(NAMES),
)
@settings(max_examples=150, deadline=None)
def test_no_better_alternate_waits_that_could_stand_in_the_place_of_one_that_goes(
    healths: tuple[Health, ...], groups: tuple[tuple[str, ...], ...], names: list[str]
) -> None:
    """Of a P0: the best of all goes, and of the others whoever shares nothing with those ranked before it that go."""
    installed = {name: view(name, health=health, risk_groups=group) for name, health, group in zip(NAMES, healths, groups, strict=True)}
    told = _story(Priority.P0, tuple(names), tuple(installed.values()))
    told.turn()
    usable = tuple(name for name in names if name in installed and installed[name].is_usable)
    order = best_first(usable, told.frame.situation, told.target.recipient)
    goes = {way.channel for way in told.deliveries.values() if way.state is S.READY and way.reason == ""}
    for place, name in enumerate(order):
        before = [installed[one] for one in order[:place] if one in goes]
        assert (name in goes) == all(_share_nothing(installed[name], one) for one in before)


def _share_nothing(one: ChannelView, other: ChannelView) -> bool:
    """What the settings say: a channel that names no group but itself says nothing of what it shares."""
    is_said = all(set(view.risk_groups) - {view.name} for view in (one, other))
    return is_said and is_disjoint(one, other) and one.medium != other.medium


def _in(way: Delivery, state: DeliveryState, reason: str, tries: int) -> Delivery:
    return msgspec.structs.replace(way, state=state, reason=reason if state is S.HELD else "", tries=tries)


def _story(priority: Priority, names: tuple[str, ...], views: tuple[ChannelView, ...]) -> Story:
    """One person, and alternates on one rung; nothing has begun."""
    ways = (delivery(key, name, priority=priority) for key, name in enumerate(names, 1))
    return Story(*ways, at=frame(rung(*names), objective=objective(priority=priority), situation=_seen(views)))


def _seen(views: tuple[ChannelView, ...]) -> Situation:
    """What is installed, also where that is nothing."""
    return msgspec.structs.replace(situation(), channels=views)
