"""From a message to who must be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.routing import areas_of, default_priority, is_unclear, required_signatures, resolve, route
from fenghuo.engine.rules import Ladder, Match, Rule, RuleBook
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.area import AreaRef
from fenghuo.model.audience import Audience, Split
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import AffectedArea, Circle, Geocode, Info, Message, Scope
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from tests.core.engine.values import content, directory, info, message, placed, rung

INFORMANTS = Audience("informants", roles=("informant",))


def about(*codes: str, **changes: Any) -> Message:
    return message(content(infos=(info(areas=(placed(*codes),)),), **changes))


def book(*rules: Rule) -> RuleBook:
    return RuleBook({"both": Ladder((rung("a"), rung("r")))}, rules)


def rule(name: str = "orders", audience: Audience = INFORMANTS, **changes: Any) -> Rule:
    return msgspec.structs.replace(Rule(name, audience, "both"), **changes)


# Areas.

PLACES = [
    (("mca:320585105",), ("huang",)),
    (("nbs:320585104",), ("huang",)),
    (("nbs:320585105",), ("shuang",)),
    (("mca:320585109",), ("shuang",)),
    (("nbs:320585105001",), ("shuang",)),
    (("mca:320585",), ("wang", "huang", "shuang")),
    (("mca:320585105", "nbs:320585105"), ("huang", "shuang")),
    (("mca:110000",), ()),
    (("CPEAS Geographic Code:320585105",), ()),
]


@pytest.mark.parametrize(("codes", "expected"), PLACES)
def test_areas_find_their_people_across_both_systems(codes: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """320585105 is 璜泾 in one list and 双凤 in the other: the directory's table of equals decides, never the digits."""
    assert expected == resolve(INFORMANTS, about(*codes), directory())


def test_a_county_that_stands_in_both_systems_makes_no_neighbour_of_a_town() -> None:
    """An alert for one town of the example directory is for its people and for those of the county, and for no other town's."""
    folder = Path(__file__).parents[3] / "config" / "taicang"
    taicang, faults = read_directory({file.name: file.read_bytes() for file in folder.glob("*.csv")}, {"msisdn": str, "callsign": str})
    found = {
        taicang.person_by_id[name].org
        for name in resolve(Audience("all", roles=("duty_officer", "informant")), about("mca:320585111"), taicang)
    }
    assert ([], {"tc", "liuhe"}) == ([str(fault) for fault in faults if not fault.is_note], found)


def test_a_drawn_area_finds_the_towns_inside() -> None:
    """Without a code the seat of a town decides: in the circle or in the ring."""
    circle = AffectedArea("沙溪镇一带", circles=(Circle((31.566, 121.057), 2.0),))
    ring = AffectedArea("双凤镇一带", polygons=(((31.5, 121.0), (31.53, 121.0), (31.53, 121.05), (31.5, 121.05), (31.5, 121.0)),))
    found = areas_of(message(content(infos=(info(areas=(circle, ring)),))), directory())
    assert {AreaRef.parse("mca:320585110"), AreaRef.parse("mca:320585109"), AreaRef.parse("nbs:320585105")} >= found
    assert {AreaRef.parse("mca:320585110"), AreaRef.parse("mca:320585109")} <= found


def test_a_code_counts_before_a_drawing() -> None:
    """A code is exact, a drawing is not: with a code the drawing is not looked at."""
    both = msgspec.structs.replace(placed("mca:320585105"), circles=(Circle((31.566, 121.057), 2.0),))
    assert {AreaRef.parse("mca:320585105")} == areas_of(message(content(infos=(info(areas=(both,)),))), directory())


def test_an_area_with_a_shape_counts_beside_one_with_a_code() -> None:
    """Each area is looked up by itself: a neighbour's code does not silence a drawn one."""
    drawn = AffectedArea("双凤镇一带", circles=(Circle((31.51, 121.02), 3.0),))
    coded = placed("mca:320585105")
    assert {AreaRef.parse("mca:320585105"), AreaRef.parse("mca:320585109")} <= areas_of(
        message(content(infos=(info(areas=(coded, drawn)),))), directory()
    )


@pytest.mark.parametrize(
    ("area", "is_so"),
    [
        (AffectedArea("a", geocodes=(Geocode("SAME", "031"),)), True),
        (AffectedArea("a", geocodes=(Geocode("mca", "townhall"),)), True),
        (AffectedArea("a", geocodes=(Geocode("SAME", "031"), Geocode("mca", "320585"))), False),
        (AffectedArea("a", geocodes=(Geocode("SAME", "031"),), circles=(Circle((31.5, 121.0), 1.0),)), False),
        (AffectedArea("a"), False),
    ],
)
def test_codes_of_no_known_list_are_unclear(area: AffectedArea, is_so: bool) -> None:
    """Unless there is a code that we know, or a shape."""
    assert is_so is is_unclear(area)


# Audiences.

