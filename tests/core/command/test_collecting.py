"""Many reports become one: zeros stand as zeros, and whoever is missing is named."""

from __future__ import annotations

from fenghuo.command.collecting import Collection, Got, missing, summary_text, taken
from fenghuo.command.duties import DutyRule, due_of
from fenghuo.model.message import MessageId

NAMES = ("城厢镇", "沙溪镇", "浏河镇")


def asked(**reports: str) -> Collection:
    due = due_of(DutyRule("summary", "汇总", 7200.0, "t"), 0.0)
    one = Collection(MessageId("order"), "报转移数", ("a", "b", "c"), NAMES, "person:sz", due)
    for whose, text in reports.items():
        one = taken(one, whose, Got(MessageId(f"from-{whose}"), text, 10.0))
    return one


def test_figures_of_one_form_are_added_up_place_by_place() -> None:
    """The number of a report is no figure of it."""
    one = asked(a="续报1：转移3户12人，安置点0处。", b="续报2：转移0户0人，安置点0处。", c="续报1：转移1户4人，安置点1处。")
    assert "汇总1（3/3）：转移4户16人，安置点1处。" == summary_text(one)


def test_zeros_are_told_and_the_missing_are_named() -> None:
    """A zero that was reported is not the same as nothing that was."""
    one = asked(a="转移0户0人。", b="转移0户0人。")
    assert ("浏河镇",) == missing(one)
    assert "汇总1（2/3）：城厢镇、沙溪镇：转移0户0人。 未报：浏河镇。" == summary_text(one)


def test_what_has_another_form_stands_by_itself() -> None:
    """Nothing is added to what it does not belong to."""
    assert "汇总1（2/3）：城厢镇：转移3户。 沙溪镇：道路中断 未报：浏河镇。" == summary_text(asked(a="转移3户。", b="道路中断"))


def test_a_later_report_takes_the_place_of_the_earlier() -> None:
    """And is counted; a sign of ours in a text is taken as it stands."""
    one = taken(asked(a="转移3户。"), "a", Got(MessageId("m2"), "转移5户#。", 20.0))
    assert (2, "m2") == (one.got["a"].count, one.got["a"].message)
    assert "转移5户#。" in summary_text(one)
