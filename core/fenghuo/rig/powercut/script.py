"""What happens while the disk is recorded: who asks for what and when, what channels refuse, what far ends give back."""

from __future__ import annotations

import msgspec

from fenghuo.clock import instant
from fenghuo.model.delivery import Outcome, Paged, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.values import InboundKind
from fenghuo.rig.powercut.ground import NORTH, SOUTH

__all__ = [
    "CUSTODY",
    "END_S",
    "OPERATOR",
    "REFUSED",
    "REFUSED_PAGES",
    "RETURNS",
    "START",
    "STEPS",
    "STEP_OF",
    "USUAL",
    "USUAL_OF_A_PAGE",
    "Decide",
    "Order",
    "Return",
    "Sign",
    "Step",
]

START = 1_780_000_000.0
"""When the recorded part begins, UTC seconds."""

END_S = 40.0
"""Length of the recorded part, virtual seconds."""

OPERATOR = "operator"


class Order(msgspec.Struct, frozen=True):
    """A client sends `raw` under `key` at `at_s`. `old`: before the recording, under the schema before this one; `under`: the key of
    another step, where it takes that by mistake; `is_sound`: it may be accepted."""

    key: str
    at_s: float
    raw: bytes
    old: bool = False
    under: str = ""
    is_sound: bool = True

    @property
    def name(self) -> str:
        """What this step is called in the world."""
        return self.key


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


class Decide(msgspec.Struct, frozen=True):
    """The operator decides at `at_s` what becomes of the one delivery, or the one objective, of what was sent under `key`.

    `what`: shed or waive; or resolve, after a look at the device whether it runs."""

    key: str
    what: str
    at_s: float
    old: bool = False

    @property
    def name(self) -> str:
        """What this step is called in the world."""
        return f"{self.key}/{self.what}"


Step = Order | Sign | Decide


def _order(key: str, at_s: float, to: str, via: str, **fields: object) -> Order:
    """Our JSON. Its text names the key, so that a far end knows what it hears."""
    old, under = bool(fields.pop("old", False)), str(fields.pop("under", ""))
    names = [f"person:{name}" for name in to.split()]
    whole = {"sender": "centre", "identifier": key, "text": f"[{key}] 立即到岗", "to": names, "via": via.split()}
    raw = msgspec.json.encode({**whole, "priority": "P1", "expires_s": 1800, **fields})
    return Order(key, at_s, raw, old, under, is_sound=not under)


