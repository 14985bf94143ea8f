"""One person, several rules: who of the objectives tells them."""

from __future__ import annotations

import pytest

from fenghuo.engine.asked_once import asked_once
from fenghuo.engine.routing import Routed
from fenghuo.engine.rules import Escalation, Ladder, Rule, RuleBook
from fenghuo.model.audience import Audience
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority
from tests.core.engine.values import rung

LADDERS = {"texts": Ladder((rung("sms"), rung("radio"))), "radio": Ladder((rung("radio"),)), "loud": Ladder((rung("siren"),))}


def item(name: str, ladder: str = "texts", *recipients: str, signatures: int = 0, **changes: object) -> Routed:
    """An objective to be, of DEVICE within 300 s."""
    escalate = (Escalation(120.0),) if changes.pop("escalates", False) else ()
    rule = Rule(name, Audience(name), ladder, escalate=escalate)
    needed, deadline_s = changes.get("needed", Evidence.DEVICE), changes.get("deadline_s", 300.0)
    assert isinstance(needed, Evidence)
    assert isinstance(deadline_s, float)
    priority = changes.get("priority", Priority.P1)
    assert isinstance(priority, Priority)
    return Routed(rule, name, recipients, needed, priority, deadline_s, signatures)


def told(*items: Routed) -> list[tuple[str, tuple[str, ...], int]]:
    return [(one.rule.name, one.recipients, one.signatures) for one in asked_once(items, RuleBook(LADDERS, ()))]


def test_who_is_asked_for_more_is_asked_there_alone() -> None:
    """Li is duty officer and informant: his answer is wanted, and the others' devices."""
    officers = item("officers", "texts", "li", "wang")
    informants = item("informants", "radio", "li", "zhou", needed=Evidence.HUMAN)
    assert [("officers", ("wang",), 0), ("informants", ("li", "zhou"), 0)] == told(officers, informants)


def test_who_is_told_by_other_channels_is_told_by_both() -> None:
    """The people of a town read a text, and its siren sounds."""
    assert [("texts", ("area:1",), 0), ("sirens", ("area:1",), 0)] == told(
        item("texts", "texts", "area:1"), item("sirens", "loud", "area:1")
    )


def test_an_objective_whose_people_are_all_told_by_another_one_goes_and_leaves_its_signatures() -> None:
    """Two rules for one public: it is told once, and by as many hands as the stricter one asks for."""
    assert [("ours", ("area:1",), 2)] == told(item("ours", "texts", "area:1"), item("theirs", "texts", "area:1", signatures=2))


def test_an_objective_that_never_had_anybody_stays_for_the_alarm_about_it() -> None:
    """Nobody has the role: that is no business of the other rule."""
    assert [("li", ("li",), 0), ("nobody", (), 0)] == told(item("li", "texts", "li"), item("nobody", "texts"))


@pytest.mark.parametrize(
    ("first", "second", "by"),
    [
        (item("a", "texts", "li"), item("b", "texts", "li"), "a"),
        (item("a", "texts", "li"), item("b", "texts", "li", priority=Priority.P0), "b"),
        (item("a", "texts", "li"), item("b", "texts", "li", escalates=True), "b"),
        (item("a", "texts", "li"), item("b", "texts", "li", deadline_s=60.0), "b"),
        (item("a", "texts", "li", needed=Evidence.HUMAN), item("b", "texts", "li", priority=Priority.P0), "a"),
    ],
    ids=["the first", "more urgent", "goes on to a deputy", "less time", "evidence before priority"],
)
def test_of_two_the_one_stays_that_asks_for_more(first: Routed, second: Routed, by: str) -> None:
    """In this order."""
    assert [by] == [name for name, _, _ in told(first, second)]
