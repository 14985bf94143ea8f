"""Packed marks against a plain model of one person after another."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fenghuo.engine import marks
from fenghuo.model.delivery import Outcome, Paged, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence

LEVELS = st.sampled_from(list(Evidence)[1:])
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    LEVELS.map(Reached),
    st.just(Transient(Scope.RECIPIENT, "busy")),
    st.just(Permanent(Scope.RECIPIENT, "no")),
    st.just(Unknown("x")),
)
PEOPLE = 7


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), OUTCOMES, st.dictionaries(st.integers(0, PEOPLE - 1), OUTCOMES, max_size=3)),
        st.tuples(st.just("told"), LEVELS, st.sets(st.integers(0, PEOPLE - 1))),
        st.tuples(st.just("refused"), LEVELS, st.sets(st.integers(0, PEOPLE - 1))),
    ),
    max_size=12,
)


def model(state: tuple[int, str], outcome: Outcome) -> tuple[int, str]:
    """(evidence, word) of one person after an emission; words: due, doubt, failed, has."""
    evidence, _ = state
    match outcome:
        case Reached(level=level):
            return max(evidence, level), "has"
        case Permanent():
            return evidence, "failed"
        case Unknown():
            return evidence, "doubt"
        case _:
            return evidence, "due"


@given(STEPS, LEVELS)
def test_packed_marks_say_what_a_list_of_people_would(steps: list[tuple[str, Any, Any]], needed: Evidence) -> None:
    """Every emission goes to exactly those still due; evidence never falls; the counts are those of the people."""
    packed, people = bytes(PEOPLE), [(0, "due")] * PEOPLE
    for kind, what, who in steps:
        before = [evidence for evidence, _ in people]
        packed = sent(packed, people, what, who) if kind == "sent" else told(packed, people, what, who, is_refused=kind == "refused")
        assert all(after >= earlier for (after, _), earlier in zip(people, before, strict=True))
        met = sum(evidence >= needed for evidence, _ in people)
        ended = sum(evidence < needed and word == "failed" for evidence, word in people)
        assert (PEOPLE, met, ended) == marks.count(packed, needed)
        assert any(word == "doubt" for _, word in people) == marks.has_doubt(packed)
        assert max(evidence for evidence, _ in people) == marks.highest(packed)


def sent(packed: bytes, people: list[tuple[int, str]], what: Any, who: Any) -> bytes:
    """An emission to whoever is due: `what` became of it, but for `who`."""
    places = marks.due(packed)
    assert [place for place, (_, word) in enumerate(people) if word in ("due", "doubt")] == list(places)
    spoken = {index: outcome for index, outcome in who.items() if index < len(places)}
    for index, place in enumerate(places):
        people[place] = model(people[place], spoken.get(index, what))
    return marks.after(packed, places, Paged(what, tuple(spoken.items())))


def told(packed: bytes, people: list[tuple[int, str]], level: Any, who: Any, *, is_refused: bool) -> bytes:
    """A receipt for `who`."""
    for place in who:
        evidence, _ = people[place]
        if is_refused:
            people[place] = (evidence, "failed")
        elif level > evidence:
            people[place] = (level, "has")
    return marks.raised(packed, sorted(who), None if is_refused else level, is_refused=is_refused)


def test_a_refusal_and_the_outcome_of_its_page_may_come_in_either_order() -> None:
    """The far end says at once that one telephone will never have it, and the gateway then that it took the page."""
    taken = Reached(Evidence.ACCEPTED)
    faster = marks.after(marks.raised(bytes(2), [1], None, is_refused=True), range(2), taken)
    slower = marks.raised(marks.after(bytes(2), range(2), taken), [1], None, is_refused=True)
    assert slower == faster
    assert (2, 0, 1) == marks.count(faster, Evidence.DEVICE)


def test_whoever_is_not_meant_is_never_due_never_counted_and_never_told_again() -> None:
    packed = marks.meant(5, [1, 3])
    assert [1, 3] == list(marks.due(packed))
    after = marks.after(packed, marks.due(packed), Reached(Evidence.ACCEPTED))
    assert (2, 2, 0) == marks.count(after, Evidence.ACCEPTED)
    assert [1, 3] == marks.may_have(after, on_air=True)


def test_those_who_may_have_it_are_those_with_evidence_in_doubt_or_on_the_air() -> None:
    packed = marks.after(bytes(4), range(4), Paged(Reached(Evidence.ACCEPTED), ((1, Permanent(Scope.RECIPIENT, "no")), (2, Unknown("x")))))
    assert [0, 2, 3] == marks.may_have(packed, on_air=False)
    assert [0, 1] == marks.may_have(bytes(2), on_air=True)
    assert [] == marks.may_have(bytes(2), on_air=False)
    assert (3, 2, 0) == (
        marks.how_many_may(packed, on_air=False),
        marks.how_many_may(bytes(2), on_air=True),
        marks.how_many_may(bytes(2), on_air=False),
    )


def test_what_is_given_up_has_ended_and_is_still_known_to_be_doubtful() -> None:
    """A Cancel still goes to whom nobody could tell whether it had left."""
    packed = marks.given_up(marks.after(bytes(3), range(3), Unknown("crash")))
    assert (3, 0, 3) == marks.count(packed, Evidence.ACCEPTED)
    assert [0, 1, 2] == marks.may_have(packed, on_air=False)
    assert [] == list(marks.due(packed))
