"""What happens while the disk is recorded: who asks for what and when, what each channel is, what far ends give back."""

from __future__ import annotations

import msgspec

from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Outcome, Permanent, Scope, Transient
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.values import Capabilities, Doubt, InboundKind

__all__ = [
    "BEARERS",
    "CUSTODY",
    "DIRECTORY",
    "END_S",
    "NODE",
    "REFUSED",
    "RETURNS",
    "RULES",
    "START",
    "STEPS",
    "USUAL",
    "Bearing",
    "Order",
    "Return",
    "Sign",
]

NODE = "centre"
START = 1_780_000_000.0
"""When the recorded part begins, UTC seconds."""

END_S = 40.0
"""Length of the recorded part, virtual seconds."""


class Bearing(msgspec.Struct, frozen=True):
    """A channel of the script: what it can do, how long one emission takes, what it says of one, whether its frames carry counters."""

    capabilities: Capabilities
    airtime_s: float = 0.2
    says: Evidence = Evidence.ACCEPTED
    has_counter: bool = False
    comes_up_s: float = 0.0
    traffic: tuple[Traffic, ...] = tuple(Traffic)


def _bearing(form: str, doubt: Doubt = Doubt.OPAQUE, **more: object) -> Bearing:
    capabilities = Capabilities(form=form, evidence_max=Evidence.DEVICE, doubt=doubt, receipt_q95_s=20.0, concurrency=4)
    return msgspec.structs.replace(Bearing(capabilities), **more)


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
    "relay": _bearing("text", says=Evidence.RELAYED),
    "drill": _bearing("text", traffic=(Traffic.EXERCISE,)),
    "late": _bearing("text", comes_up_s=30.0),
}

RULES: RuleBook = read_rules(
    "[ladders.all]\n"
    + "".join(f'[[ladders.all.rungs]]\nchannels = ["{name}"]\n' for name in BEARERS)
    + """
[[rules]]
name = "reports"
match = { kind = ["Report"] }
audience = { name = "as addressed" }
ladder = "all"
signatures = 2
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
ladder = "all"
escalate = [ { after_s = 25 } ]
"""
)

_PEOPLE = ("wang", "li", "chen", "zhao")

DIRECTORY = Directory(
    orgs=(Org("tc", "太仓市应急管理局", area=AreaRef.parse("mca:320585")),),
    persons=tuple(Person(name, name, "tc", deputy="zhao" if name == "li" else None) for name in _PEOPLE),
    contacts=tuple(ContactPoint(name, channel, f"{channel}/{name}") for name in _PEOPLE for channel in BEARERS),
)


class Order(msgspec.Struct, frozen=True):
    """A client sends our JSON under `key` at `at_s`. `old`: before the recording, under the schema before this one."""

    key: str
    at_s: float
    fields: dict[str, object]
    old: bool = False

    @property
    def name(self) -> str:
        """The idempotency key."""
        return self.key

    @property
    def raw(self) -> bytes:
        """The text names the key, so that a far end knows what it hears."""
        return msgspec.json.encode({"sender": "centre", "identifier": self.key, "text": f"[{self.key}] 立即到岗", **self.fields})


class Sign(msgspec.Struct, frozen=True):
    """`actor` signs what was sent under `key`, at `at_s`."""

    key: str
    actor: str
    at_s: float
    old: bool = False

    @property
    def name(self) -> str:
        """What this step is called in the world."""
        return f"{self.key}/{self.actor}"


def _order(key: str, at_s: float, to: str, via: str, **fields: object) -> Order:
    old = bool(fields.pop("old", False))
    names = [f"person:{name}" for name in to.split()]
    return Order(key, at_s, {"to": names, "via": via.split(), "priority": "P1", "expires_s": 1800, **fields}, old)


STEPS: tuple[Order | Sign, ...] = (
    _order("old-order", 0.0, "wang", "sms", old=True),
    _order("old-siren", 0.5, "li", "siren", needed="AIRED", old=True),
    _order("old-report", 1.0, "chen", "sms", kind="Report", old=True),
    Sign("old-report", "director", 1.5, old=True),
    _order("order", 1.0, "wang chen", "sms"),
    _order("siren", 2.0, "wang", "siren", priority="P0", needed="AIRED"),
    _order("twice", 2.0, "li", "net", priority="P2"),
    _order("asked", 3.0, "wang", "gate"),
    Sign("old-report", "deputy", 3.5),
    _order("frames", 4.0, "li chen", "radio", priority="P2", expires_s=600),
    _order("plan", 5.0, "wang", "net", priority="P2"),
    _order("short", 6.0, "zhao", "late", priority="P2", expires_s=70),
    _order("drill", 7.0, "chen", "drill siren", traffic="Exercise", priority="P2"),
    _order("plan-2", 7.5, "wang", "net", priority="P2", action="Update", reference="plan"),
    _order("custody", 9.0, "zhao", "relay", priority="P2"),
    _order("wrong", 10.0, "li", "sms"),
    _order("wrong-off", 10.1, "li", "sms", action="Cancel", reference="wrong"),
    _order("horn", 12.0, "chen", "siren", priority="P1", needed="AIRED", expires_s=60),
    _order("early-off", 13.0, "zhao", "sms", action="Cancel", reference="stillborn"),
    _order("stillborn", 14.0, "zhao", "sms"),
    _order("busy", 14.5, "zhao", "net", priority="P2"),
    _order("nobody", 14.5, "chen", "gate net", priority="P2"),
    _order("pair", 15.0, "li", "sms net"),
    _order("signed", 16.0, "wang", "sms", kind="Report"),
    Sign("signed", "director", 17.0),
    Sign("signed", "deputy", 18.0),
)


REFUSED: dict[str, Outcome] = {
    "busy": Transient(Scope.RECIPIENT, "busy", 1.5),
    "nobody": Permanent(Scope.RECIPIENT, "unknown"),
}
"""What a bearer says of the first attempt of these, without emitting anything."""


class Return(msgspec.Struct, frozen=True):
    """What a far end gives `after_s` seconds after an emission reached it."""

    after_s: float
    level: Evidence | None = Evidence.DEVICE
    kind: InboundKind = InboundKind.RECEIPT
    text: str = ""


USUAL = (Return(3.0),)
"""One receipt after three seconds."""
_ANSWER = Return(6.0, None, InboundKind.ANSWER, "收到")

RETURNS: dict[str, tuple[Return, ...]] = {
    "order": (*USUAL, _ANSWER),
    "old-order": (Return(8.0),),
    "twice": (Return(0.05), Return(4.0)),
    "asked": (Return(2.0, None, InboundKind.MESSAGE), *USUAL),
    "frames": (Return(28.0), Return(29.0)),
    "custody": (Return(11.0),),
    "pair": (Return(400.0),),
}
"""By the key of what was heard; without an entry: the usual, and nothing from a siren."""

CUSTODY = msgspec.json.encode(
    {
        "to": ["person:zhao"],
        "text": "[report] 水位超警",
        "via": ["sms"],
        "sender": "upstream",
        "identifier": "report",
        "sent": "2026-05-28T20:00:00Z",
        "expires": "2026-05-28T21:30:00Z",
    }
)
"""What a far end hands over for us to keep."""
