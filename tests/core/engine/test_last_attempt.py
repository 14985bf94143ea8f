"""P0 overrides breakers: one last attempt for each delivery and outage, an alarm, and never a circle."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.advance import MAX_REPEATS
from fenghuo.engine.channels import Instance
from fenghuo.engine.frame import Step
from fenghuo.engine.last_attempt import CUT_OFF
from fenghuo.engine.rules import Escalation
from fenghuo.engine.settling import settle
from fenghuo.model.delivery import DeliveryState, Hold, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Priority
from fenghuo.plugin.ports import Capabilities, Doubt, Emission
from tests.core.engine.house import CAPABILITIES, RULES, House, opened
from tests.core.engine.values import NOW, Story, delivery, frame, objective, rung, situation, view

S = DeliveryState
DEAD = Transient(Scope.CHANNEL, "link-lost")
P0 = Priority.P0


def story(*views: ChannelView, priority: Priority = P0) -> Story:
    """Two telephone centres in one rung and a radio behind them."""
    plan = [delivery(1, "a"), delivery(2, "b"), delivery(3, "r", rung=1)]
    at = frame(rung("a", "b"), rung("r"), objective=objective(priority=priority), situation=situation(*views))
    return Story(*(msgspec.structs.replace(one, priority=priority) for one in plan), at=at)


def down(*names: str) -> list[ChannelView]:
    return [view(name, health=Health.DOWN if name in names else Health.UP) for name in ("a", "b", "r")]


def fail(told: Story, key: int) -> None:
    """The dispatcher took it, and the channel could not even begin."""
    told.change(key, lambda one: settle(one, DEAD, needed=Evidence.DEVICE, now=told.frame.now, view=None))
    told.turn()


def test_a_p0_gets_a_last_attempt_where_all_are_down() -> None:
    """The best of each rung goes although its channel is down, and says so."""
    told = story(*down("a", "b", "r"))
    step = told.turn()
    going = [one for one in told.deliveries.values() if one.state is S.READY]
    assert (True, {"last"}, [0, 1]) == (step.cut_off, {one.reason for one in going}, [one.rung for one in going])


def test_every_channel_of_a_rung_has_its_last_attempt_and_then_it_is_over() -> None:
    """The alternates one after the other; what has failed stays held however much time goes by."""
    told = story(*down("a", "b", "r"))
    told.turn()
    tried = []
    while going := [key for key, state in told.states.items() if state is S.READY]:
        tried += going
        for key in going:
            fail(told, key)
        told.later(400.0)
    assert ([1, 2, 3], {Hold.SPENT}) == (sorted(tried), {one.reason for one in told.deliveries.values()})
    before = dict(told.deliveries)
    told.later(4_000.0)
    assert before == told.deliveries


def test_whoever_is_up_goes_before_a_last_attempt() -> None:
    """With one centre of a rung up the other is not bothered, and nobody is alarmed."""
    told = story(*down("a"))
    step = told.turn()
    assert (False, {1: S.HELD, 2: S.READY, 3: S.READY}) == (step.cut_off, told.states)


def test_a_channel_that_is_down_has_its_turn_when_the_one_beside_it_brought_nothing() -> None:
    """The centre that is up took it and nobody confirms, on the air neither: then the dead one is worth its attempt."""
    told = story(*down("b"))
    told.turn()
    for key in (1, 3):
        told.change(key, lambda one: msgspec.structs.replace(one, state=S.AWAITING, tries=1, refires=MAX_REPEATS, until=NOW + 30))
    told.later(29)
    before = told.states[2]
    told.later(1)
    assert (S.HELD, S.READY, "last") == (before, told.states[2], told.deliveries[2].reason)


def test_a_p0_that_its_channel_does_not_reach_goes_once_all_the_same_and_the_deputy_is_asked() -> None:
    """The radio's base station is cut off and nothing else is left: one attempt, an alarm that lasts, the next person at once; after it the
    channel is asked and nothing is on the air, until it reaches them."""
    told = story(*down("a", "b"))
    told.turn(escalate=(Escalation(600.0, "deputy"), Escalation(900.0, "person:li")))
    cut = Transient(Scope.WAY, "site-direct-mode", 60.0)

    def refused(outcome: Outcome) -> Step:
        told.change(3, lambda one: settle(one, outcome, needed=Evidence.DEVICE, now=told.frame.now, view=None))
        return told.turn()

    for key in (1, 2):
        told.change(key, lambda one: msgspec.structs.replace(one, state=S.FAILED, reason="recipient bad-number"))
    step = refused(cut)
    assert (S.READY, CUT_OFF, True, ["deputy"]) == (told.deliveries[3].state, told.deliveries[3].reason, step.cut_off, told.asked)
    told.emit(3)
    assert told.turn().cut_off, "while it is on the air too"
    refused(Transient(Scope.RECIPIENT, "no-ack", 30.0))
    for _ in range(3):
        assert (S.HELD, Hold.WAY) == (told.deliveries[3].state, told.deliveries[3].reason)
        assert told.later(60.0).cut_off
        assert (S.READY, Hold.WAY, 1) == (told.deliveries[3].state, told.deliveries[3].reason, told.deliveries[3].tries)
        assert refused(cut).cut_off
    told.later(60.0)
    told.emit(3)
    assert ("", False, ["deputy"]) == (told.deliveries[3].reason, told.turn().cut_off, told.asked)


@pytest.mark.parametrize(("others", "priority"), [(["r"], P0), (["a", "b"], Priority.P1)])
def test_a_way_that_is_cut_off_is_left_alone_while_another_is_hopeful_and_by_anybody_else(others: list[str], priority: Priority) -> None:
    """Only a P0 for which nothing is left overrides what a channel says of its reach."""
    told = story(*down(*(["b"] if others == ["r"] else others)), priority=priority)
    told.turn()
    told.change(3, lambda one: settle(one, Transient(Scope.WAY, "cut", 60.0), needed=Evidence.DEVICE, now=NOW, view=None))
    step = told.turn()
    assert (S.HELD, False) == (told.deliveries[3].state, step.cut_off)


@pytest.mark.parametrize("admin", [Admin.DISABLED, Admin.INHIBITED])
def test_what_a_person_or_a_mode_switched_off_stays_off(admin: Admin) -> None:
    """P0 overrides breakers, not decisions; that nothing is left is an alarm all the same."""
    told = story(*(view(name, health=Health.DOWN, admin=admin) for name in ("a", "b", "r")))
    assert (True, {S.HELD}) == (told.turn().cut_off, set(told.states.values()))


@pytest.mark.parametrize("priority", [level for level in Priority if level is not P0])
def test_nobody_else_overrides_a_breaker(priority: Priority) -> None:
    """P1 and below wait for a channel."""
    told = story(*down("a", "b", "r"), priority=priority)
    assert (False, {S.HELD}) == (told.turn().cut_off, set(told.states.values()))


def test_the_next_outage_brings_a_new_last_attempt() -> None:
    """What was spent is an ordinary delivery again as soon as its channel is back."""
    told = story(*down("a", "b", "r"))
    told.turn()
    for key in (1, 2, 3, 2, 1):
        if told.states[key] is S.READY:
            fail(told, key)
    told.turn(situation=situation(*down("a", "b")), now=NOW + 60)
    assert (S.READY, "") == (told.deliveries[3].state, told.deliveries[3].reason)
    told.turn(situation=situation(*down("a", "b", "r")))
    assert (S.READY, "last") == (told.deliveries[3].state, told.deliveries[3].reason)


def test_a_last_attempt_gives_way_to_an_alternate_that_is_back() -> None:
    """Still in the queue behind thousands, and the other centre of its rung is up again: that one goes."""
    told = story(*down("a", "b", "r"))
    told.turn()
    (first,) = [key for key in (1, 2) if told.states[key] is S.READY]
    told.turn(situation=situation(*down("ab"[first - 1], "r")))
    assert (S.HELD, S.READY, "") == (told.states[first], told.states[3 - first], told.deliveries[3 - first].reason)


def test_a_last_attempt_that_is_no_longer_one_goes_as_any_other() -> None:
    """The channel came back before the attempt was taken."""
    told = story(*down("a", "b", "r"))
    told.turn()
    told.turn(situation=situation(*down("a", "b")))
    assert (S.READY, "") == (told.deliveries[3].state, told.deliveries[3].reason)


@pytest.mark.parametrize("state", [MessageState.CANCELLED, MessageState.EXPIRED])
def test_what_is_over_has_no_last_attempt(state: MessageState) -> None:
    """No byte after the end, for nobody's sake, and no alarm for what has ended."""
    told = story(*down("a", "b", "r"))
    told.turn()
    step = told.turn(message_state=state)
    assert (False, False) == (step.cut_off, S.READY in told.states.values())


