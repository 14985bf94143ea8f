"""Who could not be reached any more, and through what: judged by brute force over the planning of the real thing."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.engine.planning import Carriage, candidates
from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.engine.whatif import WhatIf, fallen, losing, named, single_points
from fenghuo.model.directory import ContactPoint, Directory, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Priority, Traffic
from tests.core.engine.values import directory, situation, view

RULES = read_rules("""
[ladders.all]
[[ladders.all.rungs]]
channels = ["sms", "lte"]
[[ladders.all.rungs]]
channels = ["r"]
[[rules]]
name = "informants"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
ladder = "all"
continue = true
[[rules]]
name = "orders"
audience = { name = "as addressed" }
ladder = "all"
""")
TOWER = ("cell:opA", "mains:hq")
NOW_UP = situation(view("sms", risk_groups=TOWER), view("lte", risk_groups=TOWER), view("r", risk_groups=("roof:hq", "mains:hq")))


def lost(found: WhatIf) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(loss.rule, loss.recipient, loss.through) for loss in found.lost]


def test_a_tower_takes_all_who_have_only_a_telephone() -> None:
    """SMS and 4G on it are one way: huang and li are cut off, wang and shuang have a radio."""
    found = losing(RULES, directory(), NOW_UP, ["cell:opA"])
    assert [("informants", "huang", ("cell:opA",)), ("orders", "li", ("cell:opA",)), ("orders", "huang", ("cell:opA",))] == lost(found)
    assert ("sms", "lte") == found.lost[0].channels
    assert [("wang", ("r",))] == [(footing.recipient, footing.channels) for footing in found.alone if footing.rule == "informants"]


def test_what_only_falls_together_says_so() -> None:
    """Neither the tower nor the roof alone cuts wang off: no single point."""
    found = losing(RULES, directory(), NOW_UP, ["cell:opA", "roof:hq"])
    assert ("informants", "wang", ()) in lost(found)
    assert ("informants", "huang", ("cell:opA",)) in lost(found)


def test_a_channel_can_be_lost_by_its_name() -> None:
    """One that names no risk group falls alone, and a modem may be all that breaks."""
    found = losing(RULES, directory(), NOW_UP, ["r"])
    assert [("informants", "shuang", ("r",)), ("orders", "shuang", ("r",))] == [one for one in lost(found) if one[1] == "shuang"]
    assert {"sms", "lte", "r", "cell:opA", "mains:hq", "roof:hq"} == named(NOW_UP)


def test_the_single_points_are_named_with_whom_they_hold() -> None:
    """Mains takes everybody, the tower the telephones, the roof and the station the radios; most people first."""
    points = single_points(RULES, directory(), NOW_UP)
    assert "mains:hq" == points[0].name
    assert ("sms", "lte", "r") == points[0].channels
    by_name = {point.name: {footing.recipient for footing in point.held if footing.rule == "informants"} for point in points}
    assert {"mains:hq": {"wang", "huang", "shuang"}, "cell:opA": {"huang"}, "roof:hq": {"shuang"}, "r": {"shuang"}} == by_name


def test_what_is_down_or_switched_off_holds_nobody() -> None:
    """The live configuration as it is: with the radio down the tower holds everybody, and shuang is cut off already."""
    for gone in ({"health": Health.DOWN}, {"admin": Admin.DISABLED}):
        now = situation(NOW_UP.channels[0], NOW_UP.channels[1], msgspec.structs.replace(NOW_UP.channels[2], **gone))
        found = losing(RULES, directory(), now, ["cell:opA"])
        assert {"wang", "huang"} == {loss.recipient for loss in found.lost if loss.rule == "informants"}
        assert {"shuang"} == {footing.recipient for footing in found.already if footing.rule == "informants"}


def test_each_rule_says_how_surely_it_reaches_before_and_after() -> None:
    """A loss that cuts nobody off costs all the same."""
    found = losing(RULES, directory(), NOW_UP, ["lte"])
    assert () == found.lost
    for reach in found.reach:
        assert 0.5 < reach.after < reach.before < 1


def test_a_public_counts_as_one() -> None:
    """By the channels of its ladder that take pages."""
    rules = read_rules("""
