"""Who and what is there while the disk is recorded: channels, rules, people, and a public of nine addresses."""

from __future__ import annotations

import msgspec

from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.roll import Roll
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.values import Capabilities, Doubt
from fenghuo.store.records import RollRow

__all__ = ["ACTUATORS", "BEARERS", "DIRECTORY", "NODE", "NORTH", "PAGED", "ROLL", "ROLL_PAGES", "RULES", "SOUTH", "Bearing"]

NODE = "centre"
NORTH, SOUTH = "mca:320585105", "mca:320585109"


class Bearing(msgspec.Struct, frozen=True):
    """A channel of the script: what it can do, how long one emission takes, what it says of one, whether its frames carry counters,
    whether it can be asked what became of one."""

    capabilities: Capabilities
    airtime_s: float = 0.2
    says: Evidence = Evidence.ACCEPTED
    has_counter: bool = False
    can_be_asked: bool = True
    comes_up_s: float = 0.0
    traffic: tuple[Traffic, ...] = tuple(Traffic)


def _bearing(form: str, doubt: Doubt = Doubt.OPAQUE, **more: object) -> Bearing:
    capabilities = Capabilities(form=form, evidence_max=Evidence.DEVICE, doubt=doubt, receipt_q95_s=20.0, concurrency=4)
    return msgspec.structs.replace(Bearing(capabilities), **more)


def _paged(doubt: Doubt, **more: object) -> Bearing:
    bearing = _bearing("text", doubt, **more)
    return msgspec.structs.replace(bearing, capabilities=msgspec.structs.replace(bearing.capabilities, batch=True))


BEARERS: dict[str, Bearing] = {
    "sms": _bearing("text"),
    "net": _bearing("text", Doubt.IDEMPOTENT),
    "gate": _bearing("text", Doubt.QUERYABLE),
    "radio": Bearing(
        Capabilities("text", Evidence.DEVICE, half_duplex=True, repeat_safe=True, receipt_q95_s=20.0),
        airtime_s=1.0,
        says=Evidence.AIRED,
        has_counter=True,
    ),
    "siren": _bearing("text", Doubt.ACTUATOR, airtime_s=4.0, says=Evidence.AIRED, traffic=(Traffic.ACTUAL,)),
    "bell": _bearing("text", Doubt.ACTUATOR, airtime_s=4.0, says=Evidence.AIRED, can_be_asked=False),
    "relay": _bearing("text", says=Evidence.RELAYED),
    "drill": _bearing("text", traffic=(Traffic.EXERCISE,)),
    "late": _bearing("text", comes_up_s=30.0),
    "bulk": _paged(Doubt.OPAQUE, airtime_s=1.5),
    "post": _paged(Doubt.IDEMPOTENT, airtime_s=0.8),
}
PAGED = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.batch)
ACTUATORS = frozenset(name for name, bearing in BEARERS.items() if bearing.capabilities.doubt == Doubt.ACTUATOR)
_PERSONAL = tuple(name for name in BEARERS if name not in PAGED)

RULES: RuleBook = read_rules(
    "[ladders.all]\n"
    + "".join(f'[[ladders.all.rungs]]\nchannels = ["{name}"]\n' for name in _PERSONAL)
    + f"""
[[ladders.public.rungs]]
channels = {sorted(PAGED)}
[[rules]]
name = "the public"
match = {{ kind = ["Alert"] }}
audience = {{ name = "everybody", split = "public", areas = "message" }}
ladder = "public"
needed = "DEVICE"
[[rules]]
name = "reports"
match = {{ kind = ["Report"] }}
audience = {{ name = "as addressed" }}
ladder = "all"
signatures = 2
[[rules]]
name = "orders"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
ladder = "all"
signatures = 0
escalate = [ {{ after_s = 25 }} ]
"""
)

_PEOPLE = ("wang", "li", "chen", "zhao")

DIRECTORY = Directory(
    orgs=(Org("tc", "太仓市应急管理局", area=AreaRef.parse("mca:320585")),),
    persons=tuple(Person(name, name, "tc", deputy="zhao" if name == "li" else None) for name in _PEOPLE),
    contacts=tuple(ContactPoint(name, channel, f"{channel}/{name}") for name in _PEOPLE for channel in _PERSONAL),
    areas=(Area(AreaRef.parse(NORTH), "璜泾镇", "town"), Area(AreaRef.parse(SOUTH), "双凤镇", "town")),
)


def _page(number: int, area: str, kind: str, *addresses: str) -> RollRow:
    return RollRow(number, 1, area, kind, len(addresses), "\n".join(addresses).encode())


ROLL = Roll(number=1, digest="of the script")
ROLL_PAGES = (
    _page(1, NORTH, "bulk", "bulk/n1", "bulk/n2", "bulk/n3"),
    _page(2, NORTH, "bulk", "bulk/n4", "bulk/n5"),
    _page(3, NORTH, "post", "post/n1", "post/n2"),
    _page(4, SOUTH, "bulk", "bulk/s1", "bulk/s2"),
)
"""Pages of two and three: what becomes of a page does not depend on its size."""
