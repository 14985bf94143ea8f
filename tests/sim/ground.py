"""Where the simulated days take place: a county with ten people, six ways out, and the rules between them."""

from __future__ import annotations

import msgspec

from fenghuo.engine.channels import Terms
from fenghuo.engine.rules import read_rules
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities, Doubt
from fenghuo.rig.world.ground import Ground, Way

COUNTY, TOWN = AreaRef.parse("mca:320585"), AreaRef.parse("mca:320585110")
PEOPLE = tuple(f"p{number}" for number in range(10))
SIGNERS = ("chief", "leader")
PUBLIC = ("siren", "sms-b")
"""Channels of the public: no exercise and no test may ever leave by them (A4)."""

ALL_WAYS = """
[ladders.all-ways]
min_risk_groups = 2
[[ladders.all-ways.rungs]]
channels = ["sms-a", "sms-b"]
[[ladders.all-ways.rungs]]
channels = ["radio-a", "radio-b"]
mode = "parallel"
[[ladders.all-ways.rungs]]
channels = ["push"]
"""
ONE_FIBRE = """
[ladders.all-ways]
min_risk_groups = 2
[[ladders.all-ways.rungs]]
channels = ["sms-a"]
[[ladders.all-ways.rungs]]
channels = ["push"]
"""
"""Two ways that are lost together: what the linter is there to refuse."""
OTHERS = """
[ladders.in-turn]
min_risk_groups = 2
[[ladders.in-turn.rungs]]
channels = ["push"]
[[ladders.in-turn.rungs]]
channels = ["sms-a", "sms-b"]
[[ladders.in-turn.rungs]]
channels = ["radio-a", "radio-b"]
[ladders.hedged]
[[ladders.hedged.rungs]]
channels = ["sms-a"]
[[ladders.hedged.rungs]]
channels = ["radio-a"]
mode = "hedge"
[ladders.loud]
[[ladders.loud.rungs]]
channels = ["siren"]
[[rules]]
name = "sirens"
match = { kind = ["Alert"], priority = ["P0"] }
audience = { name = "sirens", split = "area", areas = "all" }
ladder = "loud"
needed = "AIRED"
continue = true
[[rules]]
name = "alerts"
match = { kind = ["Alert"] }
audience = { name = "informants", roles = ["informant"], areas = "all" }
ladder = "all-ways"
[[rules]]
name = "reports"
match = { kind = ["Report"] }
audience = { name = "as addressed" }
ladder = "hedged"
ack = "any"
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
ladder = "in-turn"
deadline_s = 300
escalate = [ { after_s = 180 } ]
"""


def _sms(**changes: object) -> Capabilities:
    plain = Capabilities("sms", Evidence.DEVICE, concurrency=4, inbound=True, receipt_q95_s=20.0, attempt_s=10.0, fee_fen=5.0)
    return msgspec.structs.replace(plain, **changes)


def _radio() -> Capabilities:
    return Capabilities("radio", Evidence.DEVICE, half_duplex=True, inbound=True, repeat_safe=True, receipt_q95_s=30.0, attempt_s=60.0)


REAL = (Traffic.ACTUAL, Traffic.SYSTEM)
WAYS = (
    Way("sms-a", ("msisdn",), _sms(), Terms(("cell:a", "fibre"))),
    Way("sms-b", ("msisdn",), _sms(doubt=Doubt.QUERYABLE), Terms(("cell:b",), traffic=REAL)),
    Way("push", ("url",), _sms(form="sms", doubt=Doubt.IDEMPOTENT, fee_fen=0.0, concurrency=8), Terms(("fibre",))),
    Way("radio-a", ("callsign",), _radio(), Terms(("hill:1",), medium="vhf")),
    Way("radio-b", ("callsign",), _radio(), Terms(("hill:2",), medium="vhf")),
    Way(
        "siren",
        ("horn",),
        Capabilities("sms", Evidence.AIRED, doubt=Doubt.ACTUATOR, human_audible=True, inbound=True, attempt_s=20.0),
        Terms(("mast",), traffic=REAL),
    ),
)


def directory() -> Directory:
    """Everybody has a telephone, a radio and a program; each one's deputy is the next."""
    persons = [
        Person(name, f"甲{place}", "tc", ("informant",) if place < 4 else ("duty",), (TOWN,), deputy=PEOPLE[(place + 1) % 10])
        for place, name in enumerate(PEOPLE)
    ]
    contacts = [
        ContactPoint(name, kind, address)
        for place, name in enumerate(PEOPLE)
        for kind, address in (
            ("msisdn", f"+861380000{place:04d}"),
            ("callsign", f"BJ1P{place}"),
            ("url", f"https://p{place}.example/in"),
        )
    ]
    return Directory(
        orgs=(Org("tc", "太仓市应急管理局", area=COUNTY),),
        persons=tuple(persons),
        contacts=(*contacts, ContactPoint(f"area:{TOWN}", "horn", "horn-1")),
        areas=(Area(COUNTY, "太仓市", "county"), Area(TOWN, "沙溪镇", "town", parent=COUNTY)),
    )


DIRECTORY = directory()
RULES, POOR_RULES = read_rules(ALL_WAYS + OTHERS), read_rules(ONE_FIBRE + OTHERS)
GROUPS = tuple(dict.fromkeys(group for way in WAYS for group in way.terms.risk_groups))
"""Whatever fails together."""
GROUND = Ground(ways=WAYS, directory=DIRECTORY, rules=RULES, public=PUBLIC, signers=SIGNERS, besides=("sirens",))
