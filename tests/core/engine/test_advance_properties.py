"""Any order of facts: what must hold of a target whatever happens (I3, and one copy at a time)."""

from __future__ import annotations

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fenghuo.engine.settling import receipted, settle
from fenghuo.model.delivery import (
    TERMINAL_STATES,
    Delivery,
    DeliveryState,
    Outcome,
    Permanent,
    Reached,
    Scope,
    TargetState,
    Transient,
    Unknown,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from fenghuo.model.situation import Health, Situation
from fenghuo.model.traffic import Priority
from tests.core.engine.values import Story, delivery, frame, objective, rung, situation, view

S = DeliveryState
NAMES = ("a", "b", "r")
OUTCOMES = st.one_of(
    st.sampled_from([Reached(level) for level in Evidence if level is not Evidence.STORED]),
    st.builds(Transient, st.sampled_from(Scope), st.just("busy"), st.sampled_from([None, 0.0, 5.0])),
    st.builds(Permanent, st.sampled_from(Scope), st.just("no")),
    st.just(Unknown("timeout")),
)


class Life(RuleBasedStateMachine):
    """One person, two telephones' centres in one rung and a radio behind them, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.health = dict.fromkeys(NAMES, Health.UP)
        self.doubt = "opaque"
        self.groups = {name: (name,) for name in NAMES}
        self.scarce = ""
        self.highest = Evidence.STORED
        self.ended: dict[int, DeliveryState] = {}
        self.story = Story()

    @rule(
        priority=st.sampled_from(Priority),
        doubt=st.sampled_from(["opaque", "idempotent", "queryable", "actuator"]),
        groups=st.tuples(*[st.sampled_from(["", "mast", "mains"])] * 3),
        scarce=st.sampled_from(["", *NAMES]),
    )
    @precondition(lambda self: not self.story.deliveries)
    def begin(self, priority: Priority, doubt: str, groups: tuple[str, ...], scarce: str) -> None:
        """A plan with alternates in the first rung; some of the channels fall together, one may be scarce."""
        self.doubt = doubt
        self.groups = {name: (group or name,) for name, group in zip(NAMES, groups, strict=True)}
        self.scarce = scarce
        self.priority = priority
        plan = (delivery(1, "a", priority=priority), delivery(2, "b", priority=priority), delivery(3, "r", rung=1, priority=priority))
        self.story = Story(*plan, at=frame(rung("a", "b"), rung("r"), objective=objective(priority=priority), situation=self._situation()))
        self.story.turn()

    @rule(seconds=st.sampled_from([0.0, 1.0, 2.0, 30.0, 400.0]))
    @precondition(lambda self: self.story.deliveries)
    def time_goes_by(self, seconds: float) -> None:
        self.story.later(seconds)

    @rule(name=st.sampled_from(NAMES), health=st.sampled_from(Health))
    @precondition(lambda self: self.story.deliveries)
    def a_channel_changes(self, name: str, health: Health) -> None:
        self.health[name] = health
        self.story.turn(situation=self._situation())

    @rule(key=st.sampled_from([1, 2, 3]), outcome=OUTCOMES)
    @precondition(lambda self: self.story.deliveries)
    def something_is_sent(self, key: int, outcome: Outcome) -> None:
        """The licence, the outcome, and a look at what that makes of it."""
        if self.story.states[key] is not S.READY:
            return
        assert self.story.frame.message_state is MessageState.ACTIVE
        self.story.emit(key)
        now, seen = self.story.frame.now, self.story.frame.situation.channel.get(NAMES[key - 1])
        self.story.change(key, lambda one: settle(one, outcome, needed=Evidence.DEVICE, now=now, view=seen))
        self.story.turn()

    @rule(key=st.sampled_from([1, 2, 3]), level=st.sampled_from(Evidence), refused=st.booleans())
    @precondition(lambda self: self.story.deliveries)
    def a_receipt_comes(self, key: int, level: Evidence, refused: bool) -> None:
        if not self.story.deliveries[key].tries:
            return
        failure = Permanent(Scope.RECIPIENT, "UNDELIV") if refused else None
        self.story.change(key, lambda one: receipted(one, level=None if refused else level, failure=failure, needed=Evidence.DEVICE))
        self.story.turn()

    @rule(state=st.sampled_from([MessageState.SUPERSEDED, MessageState.CANCELLED, MessageState.EXPIRED]))
    @precondition(lambda self: self.story.deliveries)
    def the_message_ends(self, state: MessageState) -> None:
        if self.story.frame.message_state is MessageState.ACTIVE:
            self.story.turn(message_state=state)

    @invariant()
    def evidence_never_falls(self) -> None:
        """I3, for the target."""
        assert self.highest <= self.story.target.evidence
        self.highest = self.story.target.evidence

    @invariant()
    def an_end_is_never_left(self) -> None:
        for key, state in self.ended.items():
            assert state is self.story.states[key]
        self.ended.update({key: state for key, state in self.story.states.items() if state in TERMINAL_STATES})

    @invariant()
    def nothing_is_ready_once_it_is_over(self) -> None:
        """Neither an ended message nor a closed target has anything left to send."""
        is_over = self.story.frame.message_state is not MessageState.ACTIVE or self.story.target.state is not TargetState.OPEN
        assert not (is_over and S.READY in self.story.states.values())

    @invariant()
    def a_rung_sends_once_at_a_time(self) -> None:
        """At most one alternate of a rung is READY or on the air; of a P0 several where no one failure takes two of them."""
        for index in (0, 1):
            live = [one.channel for one in self.story.deliveries.values() if one.rung == index and one.state in (S.READY, S.EMITTING)]
            groups = [group for name in live for group in self.groups[name]]
            assert len(live) <= 1 or (self.priority is Priority.P0 and len(set(groups)) == len(groups) and not set(groups) & set(NAMES))

    @invariant()
    def nobody_is_left_without_a_try(self) -> None:
        """While nothing is under way, nothing stands back; only a scarce way, of routine traffic, for another that waits."""
        story, usable = self.story, self._situation().channel
        if story.frame.message_state is not MessageState.ACTIVE or story.target.state is not TargetState.OPEN:
            return
        waits = [one for one in story.deliveries.values() if one.state is S.HELD]
        could = [one for one in waits if usable[one.channel].is_usable and one.not_before <= story.frame.now]
        if story.deliveries and self.priority >= Priority.P3 and len(waits) > 1:
            could = [one for one in could if one.channel != self.scarce]
        assert not could or any(self._is_under_way(one) for one in story.deliveries.values())

    @staticmethod
    def _is_under_way(one: Delivery) -> bool:
        return one.state in (S.READY, S.EMITTING, S.IN_DOUBT) or (one.state is S.AWAITING and one.until is not None)

    @invariant()
    def copies_are_few(self) -> None:
        """No chain of copies: three marked ones after doubts, or two repeats."""
        assert all(one.refires <= 3 for one in self.story.deliveries.values())

    @invariant()
    def a_look_without_news_changes_nothing(self) -> None:
        """advance() reaches its rest in one call."""
        if self.story.deliveries:
            assert () == self.story.turn().changed

    def _situation(self) -> Situation:
        views = (
            view(name, health=health, doubt=self.doubt, risk_groups=self.groups[name], scarce=name == self.scarce)
            for name, health in self.health.items()
        )
        return situation(*views)


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


def test_structures_are_values() -> None:
    """A step never changes what it was given: the book decides when to take it over."""
    one = delivery()
    story = Story(one)
    story.turn()
    assert msgspec.structs.replace(delivery()) == one