# In the engine.


async def test_a_p0_tries_a_dead_channel_once_and_a_person_is_told(tmp_path: Path) -> None:
    """One attempt on each channel, one alarm, then quiet; and the moment a channel is back, it goes."""
    async with opened(tmp_path) as house:
        await dark(house)
        for name in ("a", "r"):
            house.channel[name].outcomes.extend([DEAD] * 50)
        await house.order("wang", priority="P0")
        for _ in range(11):
            await house.later(10.0)
        assert ["a", "r"] == sorted(mail.channel for mail in house.sent)
        assert ["wang"] == [event["recipient"] for event in await house.events("alarm.all_channels_down")]
        house.channel["a"].outcomes.clear()
        house.up("a")
        await house.settle()
        assert ["a"] == [mail.channel for mail in house.sent[2:]]


async def test_a_last_attempt_that_gets_through_brings_its_channel_back(tmp_path: Path) -> None:
    """Begun after the breaker had opened, so it proves the path: probation, and the rest may follow."""
    async with opened(tmp_path) as house:
        await dark(house)
        await house.order("wang", via=["a"], priority="P0")
        assert (["a"], Health.PROBATION) == ([mail.channel for mail in house.sent], instance(house, "a").health.state)


async def test_last_attempts_go_one_after_the_other(tmp_path: Path) -> None:
    """Ten people at P0 over a dead channel are ten attempts at ten a second, not ten at once; and one alarm."""
    async with opened(tmp_path) as house:
        await dark(house)
        house.channel["a"].outcomes.extend([DEAD] * 50)
        await house.order("wang", "li", "huang", via=["a"], priority="P0")
        assert 1 == len(house.sent)
        await later_by_steps(house, 0.11, 5)
        assert 3 == len(house.sent)
        assert 1 == len(await house.events("alarm.all_channels_down"))


