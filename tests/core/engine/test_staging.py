"""Each measure that is proposed, and no other, gives somebody a way: judged by planning again with it carried out."""

from __future__ import annotations

import msgspec

from fenghuo.engine.rules import Ladder, RuleBook, Rung, read_rules
from fenghuo.engine.staging import Measure, Stage, staged
from fenghuo.engine.whatif import fallen, footings, losing
from fenghuo.model.directory import ContactPoint, Directory
from fenghuo.model.situation import Admin, Situation
from tests.core.engine.values import directory, situation, view

RULES = read_rules("""
[ladders.town]
[[ladders.town.rungs]]
channels = ["sms", "off", "r"]
[[rules]]
name = "orders"
audience = { name = "informants", roles = ["informant"] }
ladder = "town"
""")
NOW = situation(
    view("sms", risk_groups=("cell:opA",)),
    view("off", risk_groups=("sat:tt1",), admin=Admin.DISABLED),
    view("r", risk_groups=("roof:hq",)),
    view("spare", risk_groups=("cell:opB",)),
)


def carried_out(stage: Stage, rules: RuleBook, people: Directory, now: Situation) -> tuple[RuleBook, Directory, Situation]:
    """The same place with this one thing done."""
    match stage.measure:
        case Measure.ENABLE:
            views = tuple(msgspec.structs.replace(one, admin=Admin.ENABLED) if one.name == stage.channel else one for one in now.channels)
            return rules, people, msgspec.structs.replace(now, channels=views)
        case Measure.ADDRESS:
            more = tuple(ContactPoint(whom, stage.kinds[0], "new") for whom in stage.recipients)
            return rules, msgspec.structs.replace(people, contacts=(*people.contacts, *more)), now
        case Measure.LADDER:
            rungs = (*rules.ladders[stage.ladder].rungs, Rung(channels=(stage.channel,)))
            return msgspec.structs.replace(rules, ladders={**rules.ladders, stage.ladder: Ladder(rungs)}), people, now


def held(rules: RuleBook, people: Directory, after: Situation) -> set[str]:
    return {footing.recipient for footing in footings(rules, people, after) if footing.channels}


def test_every_measure_helps_exactly_those_it_names() -> None:
    """A switch, an address, a rung, each by itself; with nothing lost there is nothing to stage."""
    people, lose = directory(), ["cell:opA"]
    lost = [(one.rule, one.recipient) for one in losing(RULES, people, NOW, lose).lost]
    stages = staged(RULES, people, fallen(NOW, lose), lost)
    assert {Measure.ENABLE, Measure.ADDRESS, Measure.LADDER} == {stage.measure for stage in stages}
    cut_off = {recipient for _, recipient in lost}
    for stage in stages:
        rules, them, now = carried_out(stage, RULES, people, NOW)
        assert set(stage.recipients) == held(rules, them, fallen(now, lose)) & cut_off
    assert [len(stage.recipients) for stage in stages] == sorted((len(stage.recipients) for stage in stages), reverse=True)
    assert () == staged(RULES, people, NOW, [])


def test_what_falls_too_or_may_not_speak_is_no_help() -> None:
    """What hangs on the same, and what a mode forbids."""
    people, lose = directory(), ["cell:opA", "sat:tt1", "cell:opB", "roof:hq"]
    lost = [(one.rule, one.recipient) for one in losing(RULES, people, NOW, lose).lost]
    assert lost
    assert () == staged(RULES, people, fallen(NOW, lose), lost)
    silent = tuple(msgspec.structs.replace(one, admin=Admin.INHIBITED) if one.name == "spare" else one for one in NOW.channels)
    forbidden = msgspec.structs.replace(NOW, channels=silent)
    assert "spare" not in {stage.channel for stage in staged(RULES, people, fallen(forbidden, ["cell:opA"]), lost)}