AUDIENCES = [
    (Audience("x", roles=("informant",), areas="all"), ("wang", "huang", "shuang")),
    (Audience("x", roles=("informant",), areas=("mca:320585105",)), ("huang",)),
    (Audience("x", orgs=("tc",), areas="all"), ("wang", "li", "shuang")),
    (Audience("x", orgs=("tc",), roles=("informant",), areas="all"), ("wang", "shuang")),
    (Audience("x", persons=("li",)), ("li",)),
    (Audience("x", persons=("li",), roles=("informant",)), ("wang", "li")),
    (Audience("nobody"), ()),
    (Audience("x", split=Split.AUDIENCE, groups=("all",)), ("group:all",)),
    (Audience("x", split=Split.AREA), ("area:mca:320585110",)),
    (Audience("x", split=Split.AREA, areas="all"), ("area:mca:320585110",)),
]


@pytest.mark.parametrize(("audience", "expected"), AUDIENCES)
def test_an_audience_is_whom_it_names(audience: Audience, expected: tuple[str, ...]) -> None:
    """Roles and organisations restrict each other, people named by id are always meant, nothing named is nobody."""
    assert expected == resolve(audience, about("mca:320585110"), directory())


def test_a_person_named_by_id_is_meant_wherever_the_message_is() -> None:
    """The area of the message restricts roles, not names."""
    assert ("li",) == resolve(Audience("x", persons=("li",)), about("mca:110000"), directory())


EXPRESSIONS = [
    ("wang", ("wang",)),
    ("person:wang", ("wang",)),
    ("person:nobody", ()),
    ("nobody", ()),
    ("org:hj", ("huang",)),
    ("org:none", ()),
    ("role:informant", ("wang", "huang", "shuang")),
    ("role:informant@mca:320585105", ("huang",)),
    ("role:informant@nbs:320585105", ("shuang",)),
    ("role:none", ()),
    ("role:informant@320585105", ()),
    ("role:informant@", ()),
    ("area:mca:320585110", ("area:mca:320585110",)),
    ("area:mca:320585109", ()),
    ("group:all", ("group:all",)),
    ("group:none", ()),
    (" wang ", ("wang",)),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_each_expression_finds_its_people(expression: str, expected: tuple[str, ...]) -> None:
    """What a sender may write after --to."""
    (found,) = route(message(content(to=(expression,))), book(rule()), directory())
    assert (expected, expression) == (found.recipients, found.audience)


def test_nobody_is_addressed_twice() -> None:
    """Two expressions for one person make one recipient."""
    (found,) = route(message(content(to=("wang", "role:informant", "person:wang"))), book(rule()), directory())
    assert ("wang", "huang", "shuang") == found.recipients


# Rules.


def test_the_first_rule_that_fits_decides() -> None:
    """Rules are tried in the order of the file."""
    rules = book(rule("no", match=Match(kind=("Alert",))), rule("yes"), rule("late"))
    assert ["yes"] == [one.rule.name for one in route(message(), rules, directory())]


def test_continue_means_also() -> None:
    """A rule that continues lets the next ones speak as well."""
    rules = book(rule("one", continue_=True), rule("two"), rule("three"))
    assert ["one", "two"] == [one.rule.name for one in route(message(), rules, directory())]


MATCHES = [
    (Match(kind=("Dispatch",)), True),
    (Match(kind=("Alert", "Report")), False),
    (Match(action=("New",)), True),
    (Match(traffic=("Exercise",)), False),
    (Match(priority=("P2",)), True),
    (Match(severity=("Extreme", "Severe")), True),
    (Match(urgency=("Future",)), False),
    (Match(certainty=("Likely",)), True),
    (Match(colour=("red",)), True),
    (Match(event=("暴雨",)), False),
    (Match(event_code=("11B01",)), True),
    (Match(category=("Met",)), True),
    (Match(sender=("centre",)), True),
    (Match(source=("other",)), False),
    (Match(scope=("Public",)), True),
    (Match(kind=("Dispatch",), colour=("blue",)), False),
]


@pytest.mark.parametrize(("match", "fits"), MATCHES)
def test_every_field_of_a_match_is_looked_at(match: Match, fits: bool) -> None:
    """Each named field must hold one of its values."""
    words = info(severity="Severe", urgency="Immediate", certainty="Likely", colour="RED", categories=("Met",))
    words = msgspec.structs.replace(words, event_codes=(placed("x:11B01").geocodes[0],))
    assert fits == bool(route(message(content(infos=(words,))), book(rule(match=match)), directory()))


def test_the_message_speaks_before_the_rule() -> None:
    """What the sender asked for counts; what he left out comes from the rule."""
    asked = message(content(needed="HUMAN", priority=Priority.P1, deadline_s=60.0))
    (found,) = route(asked, book(rule(needed="AIRED", priority="P3", deadline_s=900.0)), directory())
    assert (Evidence.HUMAN, Priority.P1, 60.0) == (found.needed, found.priority, found.deadline_s)
    (found,) = route(message(), book(rule(needed="AIRED", priority="P3", deadline_s=900.0)), directory())
    assert (Evidence.AIRED, Priority.P3, 900.0) == (found.needed, found.priority, found.deadline_s)


# Priority and signatures.

COLOURS = [
    (Info(colour="Red", severity="Minor"), Priority.P0),
    (Info(colour="orange"), Priority.P1),
    (Info(colour="yellow"), Priority.P2),
    (Info(colour="blue"), Priority.P3),
    (Info(severity="Extreme"), Priority.P0),
    (Info(severity="Severe"), Priority.P1),
    (Info(severity="Moderate"), Priority.P2),
    (Info(severity="Minor"), Priority.P3),
    (Info(), Priority.P2),
]


@pytest.mark.parametrize(("words", "expected"), COLOURS)
def test_colour_then_severity_give_the_priority(words: Info, expected: Priority) -> None:
    """A red warning is 特提, an unknown one 加急."""
    assert expected is default_priority((words,))


SIGNATURES: list[tuple[dict[str, Any], int | None, int]] = [
    ({"kind": Kind.ALERT}, None, 2),
    ({"kind": Kind.ALERT, "traffic": Traffic.EXERCISE}, None, 2),
    ({"kind": Kind.ALERT, "traffic": Traffic.SYSTEM}, None, 2),
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED, "infos": (Info(colour="Yellow"),)}, None, 0),
    ({"kind": Kind.ALERT, "scope": Scope.PRIVATE, "infos": (Info(colour="Orange"),)}, None, 2),
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED, "infos": (Info(severity="Extreme"),)}, None, 2),
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED, "infos": (Info(colour="Blue", severity="Extreme"),)}, None, 2),
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED, "infos": (Info(colour="Blue"), Info(colour="Red"))}, None, 2),
    ({"kind": Kind.DISPATCH}, None, 0),
    ({"kind": Kind.ALERT}, 1, 1),
    ({"kind": Kind.DISPATCH}, 2, 2),
    ({"kind": Kind.ALERT, "action": Action.UPDATE}, None, 2),
    ({"kind": Kind.ALERT, "action": Action.CANCEL}, 2, 0),
]


