"""The inventory of what reaches the public: read whole, each mistake a sentence with file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.formats.coverage_csv import read_inventory
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Inventory, People, Provenance, PublicChannel, Reach

COUNTY, TOWN, LEGAL, VILLAGE = (AreaRef.parse(code) for code in ("nbs:320585", "nbs:320585104", "mca:320585105", "nbs:320585104200"))
AREAS = (
    Area(COUNTY, "太仓市", "county"),
    Area(TOWN, "璜泾镇", "town", parent=COUNTY),
    Area(LEGAL, "璜泾镇", "town", same_as=TOWN),
    Area(VILLAGE, "新华村委会", "village", parent=TOWN),
)
FILES = {
    "people.csv": "area,people,source,verified,verified_by,verified_at\nnbs:320585104,66113,survey,yes,王,2026-11-01\n",
    "channels.csv": "name,label,group,via,source,verified\nsms,短信,sms,sms-a;sms.smpp,guess,no\ntv,,tv,,guess,no\n",
    "reach.csv": "area,channel,reach,hangs_on,as_of,source,verified\nnbs:320585104,tv,0.5,mains:huangjing;site:bs3,2025,guess,no\n",
}


def faults(**changed: str) -> list[str]:
    _, found = read_inventory({**FILES, **{f"{name}.csv": text for name, text in changed.items()}}, AREAS)
    return [str(fault) for fault in found]


def test_a_sound_inventory_is_read_whole() -> None:
    """With where each figure comes from; a channel without a label goes by its name."""
    guess = Provenance("guess")
    inventory, found = read_inventory(FILES, AREAS)
    assert () == found
    assert (
        Inventory(
            channels=(PublicChannel("sms", "短信", "sms", ("sms-a", "sms.smpp"), guess), PublicChannel("tv", "tv", "tv", (), guess)),
            people=(People(TOWN, 66_113, Provenance("survey", True, "王", "2026-11-01")),),
            reach=(Reach(TOWN, "tv", 0.5, ("mains:huangjing", "site:bs3"), "2025", guess),),
        )
        == inventory
    )


def test_another_figure_is_another_version() -> None:
    """An answer names the version that it rests on."""
    other = {**FILES, "people.csv": FILES["people.csv"].replace("66113", "66114")}
    assert read_inventory(FILES, AREAS)[0].digest != read_inventory(other, AREAS)[0].digest


def test_no_file_is_no_inventory() -> None:
    """A node need not have one."""
    assert (Inventory(), ()) == read_inventory({}, AREAS)


def test_half_an_inventory_is_a_mistake() -> None:
    """Without reach everything would count as not reached, without people nobody would count."""
    _, found = read_inventory({"people.csv": FILES["people.csv"]}, AREAS)
    whole = "is not there; an inventory is people.csv, channels.csv and reach.csv together"
    assert [f"channels.csv: {whole}", f"reach.csv: {whole}"] == [str(fault) for fault in found]
    assert ["more.csv: is no file of an inventory; known are people.csv, channels.csv, reach.csv"] == faults(more="a,b\n")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("320585104,5,s,no", "cannot be used: area '320585104' has no code system; write mca:320585104 or nbs:320585104"),
        ("nbs:320585999,5,s,no", "is not in areas.csv; add it there or correct the code"),
        ("nbs:320585104,-5,s,no", "is no whole number from 0 to 100000000"),
        ("nbs:320585104,,s,no", "must not be empty; leave the row out where nobody knows"),
        ("nbs:320585104,5,,no", "must not be empty"),
        ("nbs:320585104,5,s,perhaps", "must be yes or no: whether a person with the text in hand has confirmed this figure"),
    ],
)
def test_a_bad_row_of_people_says_what_would_be_right(row: str, says: str) -> None:
    """And where it stands."""
    (fault,) = faults(people=f"area,people,source,verified\n{row}\n")
    assert (True, True) == (fault.startswith("people.csv, line 2, column "), fault.endswith(says))


def test_a_figure_is_verified_by_somebody() -> None:
    """Yes without a name is nobody's word."""
    (fault,) = faults(people="area,people,source,verified\nnbs:320585104,5,s,yes\n")
    assert 'people.csv, line 2, column verified_by: "" must name who verified it, where verified is yes' == fault


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("mca:320585105", "is the same place as nbs:320585104, which has a row too; count its people once"),
        ("nbs:320585104", "stands in line 2 already; each area must be there once"),
    ],
)
def test_nobody_is_counted_twice_by_another_code(second: str, says: str) -> None:
    """璜泾镇 is one town under two codes."""
    found = faults(people=f"area,people,source,verified\nnbs:320585104,5,s,no\n{second},5,s,no\n")
    assert [True] == [fault.endswith(says) for fault in found]


def test_nobody_is_counted_twice_by_a_total() -> None:
    """A county beside its towns is; a village beside its town is a part of it."""
    head = "area,people,source,verified\nnbs:320585104,5,s,no\n"
    (fault,) = faults(people=f"{head}nbs:320585,5,s,no\n")
    assert fault.endswith("lies in nbs:320585, which has a row too; count its people once")
    assert [] == faults(people=f"{head}nbs:320585104200,5,s,no\n")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("nbs:320585104,tv,1.2,s,no", "is no share; it must be a number from 0 to 1, as 0.85"),
        ("nbs:320585104,tv,nan,s,no", "is no share; it must be a number from 0 to 1, as 0.85"),
        ("nbs:320585104,tv,,s,no", "is no share; it must be a number from 0 to 1, as 0.85"),
        ("nbs:320585104,radio,0.5,s,no", "is not in channels.csv; add it there or correct the name"),
        (
            "nbs:320585104,sms,0.5,s,no\nnbs:320585104,sms,0.6,s,no",
            "stands in line 2 already for this area; each channel of an area must be there once",
        ),
    ],
)
def test_a_bad_row_of_reach_says_what_would_be_right(row: str, says: str) -> None:
    """And only it."""
    (fault,) = faults(reach=f"area,channel,reach,source,verified\n{row}\n")
    assert fault.endswith(says)


def test_a_header_that_is_not_known_is_one_mistake() -> None:
    """And no cell under it is another."""
    found = faults(reach="area,channel,share,source,verified\nnbs:320585104,tv,0.5,s,no\n")
    assert ["share", "lacks the column reach"] == [
        word for word, fault in zip(("share", "lacks the column reach"), found, strict=True) if word in fault
    ]


@pytest.mark.may_block("the test itself reads files")
def test_the_shipped_inventory_counts_everybody_once() -> None:
    """831,113 people as the census has it, in the 160 villages of the statistics list, and no figure that anybody verified."""
    folder = Path(__file__).parents[3] / "config/taicang"
    directory, _ = read_directory({file.name: file.read_bytes() for file in folder.glob("*.csv")}, {"msisdn": str, "callsign": str})
    inventory, found = read_inventory({file.name: file.read_bytes() for file in (folder / "coverage").glob("*.csv")}, directory.areas)
    assert (831_113, ()) == (sum(one.people for one in inventory.people), found)
    assert not any(row.verified for rows in inventory.provenances.values() for row in rows)