[ladders.bulk]
[[ladders.bulk.rungs]]
channels = ["bulk", "sms"]
[[rules]]
name = "everybody"
audience = { name = "the town", split = "public", areas = "all" }
ladder = "bulk"
""")
    now = situation(view("bulk", batch=True, risk_groups=("fibre",)), view("sms"))
    assert [("everybody", "public:the town", ("fibre",))] == lost(losing(rules, Directory(), now, ["fibre"]))


def test_what_a_rule_is_not_for_is_no_way() -> None:
    """A channel that carries exercises alone, or P2 to P4 where the rule is P0, holds nobody up."""
    rules = read_rules("""
[ladders.all]
[[ladders.all.rungs]]
channels = ["sms", "lte", "drill"]
[[rules]]
name = "life"
audience = { name = "as addressed" }
priority = "P0"
ladder = "all"
""")
    now = situation(view("sms"), view("lte", ungraded="no record"), view("drill", traffic=(Traffic.EXERCISE,)))
    assert {"sms"} == {point.name for point in single_points(rules, directory(), now)}


WIDE = """
[ladders.all]
[[ladders.all.rungs]]
channels = ["sms", "lte"]
[[rules]]
name = "orders"
MATCH
audience = { name = "as addressed" }
ladder = "all"
"""
NARROW: list[tuple[dict[str, object], str]] = [
    ({"ungraded": "no record"}, ""),
    ({"ungraded": "no record"}, 'match = { priority = ["P1", "P2"] }'),
    ({"traffic": (Traffic.EXERCISE,)}, 'match = { traffic = ["Exercise", "Actual"] }'),
    ({"evidence_max": Evidence.ACCEPTED}, 'needed = "DEVICE"'),
]


@pytest.mark.parametrize(("lte", "match"), NARROW)
def test_whatever_a_rule_may_match_is_asked_about(lte: dict[str, object], match: str) -> None:
    """A P0 is not held by what carries P2 to P4, an order not by what is for exercises, a receipt not by what gives none."""
    rules = read_rules(WIDE.replace("MATCH", match))
    now = situation(view("sms", risk_groups=("mast",)), view("lte", **lte))
    found = {point.name: [footing.recipient for footing in point.held] for point in single_points(rules, directory(), now)}
    assert {"sms": ["wang", "li", "huang"], "mast": ["wang", "li", "huang"]}.keys() <= found.keys()
    gone = losing(rules, directory(), now, ["sms"])
    assert {"wang", "li", "huang"} <= {loss.recipient for loss in gone.lost}
    assert len(gone.lost) == len({loss.recipient for loss in gone.lost}), "once for each, whatever the message"


def test_two_kinds_of_message_on_two_channels_have_two_single_points() -> None:
    """Neither carries both: each of them alone leaves something unsaid."""
    rules = read_rules(WIDE.replace("MATCH", 'match = { traffic = ["Exercise", "Actual"] }'))
    now = situation(view("sms", traffic=(Traffic.ACTUAL,)), view("lte", traffic=(Traffic.EXERCISE,)))
    assert {"sms", "lte"} == {point.name for point in single_points(rules, directory(), now)}


# By brute force.

GROUPS = ("mains", "fibre", "cell", "roof")
NAMES = ("sms", "lte", "r", "app")


@st.composite
def counties(draw: st.DrawFn) -> tuple[RuleBook, Directory, Situation]:
    """Up to four channels on up to four things that fail, some of them down; three people with some of the addresses; two rules."""
    views = tuple(_channel(draw, name) for name in NAMES)
    ladders = {
        name: draw(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True), min_size=1, max_size=2)) for name in "xy"
    }
    text = "".join(
        f"[ladders.{name}]\n" + "".join(f"[[ladders.{name}.rungs]]\nchannels = {_once(rungs, n)}\n" for n in range(len(rungs)))
        for name, rungs in ladders.items()
    )
    text += "".join(f'[[rules]]\nname = "{n}"\naudience = {{ name = "as addressed" }}\nladder = "{n}"\ncontinue = true\n' for n in "xy")
    people = ("p0", "p1", "p2")
    contacts = tuple(ContactPoint(one, kind, f"{one}-{kind}") for one in people for kind in ("msisdn", "callsign") if draw(st.booleans()))
    persons = tuple(Person(one, one, "tc") for one in people)
    return read_rules(text), Directory(persons=persons, contacts=contacts), Situation(at=0.0, channels=views)


def _once(rungs: list[list[str]], place: int) -> list[str]:
    """A ladder names a channel once; an empty rung has one that is no channel of the node."""
    before = set(itertools.chain(*rungs[:place]))
    return [name for name in rungs[place] if name not in before] or [f"none-{place}"]


def _channel(draw: st.DrawFn, name: str) -> ChannelView:
    groups = tuple(sorted(draw(st.sets(st.sampled_from(GROUPS), max_size=2)))) or (name,)
    health = draw(st.sampled_from([Health.UP, Health.UP, Health.SUSPECT, Health.DOWN]))
    return view(name, risk_groups=groups, health=health, ungraded=draw(st.sampled_from(["", "", "no record"])))


def reached(rules: RuleBook, book: Directory, at: Situation) -> set[tuple[str, str]]:
    """(rule, recipient) that the planning of the real thing finds a usable way to."""
    found = set()
    for rule in rules.rules:
        for owner in book.contacts_by_owner:
            ladder = rules.ladders[rule.ladder].rungs
            each = [candidates(owner, ladder, Carriage(Traffic.ACTUAL, one), directory=book, situation=at)[0] for one in Priority]
            if all(any(at.channel[way.channel].is_usable for way in ways) for ways in each):
                found.add((rule.name, owner))
    return found


@settings(max_examples=200, deadline=None)
@given(counties())
def test_every_single_point_is_found_and_no_other(county: tuple[RuleBook, Directory, Situation]) -> None:
    """Judged by taking each thing away in turn and planning anew: who is reached no more hangs on it, and nobody else does."""
    rules, book, now = county
    before = reached(rules, book, now)
    expected = {name: before - reached(rules, book, fallen(now, [name])) for name in named(now)}
    found = {point.name: {(footing.rule, footing.recipient) for footing in point.held} for point in single_points(rules, book, now)}
    assert {name: whom for name, whom in expected.items() if whom} == found


@settings(max_examples=200, deadline=None)
@given(counties(), st.sets(st.sampled_from((*GROUPS, *NAMES)), min_size=1, max_size=3))
def test_whoever_is_lost_is_told_and_nobody_else(county: tuple[RuleBook, Directory, Situation], gone: set[str]) -> None:
    """Together, by planning anew without all of them; and `through` is what is enough alone."""
    rules, book, now = county
    before = reached(rules, book, now)
    found = losing(rules, book, now, gone)
    assert before - reached(rules, book, fallen(now, gone)) == {(loss.rule, loss.recipient) for loss in found.lost}
    assert {(footing.rule, footing.recipient) for footing in found.already}.isdisjoint(before)
    for loss in found.lost:
        enough = {name for name in gone if (loss.rule, loss.recipient) not in reached(rules, book, fallen(now, [name]))}
        assert enough == set(loss.through)


@pytest.mark.parametrize("lost_groups", [["mains:hq"], ["cell:opA", "roof:hq"]])
def test_to_ask_changes_nothing(lost_groups: list[str]) -> None:
    """The Situation asked about is another one."""
    digest = NOW_UP.digest
    losing(RULES, directory(), NOW_UP, lost_groups)
    assert digest == NOW_UP.digest != fallen(NOW_UP, lost_groups).digest


def test_who_is_reached_on_foot_is_lost_with_the_tower_while_the_road_is_cut() -> None:
    """The courier works, and nobody gets to wang."""
    (radio,) = (point.address for point in directory().contacts if (point.owner, point.kind) == ("wang", "callsign"))
    on_foot = view("r", risk_groups=("roof:hq",), no_way={radio: "the bridge is cut"})
    now = situation(view("sms", risk_groups=TOWER), view("lte", risk_groups=TOWER), on_foot)
    found = losing(RULES, directory(), now, ["cell:opA"])
    assert ("informants", "wang", ("cell:opA",)) in lost(found)
    assert "wang" not in {footing.recipient for footing in found.alone}