@pytest.mark.parametrize(("changes", "asked", "expected"), SIGNATURES)
def test_signatures_by_default_and_by_rule(changes: dict[str, Any], asked: int | None, expected: int) -> None:
    """Two people for an alert that is public or grave, whatever its traffic; else nobody, or what the rule says; never for a Cancel."""
    one = message(content(**changes))
    assert expected == required_signatures(one, book(rule(signatures=asked)))
    assert expected == route(one, book(rule(signatures=asked)), directory())[0].signatures


PUBLIC: list[tuple[dict[str, Any], int | None, int]] = [
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED, "infos": (Info(severity="Moderate"),)}, None, 2),
    ({"kind": Kind.DISPATCH, "scope": Scope.PRIVATE}, None, 2),
    ({"kind": Kind.ALERT, "scope": Scope.RESTRICTED}, 0, 0),
    ({"kind": Kind.DISPATCH, "to": ("wang",)}, None, 0),
    ({"kind": Kind.ALERT, "action": Action.CANCEL}, None, 0),
]


@pytest.mark.parametrize(("changes", "asked", "expected"), PUBLIC)
def test_what_a_rule_tells_the_public_takes_two_whatever_the_sender_calls_it(
    changes: dict[str, Any], asked: int | None, expected: int
) -> None:
    """`scope` is a word of the sender; the audience is one of the rule. What names its addressees goes to those and to no public."""
    told = rule("alarm", Audience("public", split=Split.PUBLIC), signatures=asked)
    assert expected == required_signatures(message(content(**changes)), book(told))


DEVICES: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({"priority": Priority.P0}, {}, 2),
    ({"priority": Priority.P0, "traffic": Traffic.EXERCISE}, {}, 2),
    ({"priority": Priority.P1}, {}, 0),
    ({}, {"priority": "P0"}, 2),
    ({"priority": Priority.P0}, {"signatures": 0}, 0),
    ({"priority": Priority.P0, "via": ("a",)}, {}, 0),
    ({"priority": Priority.P0, "via": ("r",)}, {}, 2),
    ({"priority": Priority.P0, "action": Action.CANCEL}, {}, 0),
]


@pytest.mark.parametrize(("changes", "asked", "expected"), DEVICES)
def test_what_starts_a_device_takes_two(changes: dict[str, Any], asked: dict[str, Any], expected: int) -> None:
    """At P0 by a ladder with a siren, whatever its kind and traffic; the rule may say otherwise, `via` may leave the siren out."""
    one, rules = message(content(kind=Kind.DISPATCH, **changes)), book(rule(**asked))
    assert expected == required_signatures(one, rules, {"r"})
    assert expected == route(one, rules, directory(), {"r"})[0].signatures


def test_the_gravest_of_all_colours_counts() -> None:
    """A blue info in front does not make a red one less urgent."""
    assert Priority.P0 is default_priority((Info(colour="Blue"), Info(colour="Red")))


def test_no_rule_asks_for_no_signature() -> None:
    """What no rule is for goes nowhere, and nobody need sign it."""
    assert 0 == required_signatures(message(), book(rule(match=Match(kind=("Alert",)))))
