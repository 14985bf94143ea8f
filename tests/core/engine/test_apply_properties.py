"""Stories of facts in any order: evidence never falls, and what was accepted is open or over."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.facts import (
    WITHDRAWN,
    ChannelObserved,
    ChannelReopened,
    ChannelSwitched,
    Denial,
    Fact,
    MessageEnded,
    Receipted,
    Settled,
)
from fenghuo.engine.health import Sign
from fenghuo.model.delivery import (
    TERMINAL_STATES,
    DeliveryState,
    ObjectiveState,
    Outcome,
    Permanent,
    Reached,
    Scope,
    Transient,
    Unknown,
)
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId, MessageState
from tests.core.engine.apply_bench import Bench
from tests.core.engine.house import CAPABILITIES

S = DeliveryState
ACTIVE, HELD = MessageState.ACTIVE, MessageState.HELD
TAKEN = Reached(Evidence.ACCEPTED, ("ref",))


# Whatever happens.

OUTCOMES = st.one_of(
    st.builds(Reached, st.sampled_from([level for level in Evidence if level is not Evidence.STORED])),
    st.builds(Transient, st.sampled_from(Scope), st.just("busy"), st.sampled_from([None, 0.0, 5.0])),
    st.builds(Permanent, st.sampled_from(Scope), st.just("no")),
    st.builds(Unknown, st.sampled_from(["timeout", WITHDRAWN])),
)
LEVELS = st.sampled_from([None, *Evidence])
SIGNS = st.tuples(st.sampled_from(["a", "r"]), st.sampled_from(list(Sign)))
KINDS = st.sampled_from(["send"] * 4 + ["receipt"] * 4 + ["late", "refusal", "wait", "wait", "sign", "deny", "end"])
Step = tuple[str, int, Outcome, Evidence | None, tuple[str, Sign]]
STORIES = st.lists(st.tuples(KINDS, st.integers(0, 5), OUTCOMES, LEVELS, SIGNS), min_size=4, max_size=25)


def facts_of(bench: Bench, step: Step) -> Iterator[Fact]:
    """What a step means at this moment; one that cannot happen now is no fact."""
    kind, which, *_, sign = step
    match kind:
        case "wait":
            bench.clock.now += (1, 30, 120)[which % 3]
            yield from (tell(name) for tell in (ChannelSwitched, ChannelReopened) for name in CAPABILITIES)
        case "sign":
            yield ChannelObserved(*sign, recipient="wang")
        case "end" if which == 5:
            yield MessageEnded(MessageId("M"), 1, MessageState.CANCELLED)
        case "end" | "deny":
            yield Denial(which, "no")
        case _:
            yield from _facts_of_delivery(bench, step)


def _facts_of_delivery(bench: Bench, step: Step) -> Iterator[Fact]:
    """For one of those deliveries to which it can happen."""
    kind, which, outcome, level, _ = step
    able = [one for one in bench.room.book.deliveries() if (one.state is S.READY if kind == "send" else one.tries)]
    if not able:
        return
    one, now = able[which % len(able)], bench.clock.now
    match kind:
        case "send":
            yield Settled(one.id, bench.begin(one.id), outcome, now, begun=True)
        case "late":
            yield Settled(one.id, one.tries - 1, outcome, now, begun=True)
        case "refusal":
            yield Receipted(one.id, one.channel, None, Permanent(Scope.RECIPIENT, "UNDELIV"), now)
        case _:
            yield Receipted(one.id, one.channel, level, None, now)


@settings(max_examples=100, deadline=None)
@given(STORIES)
def test_evidence_never_falls_and_an_end_is_never_left(steps: list[Step]) -> None:
    """I3, for deliveries, targets and objectives, in whatever order facts come; and what is written only ever says what the book says."""
    bench = Bench()
    rows = bench.order("wang", "shuang", needed="HUMAN")
    known: dict[object, Evidence] = {}
    ended: dict[int, DeliveryState] = {}
    for step in steps:
        rows = bench.feed(*facts_of(bench, step))
        levels: dict[object, Evidence] = {("delivery", key): one.evidence for key, one in rows.deliveries.items()}
        levels.update({key: one.evidence for key, one in rows.targets.items()})
        levels.update({("objective", key): one.evidence for key, one in rows.objectives.items()})
        for key, level in levels.items():
            assert known.get(key, Evidence.STORED) <= level
        known.update(levels)
        for number, one in rows.deliveries.items():
            assert ended.get(number, one.state) is one.state
            assert bench.room.book.delivery(number) in (None, one)
        ended.update({number: one.state for number, one in rows.deliveries.items() if one.state in TERMINAL_STATES})


@settings(max_examples=100, deadline=None)
@given(STORIES)
def test_whatever_happens_an_accepted_message_is_open_or_over(steps: list[Step]) -> None:
    """I1: as long as the objective is in the book something of it is open; when it leaves, it left by an end that was written."""
    bench = Bench()
    bench.order("wang", "shuang", needed="HUMAN")
    last = ObjectiveState.OPEN
    for step in steps:
        rows = bench.feed(*facts_of(bench, step))
        last = rows.objectives[1].state if 1 in rows.objectives else last
        opened = bench.room.book.objectives.get(1)
        if opened is None:
            assert last in (ObjectiveState.MET, ObjectiveState.MISSED, ObjectiveState.WAIVED)
        else:
            assert opened.targets
            assert opened.objective.met + opened.objective.ended < opened.objective.total