def _alert(key: str, at_s: float, *areas: str, action: str = "Alert", ends: str = "", severity: str = "Severe") -> Order:
    """CAP 1.2 to the public of some areas. What will end it says what was signed with it: each alert drafts that, so that it has a name."""
    sent, expires = instant(START + at_s).isoformat(), instant(START + 1_700.0).isoformat()
    about = f"<references>met,{ends},{instant(START + ALERTED[ends]).isoformat()}</references>" if ends else ""
    pairs = (area.partition(":")[::2] for area in areas)
    drafted = f"<parameter><valueName>fenghuo:correction</valueName><value>{_WORDS.format(ENDED_BY.get(key, key))}</value></parameter>"
    codes = "".join(f"<geocode><valueName>{system}</valueName><value>{code}</value></geocode>" for system, code in pairs)
    raw = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{key}</identifier><sender>met</sender>
      <sent>{sent}</sent><status>Actual</status><msgType>{action}</msgType><scope>Public</scope>{about}
      <info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>
      <severity>{severity}</severity><certainty>Likely</certainty><expires>{expires}</expires>
      <headline>{key}</headline><description>{_WORDS.format(key)}</description>{drafted}<area><areaDesc>area</areaDesc>{codes}</area></info></alert>"""
    return Order(key, at_s, raw.encode())


_WORDS = "[{}] 请勿外出"
ALERTED = {"flood": 4.5, "flood-2": 11.0}
ENDED_BY = {"flood-2": "flood-off"}

STEPS: tuple[Step, ...] = (
    _order("old-order", 0.0, "wang", "sms", old=True),
    _order("old-siren", 0.5, "li", "siren", needed="AIRED", old=True),
    _order("old-report", 1.0, "chen", "sms", kind="Report", old=True),
    Sign("old-report", "director", 1.5, old=True),
    _order("order", 1.0, "wang chen", "sms"),
    Order("torn", 1.2, b'{"text": "[torn]', is_sound=False),
    _order("another", 1.4, "zhao", "sms", under="order"),
    _order("stale", 1.6, "zhao", "sms", expires_s=None, expires=instant(START - 60.0).isoformat()),
    _order("siren", 2.0, "wang", "siren", priority="P0", needed="AIRED"),
    _order("twice", 2.0, "li", "net", priority="P2"),
    _order("asked", 3.0, "wang", "gate"),
    Sign("old-report", "deputy", 3.5),
    _order("frames", 4.0, "li chen", "radio", priority="P2", expires_s=600),
    _alert("flood", ALERTED["flood"], NORTH, SOUTH),
    _order("plan", 5.0, "wang", "net", priority="P2"),
    Sign("flood", "director", 5.2),
    Sign("flood", "deputy", 5.6),
    _order("short", 6.0, "zhao", "late", priority="P2", expires_s=70),
    _order("brief", 6.2, "wang", "late", priority="P2", expires_s=9),
    _order("shed", 6.4, "li", "late", priority="P2"),
    _order("waived", 6.6, "chen", "late", priority="P2"),
    _order("drill", 7.0, "chen", "drill siren", traffic="Exercise", priority="P2"),
    _order("plan-2", 7.5, "wang", "net", priority="P2", action="Update", reference="plan"),
    _order("mute", 8.0, "zhao", "bell", needed="AIRED"),
    _order("custody", 9.0, "zhao", "relay", priority="P2"),
    Decide("shed", "shed", 9.4),
    Decide("waived", "waive", 9.8),
    _order("wrong", 10.0, "li", "sms"),
    _order("wrong-off", 10.1, "li", "sms", action="Cancel", reference="wrong"),
    _alert("flood-2", ALERTED["flood-2"], NORTH, action="Update", ends="flood"),
    Sign("flood-2", "director", 11.4),
    _order("horn", 12.0, "chen", "siren", priority="P1", needed="AIRED", expires_s=60),
    Sign("flood-2", "deputy", 12.2),
    _order("early-off", 13.0, "zhao", "sms", action="Cancel", reference="stillborn"),
    _order("stillborn", 14.0, "zhao", "sms"),
    _order("busy", 14.5, "zhao", "net", priority="P2"),
    _order("nobody", 14.5, "chen", "gate net", priority="P2"),
    _order("pair", 15.0, "li", "sms net"),
    _alert("flood-off", 15.6, NORTH, action="Cancel", ends="flood-2"),
    _order("signed", 16.0, "wang", "sms", kind="Report"),
    _order("last", 16.2, "zhao", "net", priority="P2", expires_s=4.6),
    Decide("mute", "resolve", 16.5),
    Sign("signed", "director", 17.0),
    Sign("signed", "deputy", 18.0),
    _alert("heat", 19.0, NORTH, SOUTH, severity="Moderate"),
    Sign("heat", "director", 19.4),
    Sign("heat", "deputy", 19.8),
)
STEP_OF: dict[str, Step] = {step.name: step for step in STEPS}


REFUSED: dict[str, Outcome] = {
    "busy": Transient(Scope.RECIPIENT, "busy", 1.5),
    "last": Transient(Scope.RECIPIENT, "busy", 4.0),
    "nobody": Permanent(Scope.RECIPIENT, "unknown"),
    "mute": Unknown("no answer from the device"),
}
"""What a bearer says of the first attempt of these, without emitting anything."""

_SOME = ((0, Permanent(Scope.RECIPIENT, "unknown")), (1, Transient(Scope.RECIPIENT, "busy", 1.5)))
REFUSED_PAGES: dict[tuple[str, str], Outcome | Paged] = {
    ("bulk", "heat"): Paged(Reached(Evidence.ACCEPTED), _SOME),
    ("bulk", "flood-2"): Transient(Scope.RECIPIENT, "busy", 1.0),
}
"""The same of pages, by channel and key: of all of them, or of some places on a page that is longer."""


class Return(msgspec.Struct, frozen=True):
    """What a far end gives `after_s` seconds after an emission reached it. Of a page: for its addresses from `first` to before `last`;
    `by_token`: it names our token, and not its own name of the emission."""

    after_s: float
    level: Evidence | None = Evidence.DEVICE
    kind: InboundKind = InboundKind.RECEIPT
    text: str = ""
    first: int = 0
    last: int = 1_000
    by_token: bool = False


USUAL = (Return(3.0),)
"""One receipt after three seconds."""
USUAL_OF_A_PAGE = {
    "bulk": (Return(1.0, last=1), Return(4.5, first=1)),
    "post": (Return(0.3, last=1, by_token=True), Return(3.0, by_token=True)),
}
"""By channel: of somebody first, while the page has no outcome yet, by its name over one of them, by our token over the other; and then
of the others."""
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
