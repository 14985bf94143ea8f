"""What a mode does to a channel of the node, and to whatever goes to one recipient."""

from __future__ import annotations

import pytest

from fenghuo.engine.modes import Declared, Modes, Stand
from fenghuo.engine.modes_effect import FREE, InForce, Ruled, is_shed, lies_in, overlaid, ruled, short_form, stretched
from fenghuo.engine.modes_profile import NOTHING, Detail, Overlay, Profile
from fenghuo.engine.planning import best_first
from fenghuo.engine.renditions import RenditionShelf
from fenghuo.engine.rules import Escalation
from fenghuo.formats.renditions import sms_text
from fenghuo.model.area import Area, AreaRef, CodeSystem
from fenghuo.model.directory import Directory, Org, Person
from fenghuo.model.mode import Axis
from fenghuo.model.situation import Admin, Health, Situation
from fenghuo.model.traffic import Kind, Priority
from fenghuo.plugin.ports import Renderer
from fenghuo.plugin.values import PowerLevel
from tests.core.engine.values import content, info, message, view
from tests.core.store.rows import StillClock

TOWN, VILLAGE, OTHER = (AreaRef(CodeSystem.MCA, code) for code in ("320585105", "320585105201", "320585110"))
TOWN_NBS, ELSEWHERE_NBS = (AreaRef(CodeSystem.NBS, code) for code in ("320585104", "320585105"))
DARK = Profile(Axis.NETWORK, "isolated", Overlay(enable=("hf",), shed=("P4",)), Overlay(inhibit=("sms",), delegate=("leader",)))
SAVE = Profile(Axis.POWER, "battery_min", NOTHING, Overlay(power={"vsat": PowerLevel.LISTEN}, probe_every=3.0, reserve={"vhf": 0.5}))
PROFILES = {(one.axis, one.mode): one for one in (DARK, SAVE)}
PEOPLE = Directory(
    orgs=(Org("town", "town", area=TOWN), Org("other", "other", area=OTHER)),
    persons=(
        Person("wang", "Wang", "town"),
        Person("li", "Li", "other", areas=(VILLAGE,)),
        Person("zhao", "Zhao", "other", areas=(VILLAGE, OTHER)),
        Person("sun", "Sun", "other", areas=(TOWN, TOWN_NBS)),
        Person("zhou", "Zhou", "other", areas=(ELSEWHERE_NBS,)),
    ),
    areas=(Area(TOWN, "town", "town", same_as=TOWN_NBS), Area(TOWN_NBS, "town", "town"), Area(ELSEWHERE_NBS, "elsewhere", "town")),
)


def stand(axis: Axis, mode: str, place: str = "", *, is_declared: bool = True) -> Stand:
    return Stand(axis, place, mode, is_declared=is_declared, by="duty1" if is_declared else "")


def test_a_channel_is_ruled_by_the_modes_of_the_node_and_lent_by_one_of_a_place() -> None:
    """One that may not draw all it needs is inhibited, too; of a place alone nothing is taken from the node."""
    here = (stand(Axis.NETWORK, "isolated"), stand(Axis.POWER, "battery_min"))
    assert Ruled(inhibited="mode network isolated, declared by duty1", probe_every=3.0, reserve=0.5) == ruled("sms", "vhf", here, PROFILES)
    assert "mode power battery_min, declared by duty1" == ruled("vsat", "sky", here, PROFILES).inhibited
    assert Ruled(enabled="mode network isolated", is_lent=True) == ruled(
        "hf", "hf", [stand(Axis.NETWORK, "isolated", is_declared=False)], PROFILES
    )
    there = (stand(Axis.NETWORK, "isolated", "town"), stand(Axis.POWER, "battery_min", "town"))
    assert (FREE, Ruled(is_lent=True)) == (ruled("sms", "vhf", there, PROFILES), ruled("hf", "vhf", there, PROFILES))


@pytest.mark.parametrize(
    ("recipient", "place", "is_there"),
    [
        ("wang", "town", True),
        ("wang", "320585105000", True),
        ("wang", "mca:320585105", True),
        ("wang", "nbs:320585105", False),
        ("wang", "320585105201", False),
        ("li", "320585105000", True),
        ("li", "320585110000", False),
        ("zhao", "320585105000", False),
        ("zhao", "320585000000", True),
        ("sun", "mca:320585105", True),
        ("sun", "nbs:320585104", True),
        ("sun", "nbs:320585105", False),
        ("wang", "nbs:320585104", True),
        ("zhou", "mca:320585105", False),
        ("org:town", "320585105000", True),
        ("area:mca:320585105201", "320585105000", True),
        ("group:all", "320585000000", False),
    ],
)
def test_a_mode_of_a_place_is_over_whoever_is_there(recipient: str, place: str, is_there: bool) -> None:
    """Where somebody is, is told by their own areas, else by those of their organisation; who is also elsewhere is reached as ever."""
    clock = StillClock()
    modes = Modes(clock)
    modes.declare(Declared(Axis.NETWORK, place, "isolated", "duty1", "storm", clock.now, clock.now + 60.0))
    assert is_there == is_shed(Priority.P4, InForce(modes, PROFILES, lambda: PEOPLE).of(recipient))


