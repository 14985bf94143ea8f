"""Who is named in an order and known to nobody: said at the door, at opening, and before anything is sent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.addressees import audience, unknown
from fenghuo.model.delivery import Accepted, ObjectiveState
from fenghuo.model.directory import Directory, Person, Role
from fenghuo.model.traffic import Action
from tests.core.engine.house import opened
from tests.core.engine.values import content, directory, message


def _detail(*to: str, known: Directory | None = None) -> str:
    (verdict,) = audience(message(content(to=to)), known or directory())
    assert ("audience", "unknown", False) == (verdict.check, verdict.value, verdict.ok)
    return verdict.detail


def test_all_known_is_no_verdict() -> None:
    """Nothing to say."""
    assert () == audience(message(content(to=("wang", "person:li", "org:tc", "role:informant", "group:all"))), directory())
    assert () == audience(message(), directory())


def test_everybody_unknown_is_named_and_nobody_else() -> None:
    """How many of how many, and who, each once."""
    detail = _detail("person:wang", "person:typo", "bogus", "bogus")
    assert detail.startswith("2 of 4 in `to` are nobody we know: person:typo: ")
    assert ("bogus: " in detail, "wang" in detail) == (True, False)


ADVICE = [
    ("person:shaung", "did you mean person:shuang?"),
    ("hunag", "did you mean person:huang?"),
    ("tc", "did you mean org:tc?"),
    ("person:hj", "did you mean org:hj?"),
    ("all", "did you mean group:all?"),
    ("duty", "did you mean role:duty?"),
    ("role:dutty", "did you mean role:duty?"),
    ("group:al", "did you mean group:all?"),
    ("role:informant@320585110", "nobody in that area has this role; is it given as role:ROLE@SYSTEM:CODE?"),
    ("role:deputy@mca:320585105", "nobody in that area has this role; is it mca or nbs?"),
    ("area:mca:320585105", "this area has no address of its own; role:ROLE@SYSTEM:CODE means its people"),
    ("bogus", "write person:ID, org:ID, role:ROLE, role:ROLE@SYSTEM:CODE, area:SYSTEM:CODE or group:NAME"),
]


@pytest.mark.parametrize(("expression", "advice"), ADVICE)
def test_what_would_be_right_is_said(expression: str, advice: str) -> None:
    """A slip of the pen, the wrong kind, the wrong list of codes, or no idea."""
    known = msgspec.structs.replace(directory(), roles=(Role("duty", "值班"), Role("informant", "信息员")))
    assert f"{expression}: {advice}" in _detail(expression, known=known)


def test_a_long_list_is_named_whole_and_advised_in_part() -> None:
    """A thousand wrong names do not hold up the writer."""
    detail = _detail(*(f"nobody-{n}" for n in range(1000)))
    assert (5, True) == (detail.count("write person:ID"), detail.endswith("nobody-999"))


def test_a_large_directory_is_not_searched_whole() -> None:
    """Of ten thousand people with names alike a part is compared; the verdict comes all the same."""
    crowd = tuple(Person(f"p-{n:05}", "众", "tc") for n in range(10_000))
    assert "p-00000x: did you mean person:p-" in _detail("p-00000x", known=Directory(persons=crowd))


@pytest.mark.parametrize("action", [Action.CANCEL, Action.ACK])
def test_what_goes_by_no_address_of_its_own_names_nobody(action: Action) -> None:
    """A Cancel goes to whoever got what it ends."""
    assert () == unknown(message(content(action=action, to=("everyone",))), directory())


async def test_who_is_unknown_is_a_verdict_and_an_alarm_and_the_others_are_told(tmp_path: Path) -> None:
    """The order goes to the one who is known; that two more were meant is seen by whoever sent it and whoever watches."""
    async with opened(tmp_path) as house:
        accepted = await house.order("person:wang", "person:typo", "bogus")
        (verdict,) = [one for one in accepted.verdicts if not one.ok]
        assert ("active", "audience", ["a"]) == (accepted.state, verdict.check, [mail.channel for mail in house.sent])
        (alarm,) = await house.events("alarm.addressee_unknown")
        assert (["person:typo", "bogus"], 1) == (alarm["unknown"], alarm["revision"])


async def test_an_order_for_nobody_is_kept_and_alarmed(tmp_path: Path) -> None:
    """Accepted, so that nothing is lost; missed at once, with the name."""
    async with opened(tmp_path) as house:
        accepted = await house.order("bogus")
        assert isinstance(accepted, Accepted)
        assert [ObjectiveState.MISSED] == [one.state for one in await house.objectives()]
        assert (1, [["bogus"]]) == (
            len(await house.events("alarm.nobody")),
            [alarm["unknown"] for alarm in await house.events("alarm.addressee_unknown")],
        )
