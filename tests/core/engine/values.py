"""Small values that the tests of the engine share: one objective, one person, two telephones and a radio."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from fenghuo.engine.advance import Frame, Step, advance
from fenghuo.engine.last_attempt import OVERRIDES
from fenghuo.engine.rules import Rung, RungMode
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, Target, Token
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import AffectedArea, Content, Geocode, Info, Message, MessageId, MessageState, content_hash
from fenghuo.model.situation import Admin, ChannelView, Health, Situation
from fenghuo.model.traffic import Action, Kind, Priority, Traffic

NOW = 1_000_000.0
Q95_S = 30.0

SHUANGFENG_MCA = AreaRef.parse("mca:320585109")
SHUANGFENG_NBS = AreaRef.parse("nbs:320585105")
HUANGJING_MCA = AreaRef.parse("mca:320585105")
HUANGJING_NBS = AreaRef.parse("nbs:320585104")


def view(name: str, **changes: Any) -> ChannelView:
    """A healthy channel; names that begin with r take callsigns and may be repeated."""
    is_radio = name.startswith("r")
    plain = ChannelView(
        name=name,
        type="sim.radio" if is_radio else "sim.sms",
        admin=Admin.ENABLED,
        health=Health.UP,
        evidence_max=Evidence.DEVICE,
        risk_groups=(name,),
        medium=name,
        traffic=tuple(Traffic),
        address_kinds=("callsign",) if is_radio else ("msisdn",),
        form="radio" if is_radio else "sms",
        latency_q95_s=Q95_S,
        repeat_safe=is_radio,
    )
    return msgspec.structs.replace(plain, **changes)


def situation(*views: ChannelView) -> Situation:
    return Situation(at=NOW, channels=views or (view("a"), view("b"), view("r")))


def objective(**changes: Any) -> Objective:
    plain = Objective(
        id=1,
        message=MessageId("M"),
        revision=1,
        audience="people",
        needed=Evidence.DEVICE,
        ack_rule="all",
        priority=Priority.P2,
        traffic=Traffic.ACTUAL,
        ladder="both",
        rule="orders",
        deadline_at=NOW + 300,
        opened_at=NOW,
        total=1,
        planned=1,
    )
    return msgspec.structs.replace(plain, **changes)


def target(**changes: Any) -> Target:
    return msgspec.structs.replace(Target(objective=1, recipient="wang"), **changes)


def delivery(key: int = 1, channel: str = "a", **changes: Any) -> Delivery:
    """A delivery as opening makes it: HELD until its rung comes."""
    plain = Delivery(
        id=key,
        objective=1,
        message=MessageId("M"),
        revision=1,
        recipient="wang",
        channel=channel,
        address=f"address-{channel}",
        token=Token(f"token-{key}"),
        form="sms",
        rung=0,
        priority=Priority.P2,
        traffic=Traffic.ACTUAL,
        state=DeliveryState.HELD,
        reason="rung",
        expires_at=NOW + 3600,
    )
    return msgspec.structs.replace(plain, **changes)


def emitting(key: int = 1, channel: str = "a", **changes: Any) -> Delivery:
    return delivery(key, channel, **{"state": DeliveryState.EMITTING, "reason": "", "tries": 1, **changes})


def awaiting(key: int = 1, channel: str = "a", **changes: Any) -> Delivery:
    usual = {"state": DeliveryState.AWAITING, "reason": "", "tries": 1, "until": NOW + Q95_S, "evidence": Evidence.ACCEPTED}
    return delivery(key, channel, **{**usual, **changes})


def doubtful(key: int = 1, channel: str = "a", **changes: Any) -> Delivery:
    usual = {"state": DeliveryState.IN_DOUBT, "reason": "timeout", "tries": 1, "until": NOW + Q95_S, "not_before": NOW}
    return delivery(key, channel, **{**usual, **changes})


def rung(*channels: str, mode: RungMode = RungMode.THEN, after_s: float | None = None) -> Rung:
    return Rung(channels, mode, after_s)


def frame(*rungs: Rung, **changes: Any) -> Frame:
    plain = Frame(
        objective=objective(),
        rungs=rungs or (rung("a"), rung("b")),
        message_state=MessageState.ACTIVE,
        released=True,
        situation=situation(),
        now=NOW,
    )
    return msgspec.structs.replace(plain, **changes)


class Story:
    """One target from turn to turn, as the loop would hold it."""

    def __init__(self, *deliveries: Delivery, of: Target | None = None, at: Frame | None = None) -> None:
        self.target = of or target()
        self.deliveries = {one.id: one for one in deliveries}
        self.frame = at or frame()
        self.asked: list[str] = []

    def turn(self, **changes: Any) -> Step:
        """Advance once, with the frame changed from now on."""
        self.frame = msgspec.structs.replace(self.frame, **changes)
        step = advance(self.target, tuple(self.deliveries.values()), self.frame)
        self.target = step.target
        self.deliveries.update({one.id: one for one in step.changed})
        self.asked += step.ask
        return step

    def later(self, seconds: float) -> Step:
        return self.turn(now=self.frame.now + seconds)

    def change(self, key: int, by: Callable[[Delivery], Delivery]) -> None:
        self.deliveries[key] = by(self.deliveries[key])

    def emit(self, key: int) -> None:
        """What the licence does to a READY delivery."""
        one = self.deliveries[key]
        assert DeliveryState.READY is one.state
        reason = one.reason if one.reason in OVERRIDES else ""
        self.deliveries[key] = msgspec.structs.replace(one, state=DeliveryState.EMITTING, reason=reason, tries=one.tries + 1, until=None)

    @property
    def states(self) -> dict[int, DeliveryState]:
        return {key: one.state for key, one in self.deliveries.items()}


def info(**changes: Any) -> Info:
    return msgspec.structs.replace(Info(event="台风", headline="太仓市台风红色预警", description="台风将登陆"), **changes)


def placed(*codes: str, description: str = "") -> AffectedArea:
    """An area of a message by codes such as mca:320585110."""
    return AffectedArea(description, geocodes=tuple(Geocode(*code.split(":")) for code in codes))


def content(**changes: Any) -> Content:
    plain = Content(
        kind=Kind.DISPATCH,
        action=Action.NEW,
        traffic=Traffic.ACTUAL,
        sender="centre",
        identifier="X-1",
        sent=datetime(1970, 1, 12, 13, 46, 40, tzinfo=UTC),
        infos=(info(),),
    )
    return msgspec.structs.replace(plain, **changes)


def message(of: Content | None = None, **changes: Any) -> Message:
    what = of or content()
    plain = Message(
        id=MessageId("M"),
        revision=1,
        content=what,
        priority=Priority.P2,
        content_hash=content_hash(what),
        accepted_at=NOW,
        expires_at=NOW + 3600,
        number=17,
        source="met",
        author="met",
    )
    return msgspec.structs.replace(plain, **changes)


def directory() -> Directory:
    """The two towns whose codes collide across the systems, a third one, and a person in each; wang's deputy is li."""
    sha = AreaRef.parse("mca:320585110")
    county = AreaRef.parse("mca:320585")
    return Directory(
        orgs=(Org("tc", "太仓市应急管理局", area=county), Org("hj", "璜泾镇", area=HUANGJING_MCA)),
        persons=(
            Person("wang", "王", "tc", ("informant",), (sha,), deputy="li"),
            Person("li", "李", "tc", ("deputy",), (sha,)),
            Person("huang", "黄", "hj", ("informant",), (HUANGJING_MCA,)),
            Person("shuang", "双", "tc", ("informant", "duty"), (SHUANGFENG_MCA,)),
        ),
        contacts=(
            ContactPoint("wang", "msisdn", "+8613800000001"),
            ContactPoint("wang", "callsign", "BJ1WANG"),
            ContactPoint("li", "msisdn", "+8613800000002"),
            ContactPoint("huang", "msisdn", "+8613800000003"),
            ContactPoint("shuang", "callsign", "BJ1SHUA"),
            ContactPoint("area:mca:320585110", "callsign", "BJ1SHAX"),
            ContactPoint("group:all", "callsign", "ALL"),
        ),
        areas=(
            Area(county, "太仓市", "county"),
            Area(sha, "沙溪镇", "town", parent=county, lat=31.56618, lon=121.05729),
            Area(HUANGJING_MCA, "璜泾镇", "town", parent=county, same_as=HUANGJING_NBS, lat=31.65182, lon=121.105),
            Area(SHUANGFENG_MCA, "双凤镇", "town", parent=county, same_as=SHUANGFENG_NBS, lat=31.51663, lon=121.02524),
            Area(HUANGJING_NBS, "璜泾镇", "town", same_as=HUANGJING_MCA),
            Area(SHUANGFENG_NBS, "双凤镇", "town", same_as=SHUANGFENG_MCA),
        ),
    )
