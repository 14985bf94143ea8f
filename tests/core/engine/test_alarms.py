"""The life of an alarm: every transition of console.md §4 in one table, the times, and random lives that keep its promises."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fenghuo.engine.alarm_kinds import AlarmKind, Owner, Words
from fenghuo.engine.alarms import (
    ASKED_S,
    DESIGNED_S,
    SHELF_S,
    acked,
    due_at,
    ended,
    lapsed,
    out_of_service,
    raised,
    raised_again,
    returned_to_service,
    shelved,
    state_of,
    unshelved,
)
from fenghuo.errors import FormatError
from fenghuo.model.alarm import Alarm, AlarmPriority, AlarmState, Held
from fenghuo.model.event import Event
from fenghuo.model.traffic import Traffic

NOW = 1_000_000.0
WORDS = Words("title", "consequence", "action")
POWER = AlarmKind(AlarmPriority.MEDIUM, Owner.DUTY, 300.0, WORDS, WORDS, ends=("power.changed state=mains",))
GRAVE = msgspec.structs.replace(POWER, priority=AlarmPriority.HIGH)
READ = msgspec.structs.replace(POWER, ends=())
"""One that nothing but a person ends."""


def event(seq: int = 7, at: float = NOW) -> Event:
    return Event(seq, at, "alarm.power", "power/ups", {})


def alarm(kind: AlarmKind = POWER, traffic: Traffic = Traffic.ACTUAL) -> Alarm:
    return raised(event(), kind, traffic)


def put(one: Alarm, at: float = NOW) -> Alarm:
    return shelved(one, "li", at, until=at + SHELF_S, why="检修")


IN: dict[str, Callable[[], Alarm]] = {
    "UNACKED": alarm,
    "ACKED": lambda: acked(alarm(), "li", NOW, kind=POWER),
    "RETURNED_UNACKED": lambda: ended(alarm(), NOW, POWER),
    "SHELVED": lambda: put(alarm()),
    "SUPPRESSED": lambda: alarm(traffic=Traffic.EXERCISE),
    "OUT_OF_SERVICE": lambda: out_of_service(alarm(), "li", NOW, "坏了"),
    "NORMAL": lambda: acked(ended(alarm(), NOW, POWER), "li", NOW, kind=POWER),
}
DEEDS: dict[str, Callable[[Alarm], Alarm]] = {
    "raised again": lambda one: raised_again(one, event(9, NOW + 1), POWER),
    "condition ends": lambda one: ended(one, NOW + 1, POWER),
    "acknowledged": lambda one: acked(one, "wang", NOW + 1, kind=POWER),
    "gone, says a person": lambda one: acked(one, "wang", NOW + 1, "看过了", kind=POWER, is_gone=True),
    "shelved": lambda one: put(one, NOW + 1),
    "unshelved": lambda one: unshelved(one, NOW + 1, POWER),
    "out of service": lambda one: out_of_service(one, "wang", NOW + 1, "换件"),
    "returned to service": lambda one: returned_to_service(one, NOW + 1, POWER),
    "two hours pass": lambda one: lapsed(one, NOW + SHELF_S + 1, POWER),
}
NO = "refused"
TABLE = """
                     | UNACKED          | ACKED          | RETURNED_UNACKED | SHELVED        | SUPPRESSED | OUT_OF_SERVICE | NORMAL
