"""Who lives where and what reaches them there, and what works in which place."""

from __future__ import annotations

from typing import Any

import pytest

from fenghuo.engine.inhabited import carriers, inhabited, working
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Inventory, People, PublicChannel, Reach
from fenghuo.model.directory import Directory
from fenghuo.model.situation import Admin, ChannelView, Health
from fenghuo.model.traffic import Traffic
from tests.core.engine.values import situation, view

COUNTY, TOWN, LEGAL, ALONE = (AreaRef.parse(code) for code in ("nbs:320585", "nbs:320585104", "mca:320585105", "mca:320585001"))
XINHUA, RONGWEN, XINLIAN = (AreaRef.parse(f"nbs:3205851042{number:02d}") for number in (0, 1, 2))
DIRECTORY = Directory(
    areas=(
        Area(COUNTY, "太仓市", "county"),
        Area(TOWN, "璜泾镇", "town", parent=COUNTY),
        Area(LEGAL, "璜泾镇", "town", same_as=TOWN),
        Area(ALONE, "娄东街道", "town"),
        *(Area(ref, name, "village", parent=TOWN) for ref, name in ((XINHUA, "新华村"), (RONGWEN, "荣文村"), (XINLIAN, "新联村"))),
    )
)
CHANNELS = (PublicChannel("sms", "短信", "sms", ("sim.sms",)), PublicChannel("tv", "电视", "tv", ("r",)))


def inventory(*people: tuple[AreaRef, int], reach: tuple[Reach, ...] = ()) -> Inventory:
    return Inventory(CHANNELS, tuple(People(*row) for row in people), reach)


def test_a_towns_people_are_shared_out_among_villages_without_a_figure() -> None:
    """What the others have is taken off first; how many are such estimates is known."""
    laid = inhabited(inventory((TOWN, 9_000), (XINHUA, 4_000)), DIRECTORY)
    assert {XINHUA: 4_000, RONGWEN: 2_500, XINLIAN: 2_500} == {unit.area: unit.people for unit in laid.units}
    assert (2, "璜泾镇") == (laid.shared_out, laid.units[0].town_name)


def test_a_town_without_villages_is_one_place() -> None:
    """娄东街道 has no village list; its people still count, under its own name."""
    (unit,) = inhabited(inventory((ALONE, 140_000)), DIRECTORY).units
    assert (ALONE, ALONE, 140_000) == (unit.area, unit.town, unit.people)


def test_what_is_known_of_the_nearest_area_holds() -> None:
    """Of the village itself, else of its town, by either code of that town."""
    rows = (Reach(LEGAL, "sms", 0.8), Reach(LEGAL, "tv", 0.5, ("mains:huangjing",)), Reach(XINHUA, "sms", 0.6))
    units = {unit.area: unit for unit in inhabited(inventory((TOWN, 900), reach=rows), DIRECTORY).units}
    assert ({"sms": 0.6, "tv": 0.5}, {"sms": 0.8, "tv": 0.5}) == (units[XINHUA].reach, units[RONGWEN].reach)
    assert {"tv": ("mains:huangjing",)} == units[XINHUA].hangs_on


@pytest.mark.parametrize("code", ["nbs:320585104", "mca:320585105", "nbs:320585", "nbs:320585104000"])
def test_the_places_of_an_area_are_found_by_either_code(code: str) -> None:
    """The village list is of one system, and most alerts are of the other."""
    laid = inhabited(inventory((TOWN, 900), (ALONE, 100)), DIRECTORY)
    assert {XINHUA, RONGWEN, XINLIAN} == {unit.area for unit in laid.within([AreaRef.parse(code)])}


def test_a_code_of_the_other_system_finds_nobody_by_its_digits() -> None:
    """320585105 is 璜泾镇 in one list and 双凤镇 in the other."""
    assert () == inhabited(inventory((TOWN, 900)), DIRECTORY).within([AreaRef.parse("nbs:320585105")])


def test_what_the_directory_lost_is_told() -> None:
    """An import can take an area away that the inventory names."""
    gone = AreaRef.parse("nbs:320585999")
    laid = inhabited(inventory((TOWN, 900), (gone, 5)), DIRECTORY)
    assert ((gone,), 900, 3) == (laid.unknown, sum(unit.people for unit in laid.units), laid.unreached)


def works(*views: ChannelView, lose: tuple[str, ...] = (), **asked: Any) -> dict[AreaRef, set[str]]:
    """By village the channels that work there."""
    rows = (Reach(TOWN, "sms", 0.8, ("cell:huangjing",)), Reach(TOWN, "tv", 0.5, ("mains:huangjing",)))
    held = inventory((TOWN, 900), reach=rows)
    found = working(inhabited(held, DIRECTORY).units, carriers(held, situation(*views)), lose, **asked)
    return {area: {channel for channel, share in by_channel.items() if share} for area, by_channel in found.items()}


BOTH, EVERYWHERE = {"sms", "tv"}, (XINHUA, RONGWEN, XINLIAN)


@pytest.mark.parametrize(
    ("views", "lose", "left"),
    [
        ((view("a"), view("r")), (), BOTH),
        ((view("a", health=Health.DOWN), view("r")), (), {"tv"}),
        ((view("a", health=Health.DOWN), view("b"), view("r")), (), BOTH),
        ((view("a", admin=Admin.DISABLED), view("r")), (), {"tv"}),
        ((view("a", traffic=(Traffic.EXERCISE,)), view("r")), (), {"tv"}),
        ((view("a"),), (), {"sms"}),
        ((view("a"), view("r")), ("cell:huangjing",), {"tv"}),
        ((view("a"), view("r")), ("cell:huangjing", "mains:huangjing"), set()),
        ((view("a"), view("b"), view("r")), ("a",), BOTH),
        ((view("a"), view("b"), view("r")), ("sms",), {"tv"}),
        ((view("a", risk_groups=("mains:hq",)), view("b", risk_groups=("mains:hq",)), view("r")), ("mains:hq",), {"tv"}),
    ],
)
def test_a_channel_works_while_one_instance_stands_and_the_place_has_what_it_hangs_on(
    views: tuple[ChannelView, ...], lose: tuple[str, ...], left: set[str]
) -> None:
    """Everywhere alike: health, administration, real traffic, what is supposed to have failed."""
    assert dict.fromkeys(EVERYWHERE, left) == works(*views, lose=lose)


@pytest.mark.parametrize("name", ["sms", "a", "cell:huangjing", "cell:opA"])
def test_what_fails_in_one_area_fails_there_alone(name: str) -> None:
    """A public channel, an instance, what the place hangs on, or what the instance does."""
    found = works(view("a", risk_groups=("cell:opA",)), view("r"), lose=(f"{name}@nbs:320585104200",))
    assert {XINHUA: {"tv"}, RONGWEN: BOTH, XINLIAN: BOTH} == found


def test_of_two_instances_one_down_and_one_lost_here_none_is_left_here() -> None:
    """And elsewhere the second still stands."""
    found = works(view("a", health=Health.DOWN), view("b"), view("r"), lose=("b@nbs:320585104200",))
    assert ({"tv"}, BOTH) == (found[XINHUA], found[RONGWEN])


@pytest.mark.parametrize("health", list(Health))
def test_what_merely_is_not_known_to_be_down_is_no_sure_channel(health: Health) -> None:
    """UNKNOWN and SUSPECT count as working, and not as sure."""
    sure = health in (Health.UP, Health.PROBATION)
    assert ("sms" in works(view("a", health=health))[XINHUA]) is (health is not Health.DOWN)
    assert ("sms" in works(view("a", health=health), is_sure=True)[XINHUA]) is sure
