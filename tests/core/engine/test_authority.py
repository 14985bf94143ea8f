"""Who may raise what: grants by source, what a post below may say by itself, and what starts a device."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.engine.authority import Grant, Post, Standing, areas_behind, not_granted
from fenghuo.engine.judging import Origin, authority, may_start
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.message import AffectedArea, Geocode, Message
from fenghuo.model.traffic import Action, Kind, Priority
from tests.core.engine.values import content, directory, info, message, placed

TAICANG, LIUHE = AreaRef.parse("mca:320585"), AreaRef.parse("mca:320585105")
MET = Grant("met", areas=(TAICANG,), events=("台风", "11B06"), gravest=Priority.P1)


def alert(event: str = "台风", colour: str = "orange", code: str = "320585105", **fields: object) -> Message:
    """A warning of this event and colour for an area of this code."""
    said = info(event=event, colour=colour, severity="Unknown", areas=(placed(f"mca:{code}"),))
    return message(content(kind=Kind.ALERT, infos=(said,)), **fields)


def against(said: Message, *grants: Grant, name: str = "met", post: Post | None = None, people: Directory | None = None) -> str:
    """What is said against it, as its code; empty: nothing."""
    by_source: dict[str, tuple[Grant, ...]] = {}
    for grant in grants:
        by_source[grant.source] = (*by_source.get(grant.source, ()), grant)
    return not_granted(said, name, post=post, grants=by_source, directory=people or directory())[0]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (alert(), ""),
        (alert("暴雨"), "event"),
        (alert(colour="red"), "gravity"),
        (alert(code="320583"), "area"),
        (
            message(
                content(kind=Kind.ALERT, infos=(info(event="台风", colour="blue", severity="Extreme", areas=(placed("mca:320585"),)),))
            ),
            "gravity",
        ),
        (message(content(kind=Kind.ALERT, infos=(info(event="台风", areas=(AffectedArea("昆山市"),)),))), "area"),
        (
            message(
                content(
                    kind=Kind.ALERT,
                    infos=(
                        info(event="大风", event_codes=(Geocode("", "11B06"),), colour="blue", severity="", areas=(placed("mca:320585"),)),
                    ),
                )
            ),
            "",
        ),
        (message(content(infos=(), action=Action.CANCEL)), ""),
    ],
    ids=["as granted", "another event", "too grave", "昆山", "grave by severity", "昆山 by name", "event by code", "a cancel"],
)
def test_an_alert_needs_authority_over_its_event_gravity_and_area(said: Message, code: str) -> None:
    """Of the graver of its colour and its severity; an area that is told by name alone cannot be judged, and so is outside."""
    assert code == against(said, MET)


def test_its_name_and_every_one_of_its_codes_must_be_granted() -> None:
    """People read the one and machines act by the others. A code grants its known name, and a name its known codes."""

    def said(event: str, *codes: str) -> Message:
        named = tuple(Geocode("GB/T 35965.1", code) for code in codes)
        said = info(event=event, event_codes=named, colour="orange", severity="Unknown", areas=(placed("mca:320585"),))
        return message(content(kind=Kind.ALERT, infos=(said,)))

    both, codes, names = (Grant("met", events=events) for events in (("台风", "11B01"), ("11B01",), ("台风",)))
    rows = [
        (said("海啸", "11B01"), both, "event"),
        (said("台风", "11E02"), both, "event"),
        (said("台风", "11B01", "11E02"), both, "event"),
        (said("台风", "11B01"), both, ""),
        (said("台风", "11B01"), codes, ""),
        (said("台风", "11B01"), names, ""),
        (said("台风"), codes, ""),
        (said("", "11B01"), names, ""),
        (said("海啸", "11B01"), codes, "event"),
        (said("typhoon", "11B01"), names, "event"),
        (said(""), both, "event"),
    ]
    assert [code for _, _, code in rows] == [against(alert, grant) for alert, grant, _ in rows]


def test_an_area_is_judged_by_its_name_and_shape_too_and_not_by_its_code_alone() -> None:
    """The code is inside, and what people read, or where a far end draws the shape, is not."""
    kunshan = Area(AreaRef.parse("mca:320583"), "昆山市", "county", lat=31.38, lon=120.98)
    suzhou = Area(AreaRef.parse("mca:320500"), "苏州市", "city", lat=31.30, lon=120.58)
    people = msgspec.structs.replace(directory(), areas=(*directory().areas, kunshan, suzhou))
    around = ((31.0, 120.0), (31.0, 122.0), (32.0, 122.0), (32.0, 120.0), (31.0, 120.0))
    taicang = ((31.5, 121.0), (31.5, 121.2), (31.7, 121.2), (31.7, 121.0), (31.5, 121.0))

    def said(description: str, ring: tuple[tuple[float, float], ...] = ()) -> Message:
        area = msgspec.structs.replace(placed("mca:320585", description=description), polygons=(ring,) if ring else ())
        return message(content(infos=(info(event="台风", areas=(area,)),)))

    grant = Grant("met", areas=(TAICANG,))
    rows = [
        (said("太仓市"), ""),
        (said("江苏省苏州市太仓市沙溪镇", taicang), ""),
        (said("昆山市、苏州市全域"), "area"),
        (said("苏州市全域"), "area"),
        (said("太仓市、昆山市"), "area"),
        (said("太仓市", around), "area"),
    ]
    assert [code for _, code in rows] == [against(alert, grant, people=people) for alert, _ in rows]


def test_one_of_several_rules_is_enough_and_none_says_the_nearest_reason() -> None:
    """Rain up to yellow beside typhoon up to orange: yellow rain is allowed, red rain is too grave and not of another event."""
    rain = Grant("met", areas=(TAICANG,), events=("暴雨",), gravest=Priority.P2)
    assert ("", "gravity") == (against(alert("暴雨", "yellow"), MET, rain), against(alert("暴雨", "red"), MET, rain))


def test_kinds_senders_and_urgency_are_granted_too() -> None:
    """What a rule names it holds to; whom it leaves alone says what it said before."""
    grant = Grant("met", kinds=(Kind.ALERT,), senders=("met@tc",), most_urgent=Priority.P1)
    mine = msgspec.structs.replace(alert(), content=msgspec.structs.replace(alert().content, sender="met@tc"))
    order = msgspec.structs.replace(mine, content=msgspec.structs.replace(mine.content, kind=Kind.DISPATCH))
    urgent = msgspec.structs.replace(mine, priority=Priority.P0)
    assert ["", "kind", "sender", "urgency", ""] == [
        against(msgspec.structs.replace(mine, priority=Priority.P1), grant),
        against(order, grant),
        against(alert(), grant),
        against(urgent, grant),
        against(order, grant, name="somebody"),
    ]


BELOW = Post(Standing.BELOW, (LIUHE,))


@pytest.mark.parametrize(
    ("kind", "code", "sender", "why"),
    [
        (Kind.REPORT, "320585105", "console", ""),
        (Kind.REPORT, "320585105001", "post:BH4TC1", ""),
        (Kind.REPLY, "320585105", "console", ""),
        (Kind.REPORT, "320585110", "console", "area"),
        (Kind.REPORT, "320585", "console", "area"),
        (Kind.REPORT, "320585105", "post:BH4TC2", "sender"),
        (Kind.REPORT, "320585105", "met@tc", "sender"),
        (Kind.ALERT, "320585105", "console", "kind"),
        (Kind.DISPATCH, "320585105", "console", "kind"),
    ],
)
def test_a_post_below_reports_of_its_own_area_in_its_own_name(kind: Kind, code: str, sender: str, why: str) -> None:
    """Its area and what lies in it; an alert or an order from below, another area and another's name wait for a person."""
    said = content(kind=kind, sender=sender, infos=(info(areas=(placed(f"mca:{code}"),)),))
    assert why == against(message(said), Grant("met", senders=("met@tc",)), name="post:BH4TC1", post=BELOW)


