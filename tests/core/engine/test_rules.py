"""The rules file: what it says, and each mistake's sentence."""

from __future__ import annotations

import pytest

from fenghuo.engine.rules import Escalation, RungMode, read_rules, rules_schema
from fenghuo.errors import SettingsError
from fenghuo.model.audience import Audience
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority

GOOD = """
[ladders.both]
min_risk_groups = 2
[[ladders.both.rungs]]
channels = ["a", "b"]
[[ladders.both.rungs]]
channels = ["r"]
mode = "hedge"
after_s = 5

[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "people", roles = ["informant"] }
needed = "HUMAN"
ack = "n:3"
deadline_s = 60
priority = "p1"
ladder = "both"
signatures = 1
continue = true
escalate = [ { after_s = 120 } ]
"""


def test_a_good_file_is_what_it_says() -> None:
    """Every field arrives where it belongs."""
    book = read_rules(GOOD)
    (rule,) = book.rules
    assert [RungMode.THEN, RungMode.HEDGE] == [rung.mode for rung in book.ladders["both"].rungs]
    assert (Evidence.HUMAN, Priority.P1, "n:3", True) == (rule.needed_level, rule.priority_level, rule.ack, rule.continue_)
    assert (Audience("people", roles=("informant",)), (Escalation(120.0, "deputy"),)) == (rule.audience, rule.escalate)
    assert rule is book.rule_by_name["orders"]


def test_an_empty_file_has_no_rules() -> None:
    """Nothing is an answer: every alert will then say that no rule is for it."""
    assert ((), {}) == (read_rules("").rules, read_rules("").ladders)


def test_the_digest_changes_with_the_meaning_alone() -> None:
    """A comment changes nothing, a second does."""
    assert read_rules(GOOD).digest == read_rules("# hello\n" + GOOD).digest
    assert read_rules(GOOD).digest != read_rules(GOOD.replace("= 120", "= 121")).digest


MISTAKES = [
    ("[ladders", "x = = 1\n[ladders", "r.toml: not TOML: Invalid value (at line 2, column 5)"),
    ("[ladders.both]\n", "surprise = 1\n[ladders.both]\n", "r.toml: surprise: unknown key; known are ladders and rules"),
    ('needed = "HUMAN"', 'needed = "SURE"', "r.toml: rules[1] 'orders': needed is 'SURE'; must be one of "),
    ('ack = "n:3"', 'ack = "most"', "r.toml: rules[1] 'orders': ack is 'most'; must be any, all, or n:COUNT such as n:3"),
    ('ack = "n:3"', 'ack = "n:0"', "r.toml: rules[1] 'orders': ack is 'n:0'; must be any, all, or n:COUNT such as n:3"),
    ("deadline_s = 60", "deadline_s = 0", "r.toml: rules[1] 'orders': deadline_s is 0.0; must be more than 0 seconds"),
    ('priority = "p1"', 'priority = "P9"', "r.toml: rules[1] 'orders': priority is 'P9'; must be one of P0, P1, P2, P3, P4"),
    ("signatures = 1", "signatures = 3", "r.toml: rules[1] 'orders': signatures is 3; must be 0, 1 or 2"),
    ('ladder = "both"', 'ladder = "none"', "r.toml: rule 'orders': ladder 'none' is not defined; defined are both"),
    ('channels = ["r"]', "channels = []", "r.toml: ladders.both: needs at least one rung, and each rung at least one channel"),
    ('channels = ["r"]', 'channels = ["r", "a"]', "r.toml: ladders.both: channel 'a' is named twice; once is enough"),
    ('mode = "hedge"', 'mode = "maybe"', 'r.toml: ladders.both: rungs[1].mode is "maybe"; it must be one of parallel, hedge, then'),
    ('name = "orders"', 'name = "orders"\nwhat = 1', "r.toml: rules[1] 'orders': what is unknown; known are ack, audience, "),
    ("deadline_s = 60", 'deadline_s = "soon"', "r.toml: rules[1] 'orders': deadline_s is \"soon\"; it must be a number"),
    ("signatures = 1", "sigatures = 1", "r.toml: rules[1] 'orders': sigatures is unknown; did you mean \"signatures\"?"),
    (
        "escalate = [ { after_s = 120 } ]",
        'escalate = [ { after_s = 120, to = "li" } ]',
        "r.toml: rules[1] 'orders': escalate asks 'li'; must be deputy or person:ID",
    ),
    (
        "escalate = [ { after_s = 120 } ]",
        "escalate = [ { after_s = -1 } ]",
        "r.toml: rules[1] 'orders': escalate waits -1.0 seconds; must be 0 or more",
    ),
    ("after_s = 5", "after_s = -5", "r.toml: ladders.both: a rung opens after -5.0 seconds; must be 0 or more"),
    (
        'audience = { name = "people", roles = ["informant"] }',
        'audience = { name = "people", roles = ["informant"], areas = ["320585"] }',
        "r.toml: rules[1] 'orders': audience: area '320585' has no code system; write mca:320585 or nbs:320585",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES)
def test_each_mistake_has_its_sentence(old: str, new: str, sentence: str) -> None:
    """File, key, what is there, and what would be right."""
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        read_rules(GOOD.replace(old, new, 1), file="r.toml")
    assert [True] == [fault.startswith(sentence) for fault in caught.value.faults], caught.value.faults


def test_a_name_used_twice_is_a_mistake() -> None:
    """Objectives name their rule: one name, one rule."""
    twice = GOOD + GOOD[GOOD.index("[[rules]]") :]
    with pytest.raises(SettingsError) as caught:
        read_rules(twice, file="r.toml")
    assert ("r.toml: rule 'orders': the name is used twice; names must be unique",) == caught.value.faults


def test_all_mistakes_are_told_at_once() -> None:
    """An operator mends a file in one go."""
    bad = GOOD.replace('"HUMAN"', '"SURE"').replace("deadline_s = 60", "deadline_s = -1").replace('ladder = "both"', 'ladder = "x"')
    with pytest.raises(SettingsError) as caught:
        read_rules(bad)
    assert 3 == len(caught.value.faults)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ladders = 1", "r.toml: ladders: must be a table of named entries, [ladders.NAME]"),
        ("rules = 1", "r.toml: rules: must be a list of entries, [[rules]]"),
        ("[rules]\nname = 'x'", "r.toml: rules: must be a list of entries, [[rules]]"),
    ],
)
def test_the_wrong_shape_is_a_sentence_too(text: str, sentence: str) -> None:
    """A table where a list should be is no stack trace."""
    with pytest.raises(SettingsError) as caught:
        read_rules(text, file="r.toml")
    assert (sentence,) == caught.value.faults


def test_the_schema_knows_the_words_of_the_file() -> None:
    """Editors complete `continue`, not `continue_`."""
    properties = rules_schema()["$defs"]["Rule"]["properties"]
    assert (True, False) == ("continue" in properties, "continue_" in properties)
