"""Counting, in whatever order people are reached: nobody is counted twice, nobody is lost, and an objective ends once."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine.batch import Batch
from fenghuo.engine.book import Book, OpenMessage, OpenObjective, OpenTarget
from fenghuo.engine.office import Office
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.rules import RuleBook
from fenghuo.engine.tally import Tally, is_met
from fenghuo.model.delivery import ObjectiveState, Target, TargetState
from fenghuo.model.directory import Directory
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageState
from tests.core.engine.values import NOW, emitting, message, objective
from tests.core.store.rows import StillClock

T, S = TargetState, ObjectiveState
OPEN = (S.OPEN, S.AT_RISK)
ENDS = st.sampled_from([T.MET, T.COVERED, T.MISSED, T.WITHDRAWN])
LEVELS = st.sampled_from(Evidence)
PEOPLE = st.lists(st.tuples(ENDS, LEVELS), min_size=1, max_size=12)
RULES = st.sampled_from(["all", "any", "n:1", "n:3", "n:20"])


class Count:
    """One objective over so many people, and the tally that counts them."""

    def __init__(self, people: int, **changes: Any) -> None:
        self.book = Book()
        office = Office(node="node", clock=StillClock(NOW + 300), rules=RuleBook(), directory=Directory())
        self.tally = Tally(office, self.book, RenditionShelf({}))
        self.message = OpenMessage(message(), MessageState.ACTIVE)
        self.message.is_planned = True
        self.opened = OpenObjective(objective(**{"total": people, "planned": people, **changes}), self.message, (), ())
        self.book.add_message(self.message)
        self.book.add_objective(self.opened)
        for number in range(people):
            self.book.add_target(OpenTarget(Target(objective=1, recipient=f"p{number}"), self.opened))
        self.ends: list[str] = []
        self.marked: list[OpenTarget] = []

    def end(self, who: str, state: TargetState, level: Evidence = Evidence.STORED) -> OpenTarget:
        entry = self.opened.targets[who]
        entry.target = msgspec.structs.replace(entry.target, state=state, evidence=level)
        self.tally.finished(entry)
        return entry

    def close(self) -> Batch:
        """The end of a turn."""
        batch = Batch()
        self.tally.close(batch, self.marked.append)
        self.ends += [kind for kind, _, _ in batch.events if kind != "objective.progress"]
        return batch

    @property
    def counted(self) -> tuple[int, int]:
        return self.opened.objective.met, self.opened.objective.ended


def is_success(state: TargetState) -> bool:
    return state in (T.MET, T.COVERED)


@given(PEOPLE, RULES, st.data())
def test_an_objective_counts_everybody_once_in_whatever_order_and_turns(
    people: list[tuple[TargetState, Evidence]], rule: str, data: st.DataObject
) -> None:
    """Met and ended add up to those who finished; it ends once, when its rule is satisfied or nobody is left."""
    count = Count(len(people), ack_rule=rule)
    order = data.draw(st.permutations(range(len(people))))
    while order:
        turn, order = order[: (size := data.draw(st.integers(1, len(order))))], order[size:]
        for number in turn:
            count.end(f"p{number}", *people[number])
        count.close()
        done = [people[number] for number in range(len(people)) if number not in order]
        met = sum(is_success(state) for state, _ in done)
        assert (met, len(done) - met) == count.counted
        assert max(level for _, level in done) is count.opened.objective.evidence
        state = count.opened.objective.state
        assert (state is S.MET) == is_met(count.opened.objective)
        assert (state in OPEN) == bool(order and state is not S.MET)
    assert 1 == len(count.ends)
    assert {} == count.book.objectives


@given(PEOPLE)
def test_a_finished_target_is_counted_once_however_often_it_is_reported(people: list[tuple[TargetState, Evidence]]) -> None:
    """Two facts of one turn may both say that it is over, and a later one again."""
    count = Count(len(people))
    for number, end in enumerate(people):
        entry = count.end(f"p{number}", *end)
        count.tally.finished(entry)
        count.close()
        count.tally.finished(entry)
        count.close()
    assert len(people) == sum(count.counted)


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 5), ENDS), max_size=8))
def test_whoever_stands_in_is_never_counted_for_himself(total: int, stand_ins: list[tuple[int, TargetState]]) -> None:
    """A deputy's answer covers the one he stands in for, once that one is looked at; his silence costs nothing."""
    count = Count(total)
    for number, (of, state) in enumerate(stand_ins):
        name = f"deputy{number}"
        count.book.add_target(OpenTarget(Target(objective=1, recipient=name, covers=f"p{of}"), count.opened))
        count.end(name, state)
        count.close()
        assert (0, 0) == count.counted
    covered = {f"p{of}" for of, state in stand_ins if state is T.MET and of < total}
    assert covered == {name for name, entry in count.opened.targets.items() if entry.target.state is T.COVERED}
    assert covered == {entry.target.recipient for entry in count.marked}
    for entry in count.marked:
        count.tally.finished(entry)
    count.close()
    assert (len(covered), 0) == count.counted


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_recount_says_what_the_disk_says(met: int, ended: int, was_met: int, was_ended: int) -> None:
    """Whatever the count of before the crash was: the targets are the truth, and a difference is judged and written at once."""
    count = Count(6, met=was_met, ended=was_ended)
    for number in range(min(met + ended, 6)):
        count.book.close_target(count.opened.targets[f"p{number}"])
    count.tally.recounted(count.opened, met=met, ended=ended)
    batch = count.close()
    assert (met, ended) == count.counted
    is_wrong = (met, ended) != (was_met, was_ended)
    assert is_wrong == (1 in batch.objectives)
    if is_wrong:
        assert (S.MET if met >= 6 else S.MISSED if met + ended >= 6 else S.OPEN) is count.opened.objective.state