def test_a_rule_widens_a_post_and_a_post_above_needs_none() -> None:
    """A town with a warning system of its own may raise what it was given; the head may say everything."""
    wider = Grant("post:BH4TC1", kinds=(Kind.ALERT, Kind.REPORT), areas=(LIUHE,))
    assert ["", "area"] == [against(alert(code=code), wider, name="post:BH4TC1", post=BELOW) for code in ("320585105", "320585110")]
    assert "" == against(alert(colour="red"), name="post:BH4TCC", post=Post(Standing.ABOVE))


def test_the_area_of_a_post_is_that_of_whoever_has_its_address() -> None:
    """A person's, else that of the organisation; an address of nobody is of no area."""
    people = Directory(
        orgs=(Org("liuhe", "浏河", area=LIUHE), Org("shaxi", "沙溪", area=AreaRef.parse("mca:320585104"))),
        persons=(Person("wang", "王", "shaxi", areas=(LIUHE,)), Person("li", "李", "shaxi")),
        contacts=(ContactPoint("wang", "callsign", "A"), ContactPoint("li", "callsign", "B"), ContactPoint("org:liuhe", "callsign", "C")),
    )
    assert [(LIUHE,), (AreaRef.parse("mca:320585104"),), (LIUHE,), ()] == [areas_behind(people, "callsign", call) for call in "ABCD"]


@pytest.mark.parametrize(
    ("post", "grants", "starts"),
    [
        (None, {}, True),
        (None, {"x": (Grant("x", devices=False),)}, False),
        (Post(Standing.ABOVE), {}, False),
        (Post(Standing.ABOVE, is_command=True), {}, True),
        (Post(Standing.ABOVE, is_command=True), {"x": (Grant("x", devices=False),)}, False),
        (Post(Standing.BELOW, is_command=True), {}, False),
        (Post(Standing.BELOW, is_command=True), {"x": (Grant("x", devices=True),)}, True),
        (Post(Standing.ABOVE, is_shared=True), {"x": (Grant("x", devices=True),)}, False),
    ],
)
def test_a_far_end_starts_a_device_by_a_command_alone(post: Post | None, grants: dict[str, tuple[Grant, ...]], starts: bool) -> None:
    """And only one above, or one that was given it; what came as a message, or under a group's key, never does."""
    assert starts is may_start(Origin("x", post=post), grants)


def test_what_came_under_the_key_of_a_group_is_said_to() -> None:
    """It is taken, and nobody may think that it proves more than that a member of the group made it."""
    verdict = authority(alert(), Origin("post:BH4TCC", post=Post(Standing.ABOVE, is_shared=True)), directory())
    assert verdict.ok
    assert "any member" in verdict.detail
