"""What the linter of rules says, one mistake at a time, and that it says nothing of the rules that ship."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.engine.linting import lint_rules
from fenghuo.engine.rules import read_rules
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.directory import ContactPoint, Directory, Person, Role
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Traffic

CONFIG = Path(__file__).parents[3] / "config"
EVERYTHING = tuple(Traffic)

LADDER = """
[ladders.both]
min_risk_groups = 2
rungs = [{ channels = ["sms"] }, { channels = ["radio"] }]
"""
RULE = """
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"] }
ladder = "both"
"""


def channel(name: str, *groups: str, kind: str = "msisdn", traffic: tuple[Traffic, ...] = EVERYTHING) -> ChannelView:
    return ChannelView(name, "sim", Admin.ENABLED, Health.UP, Evidence.DEVICE, groups, name, traffic, (kind,), "sms")


SMS, RADIO = channel("sms", "cell:a"), channel("radio", "roof:hq", kind="callsign")
PEOPLE = Directory(
    roles=(Role("informant", "灾害信息员"),),
    persons=(Person("p1", "示例", "tc", ("informant",)),),
    contacts=(ContactPoint("p1", "msisdn", "+8613800000010"),),
)


def faults(text: str, *channels: ChannelView, directory: Directory = PEOPLE) -> list[str]:
    """What the linter says of rules on these channels, by default an SMS centre and a radio."""
    return list(lint_rules(read_rules(text), directory, Situation(0.0, channels or (SMS, RADIO))))


def rule(name: str, **fields: str) -> str:
    """Another rule; a field is its TOML text."""
    known = {"match": "{}", "audience": '{ name = "x", roles = ["informant"] }', "ladder": '"both"', **fields}
    return "\n".join([f'[[rules]]\nname = "{name}"', *(f"{key} = {value}" for key, value in known.items())])


def test_good_rules_have_no_fault() -> None:
    """Rules that can work are silent."""
    assert [] == faults(LADDER + RULE)


def test_a_rung_without_a_channel() -> None:
    """A ladder that names a channel nobody has is told so."""
    assert ["ladder 'both': no channel is named 'radio'"] == [one for one in faults(LADDER + RULE, SMS) if "named" in one]


def test_channels_that_share_a_risk_group() -> None:
    """Two channels on one mast are one risk group, however many more they have."""
    sentence = "ladder 'both': at most 1 of its channels share no risk group; it asks for 2"
    assert [sentence] == faults(LADDER + RULE, channel("sms", "cell:a", "mast"), channel("radio", "mast", kind="callsign"))


def test_what_is_urgent_over_channels_without_bronze() -> None:
    """A rule by which a P1 may come and no channel of whose ladder may carry it; one that carries it is enough, and so is a match."""
    bad, good = msgspec.structs.replace(SMS, ungraded="no record"), msgspec.structs.replace(RADIO, ungraded="")
    worse = msgspec.structs.replace(RADIO, ungraded="its files have changed")
    calm = LADDER + RULE.replace('kind = ["Alert"]', 'kind = ["Alert"], priority = ["P2", "P3"]')
    sentence = "carries P2 to P4 only (sms: no record; radio: its files have changed)"
    assert [f"rule 'alerts': may be P0 or P1, and every channel of ladder 'both' {sentence}"] == faults(LADDER + RULE, bad, worse)
    assert [] == faults(LADDER + RULE, bad, good) + faults(calm, bad, worse)


def test_p0_on_one_risk_group() -> None:
    """A P0 that one failure can silence is a fault even where the ladder asks for nothing."""
    text = LADDER.replace("min_risk_groups = 2", "") + RULE.replace('ladder = "both"', 'ladder = "both"\npriority = "P0"')
    shared = channel("sms", "mains:hq", "cell:a"), channel("radio", "mains:hq", "roof:hq", kind="callsign")
    assert ["rule 'alerts': is P0, and every channel of ladder 'both' is lost with mains:hq; name one that is not"] == faults(text, *shared)
    assert [] == faults(text)


def test_p0_on_one_channel() -> None:
    """A channel without risk groups fails by itself."""
    text = '[ladders.one]\nrungs = [{ channels = ["sms"] }]\n' + rule("p0", ladder='"one"', priority='"P0"')
    assert ["rule 'p0': is P0, and every channel of ladder 'one' is lost with channel:sms; name one that is not"] == faults(
        text, channel("sms")
    )


@pytest.mark.parametrize("match", ["{}", '{ kind = ["Alert"] }', '{ kind = ["Alert"], severity = ["Extreme", "Severe", "Minor"] }'])
def test_a_rule_behind_a_wider_one(match: str) -> None:
    """What an earlier rule takes and keeps never reaches a later one."""
    text = LADDER + rule("wide", match=match) + "\n" + rule("narrow", match='{ kind = ["Alert"], severity = ["Extreme"] }')
    assert ["rule 'narrow': is never reached; 'wide' before it matches all that it matches and does not continue"] == faults(text)


@pytest.mark.parametrize("match", ['{ kind = ["Dispatch"] }', '{ kind = ["Alert"], severity = ["Severe"] }', '{ colour = ["red"] }'])
def test_a_rule_behind_another_one(match: str) -> None:
    """A rule that takes less, or something else, hides nothing."""
    text = LADDER + rule("other", match=match) + "\n" + rule("narrow", match='{ kind = ["Alert"], severity = ["Extreme"] }')
    assert [] == faults(text)


def test_a_rule_behind_one_that_continues() -> None:
    """`continue` means also: what comes behind is reached."""
    assert [] == faults(LADDER + rule("wide", **{"continue": "true"}) + "\n" + rule("narrow", match='{ kind = ["Alert"] }'))


def test_a_value_that_no_message_has() -> None:
    """A slip in a closed set would silence a rule for ever."""
    (fault,) = faults(LADDER + rule("slip", match='{ kind = ["Alerts"] }'))
    assert fault.startswith("rule 'slip': match.kind has 'Alerts', which no message has; known are Alert, Dispatch")


def test_a_drill_on_a_real_channel() -> None:
    """A rule for exercises alone wants channels that carry nothing real."""
    text = LADDER + rule("drill", match='{ traffic = ["Exercise"] }')
    real = "rule 'drill': is for Exercise alone, and channel {!r} carries Actual too; give the drill an instance of its own"
    assert [real.format("sms"), real.format("radio")] == faults(text)
    drills = (channel("sms", "a", traffic=(Traffic.EXERCISE,)), channel("radio", "b", kind="callsign", traffic=(Traffic.EXERCISE,)))
    assert [] == faults(text, *drills)


def test_traffic_that_no_channel_carries() -> None:
    """A rule for traffic that its ladder may not carry reaches nobody."""
    actual = (channel("sms", "a", traffic=(Traffic.ACTUAL,)), channel("radio", "b", kind="callsign", traffic=(Traffic.ACTUAL,)))
    assert "rule 'drill': is for Exercise, and no channel of ladder 'both' may carry it" in faults(
        LADDER + rule("drill", match='{ traffic = ["Exercise", "Actual"] }'), *actual
    )


def test_a_recipient_without_address() -> None:
    """Whoever has no address on any channel of the ladder is named."""
    lonely = Directory(
        persons=(*PEOPLE.persons, Person("p2", "示例", "tc", ("informant",))), contacts=(*PEOPLE.contacts, ContactPoint("p2", "url", "x"))
    )
    assert ["rule 'alerts': 1 of 2 recipients have no address on any channel of ladder 'both': p2"] == faults(
        LADDER + RULE, directory=lonely
    )


def test_a_recipient_whom_nothing_reaches_that_shows_what_is_needed() -> None:
    """It is told and missed at every message; where anything of theirs can show it, nothing is said."""
    siren = msgspec.structs.replace(channel("siren", "mains", kind="callsign"), evidence_max=Evidence.AIRED)
    horn = Directory(roles=PEOPLE.roles, persons=PEOPLE.persons, contacts=(ContactPoint("p1", "callsign", "BJ1A"),))
    (fault,) = faults(LADDER.replace('"radio"', '"siren"') + RULE, SMS, siren, directory=horn)
    assert fault.startswith("rule 'alerts': needs DEVICE, and 1 of its recipients have only channels that show less (siren AIRED): p1")
    assert [] == faults(LADDER.replace('"radio"', '"siren"') + RULE, SMS, siren)
    heard = RULE.replace("ladder =", 'needed = "AIRED"\nladder =')
    assert [] == faults(LADDER.replace('"radio"', '"siren"') + heard, SMS, siren, directory=horn)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"audience": '{ name = "x", roles = ["mayor"] }'}, "its audience has the role 'mayor', which nobody in the directory has"),
        ({"audience": '{ name = "x", persons = ["nobody"] }'}, "names the person 'nobody', who is not in the directory"),
        ({"escalate": '[{ after_s = 60, to = "person:nobody" }]'}, "names the person 'nobody', who is not in the directory"),
        ({"audience": '{ name = "x", split = "area" }'}, "its audience is nobody in this directory"),
    ],
)
def test_people_who_are_not_there(fields: dict[str, str], sentence: str) -> None:
    """A role, a person or an audience that the directory does not know is a fault."""
    assert f"rule 'r': {sentence}" in faults(LADDER + rule("r", **fields))


def test_as_addressed_is_no_fault() -> None:
    """A rule without an audience of its own is for messages that name their addressees."""
    assert [] == faults(LADDER + rule("orders", audience='{ name = "as addressed" }'))


@pytest.mark.parametrize(
    ("rules", "channels"),
    [
        ("rules.example.toml", (channel("sms-a", "mains:hq", "cell:opA"), channel("radio", "roof:hq", kind="callsign"))),
        ("demo-rules.toml", (channel("sim-sms", "cell:demo"), channel("sim-radio", "radio:demo", kind="callsign"))),
    ],
)
def test_the_rules_that_ship_are_clean(rules: str, channels: tuple[ChannelView, ...]) -> None:
    """The examples pass the linter with the directory that ships beside them."""
    files: dict[str, str | bytes] = {path.name: path.read_text(encoding="utf-8") for path in (CONFIG / "taicang").glob("*.csv")}
    directory, _ = read_directory(files, {"msisdn": str, "callsign": str})
    assert [] == faults((CONFIG / rules).read_text(encoding="utf-8"), *channels, directory=directory)
