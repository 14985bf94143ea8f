"""Who keeps the roll of the public: a file is read when it is new, whole or not at all, sorted and without second copies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fenghuo_sms
from fenghuo.errors import SettingsError
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.directory import Directory
from fenghuo.plugin.host import load_plugins
from fenghuo.service.rolls import KEPT_S, RollKeeper
from fenghuo.store.rolls import unused
from fenghuo.store.tables import ROLL
from tests.core.engine.house import House, opened
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, SOUTH, alert, enrol, numbers, told

TOWN = "mca:320585110"
pytestmark = pytest.mark.may_block("the test itself writes files")


def keeper(house: House) -> RollKeeper:
    house.office.directory = Directory(areas=(Area(AreaRef.parse(TOWN), "沙溪镇", "town"),))
    return RollKeeper(house.office, house.store, load_plugins([fenghuo_sms]))


def write(folder: Path, *numbers: str, area: str = TOWN) -> None:
    lines = ["kind,address,area", *(f"msisdn,{number},{area}" for number in numbers)]
    (folder / "subscribers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def addresses(house: House) -> list[str]:
    rows = await house.store.find(ROLL, "roll = ? ORDER BY id", house.office.roll.number)
    return [address for row in rows for address in row.addresses.decode().split("\n")]


async def test_a_file_is_read_sorted_and_each_address_once(tmp_path: Path) -> None:
    """Two ways to write one number are one number; more than a page stays in order from page to page."""
    async with opened(tmp_path) as house:
        numbers = [f"+86138{number:08d}" for number in range(2_500)]
        write(tmp_path, *reversed(numbers), "13800000007", numbers[3])
        await keeper(house).load_folder(tmp_path, house.office.directory)
        assert numbers == await addresses(house)
        assert 2_500 == house.office.roll.total
        assert [2_500] == [body["addresses"] for body in await house.events("directory.roll")]


async def test_a_file_with_a_mistake_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        write(tmp_path, "13800000001")
        await keeper(house).load_folder(tmp_path, house.office.directory)
        write(tmp_path, "13800000001", "13800000002", area="mca:1")
        with pytest.raises(SettingsError, match="line 2, column area"):
            await keeper(house).load_folder(tmp_path, house.office.directory)
        assert ["+8613800000001"] == await addresses(house)
        assert [] == list((house.store.folder).glob("roll-*"))


async def test_a_file_that_is_known_is_not_read_again_and_a_new_one_replaces_it(tmp_path: Path) -> None:
    """The same content under another date is the same roll; nothing of an unused one stays."""
    async with opened(tmp_path) as house:
        write(tmp_path, "13800000001")
        await keeper(house).load_folder(tmp_path, house.office.directory)
        os.utime(tmp_path / "subscribers.csv", (1.0, 1.0))
        await keeper(house).load_folder(tmp_path, house.office.directory)
        assert 1 == house.office.roll.number
        write(tmp_path, "13800000001", "13800000002")
        await keeper(house).load_folder(tmp_path, house.office.directory)
        assert (2, ["+8613800000001", "+8613800000002"]) == (house.office.roll.number, await addresses(house))
        assert 1 == len(await house.store.find(ROLL))


async def test_the_roll_outlives_a_restart_and_a_folder_without_a_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        write(tmp_path, "13800000001")
        await keeper(house).load_folder(tmp_path, house.office.directory)
        known = house.office.roll
    async with opened(tmp_path) as house:
        await keeper(house).load()
        (tmp_path / "subscribers.csv").unlink()
        await keeper(house).load_folder(tmp_path, house.office.directory)
        assert known == house.office.roll


@pytest.mark.parametrize("after_s", [0.0, KEPT_S - 3600.0])
async def test_whoever_was_told_is_kept_on_an_old_roll_for_an_update_or_a_cancel(tmp_path: Path, after_s: float) -> None:
    """While the alert is in force, and for thirty days after its end; the Cancel then goes to exactly those."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, numbers(0, 1_500), SOUTH)
        await alert(house, "one", NORTH_AREA)
        await enrol(house, [], SOUTH)
        await house.later(after_s)
        await RollKeeper(house.office, house.store, load_plugins([fenghuo_sms])).sweep()
        assert [(1, 1_000), (1, 500), (2, 700)] == [(row.roll, row.count) for row in await house.store.find(ROLL, "1 = 1 ORDER BY id")]
        house.channel["a"].pages.clear()
        await alert(house, "two", action="Cancel", ends="one", after_s=after_s)
        assert numbers(0, 1_500) == told(house)


async def test_addresses_of_a_roll_that_nobody_needs_are_forgotten(tmp_path: Path) -> None:
    """Thirty days after the end of the last message to it; a Cancel that comes later still is accepted and tells nobody."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, numbers(0, 1_500), SOUTH)
        await alert(house, "one", NORTH_AREA)
        await enrol(house, [], SOUTH)
        await house.later(KEPT_S + 3_700.0)
        await RollKeeper(house.office, house.store, load_plugins([fenghuo_sms])).sweep()
        assert [(2, 700)] == [(row.roll, row.count) for row in await house.store.find(ROLL)]
        house.channel["a"].pages.clear()
        await alert(house, "two", action="Cancel", ends="one", after_s=KEPT_S + 3_700.0)
        assert [] == told(house)


async def test_a_public_that_is_still_being_told_keeps_its_whole_roll(tmp_path: Path) -> None:
    """Pages that have not begun have no row: the whole roll stays for them."""
    async with opened(tmp_path, rules=PUBLIC_RULES, a=BULK) as house:
        await enrol(house, numbers(0, 1_500), SOUTH)
        house.down("a")
        await alert(house, "one", NORTH_AREA)
        await enrol(house, [], SOUTH)
        assert [] == await unused(house.store, ended_before=house.clock.now + 10 * KEPT_S)