def test_a_fan_out_that_goes_on_is_no_end() -> None:
    """Everybody who was planned so far has ended, and most are not planned yet."""
    count = Count(2, total=10, planned=2)
    for who in ("p0", "p1"):
        count.end(who, T.MISSED)
    count.close()
    assert (S.OPEN, [], [1]) == (count.opened.objective.state, count.ends, list(count.book.objectives))


def test_what_is_met_lets_the_others_be_looked_at() -> None:
    """Any of three answered: the two others are marked, so that nobody is told for nothing."""
    count = Count(3, ack_rule="any")
    count.end("p1", T.MET)
    count.close()
    assert (True, ["p0", "p2"]) == (count.opened.closing, [entry.target.recipient for entry in count.marked])


def test_a_deadline_makes_a_risk_of_what_is_open_once() -> None:
    """One alarm; what is met, or at risk already, is no news."""
    count = Count(1)
    batch = Batch()
    for _ in range(2):
        count.tally.overdue(1, batch)
    assert (S.AT_RISK, ["alarm.objective_at_risk"]) == (batch.objectives[1].state, [kind for kind, _, _ in batch.events])
    count.end("p0", T.MET)
    count.close()
    later = Batch()
    count.tally.overdue(1, later)
    count.tally.overdue(99, later)
    assert (S.MET, False) == (count.opened.objective.state, bool(later))


def test_an_objective_at_risk_can_still_be_met_or_missed() -> None:
    """AT_RISK is open and late."""
    for end, state in ((T.MET, S.MET), (T.MISSED, S.MISSED)):
        count = Count(1)
        count.tally.overdue(1, Batch())
        count.end("p0", end)
        count.close()
        assert state is count.opened.objective.state


def test_a_target_on_the_air_keeps_its_objective_in_the_book() -> None:
    """The other one is done; this one's outcome is still to be written down."""
    count = Count(2, ack_rule="any")
    count.book.put(count.opened.targets["p1"], emitting(1))
    count.end("p0", T.MET)
    count.close()
    assert (S.MET, [1]) == (count.opened.objective.state, list(count.book.objectives))
    count.end("p1", T.WITHDRAWN)
    count.close()
    assert ({}, ["objective.met"]) == (count.book.objectives, count.ends)