raised again         | UNACKED          | UNACKED        | UNACKED          | SHELVED        | SUPPRESSED | OUT_OF_SERVICE | -
condition ends       | RETURNED_UNACKED | NORMAL         | RETURNED_UNACKED | SHELVED        | NORMAL     | OUT_OF_SERVICE | NORMAL
acknowledged         | ACKED            | refused        | NORMAL           | refused        | SUPPRESSED | refused        | refused
gone, says a person  | NORMAL           | NORMAL         | NORMAL           | refused        | NORMAL     | refused        | refused
shelved              | SHELVED          | SHELVED        | SHELVED          | refused        | refused    | refused        | refused
unshelved            | refused          | refused        | refused          | UNACKED        | refused    | refused        | refused
out of service       | OUT_OF_SERVICE   | OUT_OF_SERVICE | OUT_OF_SERVICE   | OUT_OF_SERVICE | refused    | refused        | refused
returned to service  | refused          | refused        | refused          | refused        | refused    | UNACKED        | refused
two hours pass       | UNACKED          | ACKED          | RETURNED_UNACKED | UNACKED        | SUPPRESSED | OUT_OF_SERVICE | NORMAL
"""
"""Deed × state → state. What is over is not raised again: that is another alarm with another number."""


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]
    return [(row[0], state, after) for row in rows for state, after in zip(head[1:], row[1:], strict=True)]


def test_every_deed_leads_from_every_state_where_the_table_says() -> None:
    """Sixty-three cells: none is left out, and what is refused is refused with a sentence."""
    wrong = []
    for deed, state, wanted in cells():
        before = IN[state]()
        assert state == before.state == state_of(before)
        try:
            after = str(DEEDS[deed](before).state) if wanted != "-" else "-"
        except FormatError:
            after = NO
        if after != wanted:
            wrong.append((deed, state, wanted, after))
    assert [] == wrong
    assert {(deed, state) for deed in DEEDS for state in IN} == {(deed, state) for deed, state, _ in cells()}


def test_a_shelf_gives_back_what_is_there_by_then() -> None:
    """What has returned meanwhile waits for its acknowledgement, what was acknowledged before and has returned is over."""
    assert AlarmState.RETURNED_UNACKED == unshelved(ended(put(alarm()), NOW, POWER), NOW, POWER).state
    known = unshelved(ended(put(acked(alarm(), "li", NOW, kind=POWER)), NOW, POWER), NOW, POWER)
    assert (AlarmState.NORMAL, True) == (known.state, known.is_over)


def test_what_nothing_but_a_person_ends_is_over_when_it_is_acknowledged() -> None:
    """An answer that was read has no condition that could return."""
    read = acked(alarm(READ), "li", NOW + 40, "已回电", kind=READ)
    assert (AlarmState.NORMAL, True, "li", "已回电", NOW + 40) == (read.state, read.is_over, read.acked_by, read.comment, read.returned_at)


def test_a_high_one_is_shelved_by_two_persons_within_ten_minutes() -> None:
    """The first asks and it goes on calling; nobody is two persons, and a request that is too old is one no more."""
    asked = put(alarm(GRAVE))
    assert (AlarmState.UNACKED, "li", NOW + ASKED_S) == (asked.state, asked.held_by, asked.held_until)
    assert AlarmState.UNACKED == put(asked, NOW + 5).state
    joined = shelved(asked, "wang", NOW + 60, until=NOW + 120, why="同意")
    assert (AlarmState.SHELVED, "li", "wang", NOW + 60 + SHELF_S) == (joined.state, joined.held_by, joined.held_second, joined.held_until)
    forgotten = lapsed(asked, NOW + ASKED_S, GRAVE)
    assert ("", AlarmState.UNACKED) == (forgotten.held_by, shelved(forgotten, "wang", NOW + ASKED_S, until=NOW + 700, why="同意").state)


@pytest.mark.parametrize(("lasts_s", "why"), [(SHELF_S + 1, "检修"), (60.0, ""), (0.0, "检修")])
def test_a_shelf_takes_a_reason_and_at_most_two_hours(lasts_s: float, why: str) -> None:
    """Whoever says neither, or more, reads which."""
    with pytest.raises(FormatError, match="a reason, and a time of at most 2 h"):
        shelved(alarm(), "li", NOW, until=NOW + lasts_s, why=why)


def test_what_ends_within_its_on_delay_has_called_nobody() -> None:
    """It is over without a trace on any screen; what holds for the whole of it calls at its end, and its time to act begins there."""
    slow = msgspec.structs.replace(POWER, on_delay_s=30.0)
    waiting = raised(event(), slow, Traffic.ACTUAL)
    assert (AlarmState.NORMAL, False, NOW + 30) == (waiting.state, waiting.is_over, due_at(waiting))
    assert (True, 0.0) == ((gone := ended(waiting, NOW + 29, slow)).is_over, gone.raised_at)
    again = raised_again(waiting, event(8, NOW + 5), slow)
    called = lapsed(again, NOW + 30, slow)
    assert (AlarmState.UNACKED, 2, NOW + 30, NOW + 330) == (called.state, called.count, called.raised_at, called.respond_by)


def test_what_comes_back_within_its_off_delay_is_counted_and_does_not_call() -> None:
    """×37, and one acknowledgement; after the off-delay it has returned, at the instant at which that was so."""
    steady = msgspec.structs.replace(POWER, off_delay_s=60.0)
    one = acked(alarm(steady), "li", NOW, kind=steady)
    for turn in range(36):
        one = raised_again(ended(one, NOW + turn * 10, steady), event(8 + turn, NOW + turn * 10 + 5), steady)
    assert (AlarmState.ACKED, 37, NOW + 355, None) == (one.state, one.count, one.last_at, due_at(one))
    gone = ended(one, NOW + 400, steady)
    assert (AlarmState.ACKED, NOW + 460) == (gone.state, due_at(gone))
    assert gone == ended(gone, NOW + 430, steady)  # said twice, it is no later
    assert (AlarmState.NORMAL, NOW + 460) == ((over := lapsed(gone, NOW + 461, steady)).state, over.returned_at)


def test_a_recurrence_moves_no_deadline_that_nobody_has_kept() -> None:
    """Only what was acknowledged gets its time anew: a chattering alarm would else never be late."""
    again = raised_again(alarm(), event(9, NOW + 200), POWER)
    assert (NOW + 300, 2, NOW + 200, 9) == (again.respond_by, again.count, again.last_at, again.event)
    anew = raised_again(acked(alarm(), "li", NOW + 10, kind=POWER), event(9, NOW + 200), POWER)
    assert (NOW + 500, NOW + 200, NOW) == (anew.respond_by, anew.called_at, anew.raised_at)


def test_what_an_exercise_raises_is_suppressed_and_goes_with_it() -> None:
    """Nothing sounds by it; what nothing but a person ends is gone after the longest session."""
    played = alarm(READ, Traffic.EXERCISE)
    assert (AlarmState.SUPPRESSED, NOW + DESIGNED_S) == (played.state, due_at(played))
    assert (AlarmState.NORMAL, True) == ((over := lapsed(played, NOW + DESIGNED_S, READ)).state, over.is_over)
    assert AlarmState.NORMAL == acked(played, "li", NOW, kind=READ).state
    assert None is due_at(alarm(POWER, Traffic.TEST))


class Lives(RuleBasedStateMachine):
    """Any order of events, deeds and times: nothing unseen is ever over, and nothing stands silent but where somebody said so."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.seq = 7
        self.kind = msgspec.structs.replace(GRAVE, off_delay_s=60.0)
        self.one = raised(event(), self.kind, Traffic.ACTUAL)
        self.raised = 1

    def _do(self, deed: Callable[[], Alarm]) -> None:
        before = self.one
        try:
            self.one = deed()
        except FormatError:
            assert before == self.one

    @precondition(lambda self: not self.one.is_over)
    @rule()
    def raise_again(self) -> None:
        self.seq += 1
        self.raised += 1
        self.one = raised_again(self.one, event(self.seq, self.now), self.kind)
        assert self.one.stands

    @rule()
    def end(self) -> None:
        self.one = ended(self.one, self.now, self.kind)

    @rule(gone=st.booleans())
    def ack(self, gone: bool) -> None:
        self._do(lambda: acked(self.one, "li", self.now, "看过", kind=self.kind, is_gone=gone))

    @rule(by=st.sampled_from(("li", "wang")), lasts_s=st.floats(1.0, 9_000.0))
    def shelve(self, by: str, lasts_s: float) -> None:
        self._do(lambda: shelved(self.one, by, self.now, until=self.now + lasts_s, why="检修"))

    @rule()
    def unshelve(self) -> None:
        self._do(lambda: unshelved(self.one, self.now, self.kind))

    @rule()
    def take_out(self) -> None:
        self._do(lambda: out_of_service(self.one, "li", self.now, "坏了"))

    @rule()
    def put_back(self) -> None:
        self._do(lambda: returned_to_service(self.one, self.now, self.kind))

    @rule(passes_s=st.sampled_from((1.0, 61.0, 601.0, 7_201.0)))
    def wait(self, passes_s: float) -> None:
        self.now += passes_s
        self.one = lapsed(self.one, self.now, self.kind)

    @invariant()
    def keeps_its_promises(self) -> None:
        one = self.one
        assert one.state is state_of(one)
        assert one.is_over == (one.state is AlarmState.NORMAL)
        assert not one.is_over or (not one.stands and one.is_acked and one.acked_by)
        assert self.raised == one.count
        due = due_at(one)
        assert due is None or due > self.now or self.now == NOW
        if one.held is Held.SHELVED:
            assert one.held_second not in ("", one.held_by)
            assert one.held_until - self.now <= SHELF_S
        elif one.held is Held.NOT and one.stands and not one.delayed_until:
            assert one.is_acked or one.state is AlarmState.UNACKED


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