@pytest.mark.parametrize("scope", [Scope.RECIPIENT, Scope.MESSAGE])
async def test_a_passing_failure_is_tried_again_after_its_wait(tmp_path: Path, scope: Scope) -> None:
    """Another try comes by itself, not before its time, and is given up for the next rung when it goes on failing."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.extend([Transient(scope, "busy", retry_after_s=5.0), Permanent(scope, "no")])
        await house.order("wang")
        await house.later(4.0)
        assert ["a"] == [mail.channel for mail in house.sent]
        await later_by_steps(house, 1.1, 1)
        house.room.dispatcher.offer(())
        await house.settle()
        assert ["a", "a", "r"] == [mail.channel for mail in house.sent]


async def test_a_channel_that_is_not_even_started_spends_its_last_attempt(tmp_path: Path) -> None:
    """There is nothing to try; the alternate of its rung has its turn."""
    rules = RULES.replace('channels = ["a"]', 'channels = ["a", "b"]')
    capable = Capabilities(form="sms", evidence_max=Evidence.DEVICE)
    async with opened(tmp_path, rules=rules, b=capable) as house:
        await dark(house)
        house.down("b")
        await house.settle()
        instance(house, "a").channel = lambda: None
        house.channel["b"].outcomes.append(DEAD)
        await house.order("wang", via=["a", "b"], priority="P0")
        await later_by_steps(house, 0.2, 3)
        assert (["b"], ["spent", "spent"]) == ([mail.channel for mail in house.sent], [one.reason for one in await house.deliveries()])


async def test_a_channel_that_works_has_no_last_attempts(tmp_path: Path) -> None:
    """An ordinary P0 goes over every rung at once and alarms nobody."""
    async with opened(tmp_path) as house:
        house.channel["a"].outcomes.append(Reached(Evidence.ACCEPTED))
        await house.order("wang", priority="P0")
        assert (["a", "r"], []) == (sorted(mail.channel for mail in house.sent), await house.events("alarm.%"))


async def test_a_black_hole_gets_one_last_attempt_of_everybody(tmp_path: Path) -> None:
    """It takes everything without a word: four people at P0 have one each, and nobody a second one at another's cost."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)) as house:
        await dark(house)
        house.channel["a"].outcomes.extend([Unknown("timeout")] * 100)
        for name in ("wang", "li", "huang", "wang"):
            await house.order(name, via=["a"], priority="P0")
        await later_by_steps(house, 5.0, 20)
        assert (4, {1}) == (len(house.sent), {mail.n for mail in house.sent})
        assert {(S.HELD, Hold.SPENT)} == {(one.state, one.reason) for one in await house.deliveries()}
        house.channel["a"].outcomes.clear()
        house.up("a")
        await later_by_steps(house, 1.0, 5)
        assert ([2] * 4, {S.AWAITING}) == ([mail.n for mail in house.sent[4:]], {one.state for one in await house.deliveries()})