def test_what_is_laid_over_everybody_and_who_may_sign_follow_the_modes() -> None:
    """As soon as they change, and as long as they hold."""
    clock = StillClock()
    modes = Modes(clock)
    in_force = InForce(modes, PROFILES, lambda: PEOPLE)
    assert (NOTHING, frozenset()) == (in_force.of("wang"), in_force.delegates())
    modes.declare(Declared(Axis.NETWORK, "", "isolated", "duty1", "storm", clock.now, clock.now + 60.0))
    assert (("sms",), ("sms",)) == (in_force.of("wang").inhibit, in_force.node().inhibit)
    assert {"leader"} == in_force.delegates()
    clock.now += 60.0
    modes.look()
    assert (NOTHING, frozenset()) == (in_force.of("wang"), in_force.delegates())


def test_a_situation_under_a_mode_has_its_channels_as_the_mode_says() -> None:
    """A silent one is open to a P0 alone; what an operator has disabled no mode enables."""
    plain = Situation(0.0, (view("a"), view("b"), view("c", admin=Admin.STANDBY), view("d", admin=Admin.DISABLED)))
    overlay = Overlay(inhibit=("a",), silence=("b",), enable=("c", "d"), weight={"c": 2.0})
    laid = overlaid(plain, overlay, Priority.P1).channel
    assert [Admin.INHIBITED, Admin.SILENT, Admin.ENABLED, Admin.DISABLED] == [laid[name].admin for name in "abcd"]
    assert (2.0, Admin.ENABLED) == (laid["c"].weight, overlaid(plain, overlay, Priority.P0).channel["b"].admin)
    assert plain is overlaid(plain, Overlay(shed=("P4",)), Priority.P1)


def test_of_alternates_that_are_equally_well_the_heavier_goes_first() -> None:
    """Before what is cheaper; one that is not well is none the better for its weight."""
    plain = Situation(0.0, (view("a"), view("b", fee_fen=50.0), view("c", health=Health.SUSPECT)))
    laid = overlaid(plain, Overlay(weight={"b": 2.0, "c": 9.0}), Priority.P2)
    assert [("a", "b", "c"), ("b", "a", "c")] == [best_first(("a", "b", "c"), one, "wang") for one in (plain, laid)]


def test_short_says_what_must_be_said_and_fits_one_message() -> None:
    """Of an alert with a long description."""
    shelf = RenditionShelf({"sms": Renderer("sms", sms_text)})
    long = content(kind=Kind.ALERT, infos=(info(description="大雨" * 300),))
    rows = [shelf.make(message(long), form) for form in ("sms", "sms/140")]
    full, short = (row.text if row is not None else "" for row in rows)
    assert (True, True, True) == (len(full) > 300, 0 < len(short) <= 70, short.startswith(full[:9]))


def test_short_is_one_short_message_of_a_text_and_nothing_else_is_cut() -> None:
    """A machine's form says all or nothing."""
    short = Overlay(rendition=Detail.SHORT)
    assert ["sms/140", "sms/100", "radio/140", "json", "frame/200"] == [
        short_form(form, short) for form in ("sms", "sms/100", "radio/256", "json", "frame/200")
    ]
    assert "sms" == short_form("sms", NOTHING)


def test_escalation_waits_so_many_times_as_long() -> None:
    """Each step from the beginning."""
    steps = (Escalation(60.0), Escalation(90.0, "person:li"))
    assert (30.0, 45.0) == tuple(step.after_s for step in stretched(steps, 0.5))
    assert steps is stretched(steps, 1.0)


def test_a_place_lies_in_another_by_its_code() -> None:
    """A village in its town and county, whatever zeros fill the code up; a site is in itself alone."""
    inside = [("320585105000", "320585105201"), ("320585", "320585105201"), ("town", "town")]
    outside = [("320585105201", "320585105000"), ("320585100", "320585105201"), ("town", "320585105000")]
    assert [True] * 3 + [False] * 3 == [lies_in(outer, inner) for outer, inner in (*inside, *outside)]
