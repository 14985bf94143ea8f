"""Who keeps the inventory: read beside the directory, whole or not at all, laid over the areas once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.engine.coverage import Light, coverage
from fenghuo.engine.inhabited import carriers, inhabited, working
from fenghuo.errors import SettingsError
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import Directory
from fenghuo.service.directory import csv_files
from fenghuo.service.inventory import InventoryKeeper, inventory_of
from tests.core.engine.values import situation, view

pytestmark = pytest.mark.may_block("the test itself writes files")

EXAMPLE = Path(__file__).parents[3] / "config/taicang"
COAST = tuple(AreaRef.parse(f"mca:320585{town}") for town in ("111", "103", "105"))
"""浏河镇, 浮桥镇, 璜泾镇, by the codes that an alert has."""
TOWN = AreaRef.parse("nbs:320585104")
DIRECTORY = Directory(areas=(Area(TOWN, "璜泾镇", "town"),))
FILES = {
    "people.csv": "area,people,source,verified\nnbs:320585104,66113,survey,no\n",
    "channels.csv": "name,group,source,verified\nsms,sms,guess,no\n",
    "reach.csv": "area,channel,reach,source,verified\nnbs:320585104,sms,0.9,guess,no\n",
}


def write(folder: Path, **changed: str) -> None:
    (folder / "coverage").mkdir(exist_ok=True)
    for name, text in {**FILES, **{f"{name}.csv": text for name, text in changed.items()}}.items():
        (folder / "coverage" / name).write_text(text, encoding="utf-8")


async def test_it_is_read_beside_the_directory_and_laid_over_its_areas(tmp_path: Path) -> None:
    """The same one twice is laid once; a new directory is laid anew."""
    write(tmp_path)
    keeper = InventoryKeeper()
    keeper.use(await keeper.read_folder(tmp_path, DIRECTORY))
    laid = keeper.inhabited(DIRECTORY)
    assert [(TOWN, 66_113)] == [(unit.area, unit.people) for unit in laid.units]
    assert laid is keeper.inhabited(DIRECTORY)
    assert () == keeper.inhabited(Directory()).units


async def test_a_folder_without_one_is_an_empty_inventory(tmp_path: Path) -> None:
    """So that taking the folder away takes its figures away."""
    assert () == (await InventoryKeeper().read_folder(tmp_path, DIRECTORY)).people


async def test_one_mistake_and_none_of_it_is_used(tmp_path: Path) -> None:
    """The sentence names the folder, too."""
    write(tmp_path, reach="area,channel,reach,source,verified\nnbs:320585104,sms,9,guess,no\n")
    keeper = InventoryKeeper()
    with pytest.raises(SettingsError) as refused:
        await keeper.read_folder(tmp_path, DIRECTORY)
    says = f'{tmp_path.name}/coverage/reach.csv, line 2, column reach: "9" is no share; it must be a number from 0 to 1, as 0.85'
    assert ((says,), ()) == (refused.value.faults, keeper.inventory.people)


@pytest.mark.parametrize(
    ("lose", "expected", "huangjing", "light"),
    [
        ((), (91.7, 98.9, 99.4), 98.8, Light.GREEN),
        (("cell:huangjing",), (89.5, 96.5, 97.7), 90.0, Light.AMBER),
        (("cell:huangjing", "mains:huangjing"), (89.5, 93.7, 95.8), 80.0, Light.RED),
        (("sms@mca:320585105", "tv@nbs:320585104"), (89.5, 93.7, 95.8), 80.0, Light.RED),
    ],
)
def test_the_shipped_inventory_has_the_figures_of_the_typhoon(
    lose: tuple[str, ...], expected: tuple[float, float, float], huangjing: float, light: Light
) -> None:
    """In all 57 villages of three towns, over the shipped types of channel, as one town loses its network and its mains. Source: S1."""
    directory, _ = read_directory(csv_files(EXAMPLE), {"msisdn": str, "callsign": str})
    inventory, faults = inventory_of(EXAMPLE, directory)
    channels = situation(view("text", type="sms.smpp"), view("platform", type="broadcast.platform"), view("horn", type="siren.modbus"))
    laid = inhabited(inventory, directory)
    units = laid.within(COAST)
    groups = {channel.name: channel.group for channel in inventory.channels}
    found = coverage(units, groups, working(units, carriers(inventory, channels), lose))
    total = tuple(round(share * 100, 1) for share in (found.total.lower, found.total.grouped, found.total.independent))
    (town,) = (town for town in found.towns if town.name == "璜泾镇")
    assert ((), 160, 57, 241_113) == (faults, len(laid.units), len(units), round(found.people))
    assert (expected, huangjing, light) == (total, round(town.estimates.grouped * 100, 1), found.light)
    assert {"璜泾镇"} >= {gap.unit.town_name for gap in found.gaps}
