"""Who keeps the directory: one snapshot is in force, the earlier ones stay, and a bad one changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import fenghuo_sms
from fenghuo.errors import SettingsError
from fenghuo.plugin.host import load_plugins
from fenghuo.service.directory import DirectoryKeeper, csv_files
from fenghuo.store.tables import DIRECTORY
from tests.core.engine.house import House, opened

AREAS = "ref,name,level,parent,same_as,population,lat,lon\nmca:320585,太仓市,county,,,,,\n"
ORGS = "id,name,kind,level,parent,area\ntc,中心,centre,3,,mca:320585\n"


def people(*names: str, number: str = "+8613800000009") -> dict[str, str | bytes]:
    """The files of a directory with these persons."""
    persons = "".join(f"{name},示例,tc,,mca:320585,\n" for name in names)
    contacts = "".join(f"{name},msisdn,{number},1,\n" for name in names)
    return {
        "areas.csv": AREAS,
        "orgs.csv": ORGS,
        "persons.csv": f"id,name,org,roles,areas,deputy\n{persons}",
        "contacts.csv": f"owner,kind,address,rank,proven_at\n{contacts}",
    }


def keeper(house: House) -> DirectoryKeeper:
    return DirectoryKeeper(house.office, house.room.facts, house.store, load_plugins([fenghuo_sms]))


def known(house: House) -> set[str]:
    return {person.id for person in house.office.directory.persons}


async def test_what_is_taken_is_in_force_and_told(tmp_path: Path) -> None:
    """At once, with an event that names who imported it and how many people it holds."""
    async with opened(tmp_path) as house:
        report = await keeper(house).take(people("zhou", "wu"), by="root", dry_run=False)
        assert (2, 2, 1, 1, []) == tuple(report[key] for key in ("persons", "contacts", "orgs", "areas", "faults"))
        assert ({"zhou", "wu"}, report["digest"]) == (known(house), house.office.directory.digest)
        (event,) = await house.events("directory.imported")
        assert ("root", 2) == (event["by"], event["persons"])


async def test_an_order_to_somebody_new_goes_out(tmp_path: Path) -> None:
    """The engine plans with the new directory from then on."""
    async with opened(tmp_path) as house:
        await keeper(house).take(people("zhou"), by="root", dry_run=False)
        await house.settle()
        await house.order("zhou")
        assert ["+8613800000009"] == [mail.address for mail in house.sent]


async def test_a_fault_changes_nothing(tmp_path: Path) -> None:
    """Every fault is in the report, each with its file and line, and yesterday's directory stays in force."""
    async with opened(tmp_path) as house:
        before = house.office.directory.digest
        report = await keeper(house).take(people("zhou", number="none"), by="root", dry_run=False)
        assert report["faults"][0].startswith("contacts.csv, line 2")
        assert (before, []) == (house.office.directory.digest, await house.store.find(DIRECTORY))


async def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It reports what an import would."""
    async with opened(tmp_path) as house:
        wet = keeper(house)
        dry = await wet.take(people("zhou"), by="root", dry_run=True)
        assert "zhou" not in known(house)
        assert dry == await wet.take(people("zhou"), by="root", dry_run=False)


async def test_the_same_again_is_no_new_snapshot(tmp_path: Path) -> None:
    """A start with an unchanged folder writes nothing."""
    async with opened(tmp_path) as house:
        for _ in range(2):
            await keeper(house).take(people("zhou"), by="root", dry_run=False)
        assert (1, 1) == (len(await house.store.find(DIRECTORY)), len(await house.events("directory.imported")))


async def test_earlier_snapshots_stay(tmp_path: Path) -> None:
    """So that an audit can say who was addressed; exactly one is in force."""
    async with opened(tmp_path) as house:
        for names in (("zhou",), ("wu",), ("zhou",)):
            await keeper(house).take(people(*names), by="root", dry_run=False)
        rows = await house.store.find(DIRECTORY)
        assert (2, [house.office.directory.digest]) == (len(rows), [row.digest for row in rows if row.active])


async def test_a_restart_has_the_snapshot_that_was_in_force(tmp_path: Path) -> None:
    """Without the folder it came from."""
    async with opened(tmp_path) as house:
        await keeper(house).take(people("zhou"), by="root", dry_run=False)
    async with opened(tmp_path) as house:
        assert "zhou" not in known(house)
        await keeper(house).load()
        assert {"zhou"} == known(house)


async def test_a_first_start_has_nothing_to_load(tmp_path: Path) -> None:
    """And what it has stays."""
    async with opened(tmp_path) as house:
        before = house.office.directory.digest
        await keeper(house).load()
        assert before == house.office.directory.digest


async def test_a_folder_with_faults_stops_the_start(tmp_path: Path) -> None:
    """Every fault at once, under the name of the folder."""
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "persons.csv").write_text("id,name\nzhou\n", encoding="utf-8")
    async with opened(tmp_path) as house:
        with pytest.raises(SettingsError) as refused:
            await keeper(house).read_folder(folder)
        assert {"people"} == {fault.partition("/")[0] for fault in refused.value.faults}


async def test_a_folder_is_imported_in_the_name_of_the_settings(tmp_path: Path) -> None:
    """CSV files alone, whatever else lies there."""
    folder = tmp_path / "people"
    folder.mkdir()
    for name, text in people("zhou").items():
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "notes.txt").write_text("not for you")
    assert {"areas.csv", "orgs.csv", "persons.csv", "contacts.csv"} == set(await asyncio.to_thread(csv_files, folder))
    async with opened(tmp_path) as house:
        await keeper(house).put(await keeper(house).read_folder(folder), by="settings")
        assert ({"zhou"}, "settings") == (known(house), (await house.events("directory.imported"))[0]["by"])