async def test_a_crash_in_a_last_attempt_brings_no_second_one(tmp_path: Path) -> None:
    """The doubt remembers that it was one."""
    async with opened(tmp_path, a=msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)) as house:
        await dark(house)
        house.channel["a"].during = _never
        await house.order("wang", via=["a"], priority="P0")
        assert 1 == len(house.sent)
    capable = msgspec.structs.replace(CAPABILITIES["a"], doubt=Doubt.IDEMPOTENT)
    async with opened(tmp_path, clock=house.clock, up=False, before=lambda again: again.down("a"), a=capable) as again:
        await later_by_steps(again, 5.0, 20)
        assert ([], [Hold.SPENT]) == (again.sent, [one.reason for one in await again.deliveries()])


@pytest.mark.parametrize("outcome", [Unknown("timeout"), Transient(Scope.MESSAGE, "full"), Transient(Scope.RECIPIENT, "busy"), DEAD])
def test_a_last_attempt_is_spent_by_whatever_becomes_of_it(outcome: Outcome) -> None:
    """But by success and by what is final: those end it."""
    told = story(*(msgspec.structs.replace(one, doubt="idempotent") for one in down("a", "b", "r")))
    told.turn()
    for _ in range(3):
        for key in [key for key, state in told.states.items() if state is S.READY]:
            told.change(key, lambda one: settle(one, outcome, needed=Evidence.DEVICE, now=told.frame.now, view=None))
        told.later(400.0)
        told.later(400.0)
    assert {(S.HELD, Hold.SPENT)} == {(one.state, one.reason) for one in told.deliveries.values()}


def test_a_doubt_of_a_last_attempt_forgets_it_when_its_channel_is_back() -> None:
    """It waits out its pace on a channel that is up; the outage after that is another."""
    ways = [msgspec.structs.replace(one, doubt="idempotent") for one in down("a", "b", "r")]
    told = story(*ways)
    told.turn()
    told.change(3, lambda one: settle(one, Unknown("timeout"), needed=Evidence.DEVICE, now=NOW, view=None))
    told.change(3, lambda one: msgspec.structs.replace(one, not_before=NOW + 20, until=NOW + 40))
    told.turn(situation=situation(*(msgspec.structs.replace(one, health=Health.UP) for one in ways)))
    told.turn(situation=situation(*ways))
    told.later(60)
    assert (S.READY, "last") == (told.deliveries[3].state, told.deliveries[3].reason)


async def _never(emission: Emission) -> None:
    await asyncio.Event().wait()


async def dark(house: House) -> None:
    house.down("a")
    house.down("r")
    await house.settle()


async def later_by_steps(house: House, seconds: float, steps: int) -> None:
    for _ in range(steps):
        await house.later(seconds)
        house.room.dispatcher.offer(())  # the dispatcher's own timer runs on the loop's clock, which stands still here
        await house.settle()


def instance(house: House, name: str) -> Instance:
    found = house.room.board.get(name)
    assert found is not None
    return found
