"""What a signature covers: everything that is heard, by whom, how loud and at what cost; and what is wider than that."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fenghuo.engine.envelope import COPIES, Envelope, Noise, beyond, enclose, measured, stand_ins, widened
from fenghuo.engine.routing import route
from fenghuo.engine.rules import Escalation, Ladder, Rule, RuleBook
from fenghuo.model.audience import Audience, Split
from fenghuo.model.directory import Person
from fenghuo.model.message import Message
from fenghuo.model.roll import Roll, RollCount
from fenghuo.model.traffic import Traffic
from tests.core.engine.values import content, directory, info, message, placed, rung

INFORMANTS = Audience("informants", roles=("informant",))
RULE = Rule("alerts", INFORMANTS, "both")
RULES = RuleBook({"both": Ladder((rung("a"), rung("r")))}, (RULE,))
Noises = dict[str, Noise]
NOISES = {"a": Noise(fee_fen=5.0), "r": Noise(), "siren": Noise(100.0, 60.0)}


def about(*codes: str, **changes: Any) -> Message:
    return message(content(infos=(info(areas=(placed(*codes),)),), **changes))


def sealed(of: Message, rules: RuleBook = RULES, people: tuple[Person, ...] | None = None, noises: Noises | None = None) -> Envelope:
    known = directory() if people is None else msgspec.structs.replace(directory(), persons=people)
    roll = Roll(counts=(RollCount("mca:320585109", "msisdn", 300),))
    return enclose(of, route(of, rules, known), rules=rules, directory=known, roll=roll, noises=noises or NOISES)


def test_the_envelope_covers_content_traffic_people_and_channels() -> None:
    """A signature is worth nothing for anything else than what was shown."""
    base = about("mca:320585")
    louder = RuleBook({"both": Ladder((rung("a", "siren"),))}, (RULE,))
    seen = [
        sealed(base),
        sealed(about("mca:320585", note="other words")),
        sealed(msgspec.structs.replace(base, content=msgspec.structs.replace(base.content, traffic=Traffic.EXERCISE))),
        sealed(base, people=directory().persons[:1]),
        sealed(base, rules=RuleBook({"both": Ladder((rung("a"),))}, (RULE,))),
        sealed(msgspec.structs.replace(base, content=msgspec.structs.replace(base.content, via=("r",)))),
        sealed(base, rules=louder),
        sealed(base, rules=louder, noises={**NOISES, "siren": Noise(50.0, 60.0)}),
        sealed(base, rules=louder, noises={**NOISES, "siren": Noise(100.0, 30.0)}),
        sealed(base, noises={**NOISES, "a": Noise(fee_fen=6.0)}),
        sealed(about("mca:320585109")),
    ]
    assert len(seen) == len({one.digest for one in seen})


def test_the_envelope_outlives_what_is_none_of_its_matter() -> None:
    """Another id, another order of the directory: the same people get the same words by the same channels."""
    base = about("mca:320585")
    turned = tuple(reversed(directory().persons))
    assert sealed(base) == sealed(msgspec.structs.replace(base, number=99)) == sealed(base, people=turned)


def test_it_says_the_most_that_may_come_of_it() -> None:
    """Whoever stands in by the rule is one of its people; a public is all of its roll; four messages at the declared fee to each."""
    asks = msgspec.structs.replace(RULE, escalate=(Escalation(60.0), Escalation(90.0, "person:shuang")))
    found = sealed(about("mca:320585110"), RuleBook(RULES.ladders, (asks,)))
    assert (3, ("a", "r"), 3 * COPIES * 5.0) == (found.ceilings.people, found.channels, found.ceilings.cost_fen)
    public = Rule("public", Audience("all", split=Split.PUBLIC), "both")
    assert 300 == sealed(about("mca:320585109"), RuleBook(RULES.ladders, (public,))).ceilings.people
    assert {"shuang", "li"} == stand_ins(("wang",), asks.escalate, directory())


@pytest.mark.parametrize(
    ("noises", "says"),
    [
        ({}, ()),
        ({"siren": Noise(80.0, 40.0)}, ()),
        ({"siren": Noise(0.0, 0.0), "a": Noise(fee_fen=1.0)}, ()),
        ({"siren": Noise(100.0, 90.0)}, ("it would sound for 90 s and not 60 s",)),
        ({"a": Noise(70.0, 0.0, 5.0)}, ("a would be at 70 % and not 0 %",)),
        ({"a": Noise(fee_fen=9.0)}, ("it might cost ¥1.08 and not ¥0.60",)),
    ],
)
def test_what_is_louder_longer_or_dearer_is_wider_and_what_is_less_is_not(noises: dict[str, Noise], says: tuple[str, ...]) -> None:
    """Quieter, shorter and cheaper stay inside."""
    signed = sealed(about("mca:320585"), RuleBook({"both": Ladder((rung("a", "siren"),))}, (RULE,)))
    assert says == widened(signed, measured(signed, {**NOISES, **noises}))


def test_more_people_another_channel_and_another_area_are_wider() -> None:
    """Each with its sentence; fewer of them are not."""
    town, county = (sealed(about(code)) for code in ("mca:320585109", "mca:320585"))
    more = widened(msgspec.structs.replace(town, content=county.content), county)
    assert ("it would also be for mca:320585", "it would reach 3 and not 1", "it might cost ¥0.60 and not ¥0.20") == more[1:]
    assert "other people are informants" == more[0]
    siren = sealed(about("mca:320585"), RuleBook({"both": Ladder((rung("a"), rung("r"), rung("siren")))}, (RULE,)))
    assert "it would also leave by siren" in widened(county, siren)
    assert () == widened(siren, measured(siren, {}))
    drill = msgspec.structs.replace(siren, traffic=Traffic.EXERCISE, content="0")
    assert ("it says something else", "it is Exercise and not Actual") == widened(siren, drill)


@pytest.mark.parametrize(
    ("channel", "noise", "why"),
    [
        ("a", Noise(), ""),
        ("siren", Noise(100.0, 60.0), ""),
        ("mesh", Noise(), "it would also leave by mesh"),
        ("siren", Noise(101.0, 60.0), "siren would be at 101 % and not 100 %"),
        ("siren", Noise(100.0, 61.0), "it would sound for 61 s and not 60 s"),
    ],
)
def test_one_emission_is_inside_or_outside(channel: str, noise: Noise, why: str) -> None:
    """What the licence asks before anything leaves."""
    signed = sealed(about("mca:320585"), RuleBook({"both": Ladder((rung("a", "siren"),))}, (RULE,)))
    assert why == beyond(signed, channel, noise)
