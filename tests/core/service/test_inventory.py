"""Who keeps the inventory: read beside the directory, whole or not at all, laid over the areas once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import SettingsError
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import Directory
from fenghuo.service.inventory import InventoryKeeper

pytestmark = pytest.mark.may_block("the test itself writes files")

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
