"""The file of the public, line by line: what is sound comes out, what is not is told with its line."""

from __future__ import annotations

import pytest

from fenghuo.formats.csv_table import Fault
from fenghuo.formats.roll_csv import SHOWN, read_roll
from fenghuo_sms import msisdn

AREAS = {"mca:320585110"}


def read(*lines: str, header: str = "kind,address,area") -> tuple[list[tuple[str, str, str]], list[Fault]]:
    faults: list[Fault] = []
    return list(read_roll([f"{header}\n", *(f"{line}\n" for line in lines)], {"msisdn": msisdn}, AREAS, faults)), faults


def test_addresses_come_out_the_one_right_way() -> None:
    entries, faults = read("msisdn,138 0000 0001,mca:320585110", "msisdn,+8613800000002,mca:320585110")
    assert [("mca:320585110", "msisdn", "+8613800000001"), ("mca:320585110", "msisdn", "+8613800000002")] == entries
    assert [] == faults


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("msisdn,12,mca:320585110", "subscribers.csv, line 2, column address: \"12\" cannot be used: '12' is not a telephone number"),
        ("fax,+8613800000001,mca:320585110", 'subscribers.csv, line 2, column kind: "fax" is no kind of address'),
        ("msisdn,+8613800000001,mca:320585999", 'subscribers.csv, line 2, column area: "mca:320585999" is not in areas.csv'),
        ("msisdn,+8613800000001", "subscribers.csv, line 2: has 2 cells"),
    ],
)
def test_each_mistake_is_told_with_its_line_and_the_others_are_read(line: str, sentence: str) -> None:
    entries, faults = read(line, "msisdn,+8613800000002,mca:320585110")
    assert 1 == len(entries)
    assert [True] == [str(fault).startswith(sentence) for fault in faults], faults


def test_a_file_that_is_wrong_all_over_is_not_read_to_its_end() -> None:
    entries, faults = read(*["fax,1,mca:320585110"] * 100, "msisdn,+8613800000002,mca:320585110")
    assert ([], SHOWN) == (entries, len(faults))


def test_a_file_without_its_header_is_refused() -> None:
    entries, faults = read("msisdn,+8613800000002,mca:320585110", header="address,kind,area")
    assert [] == entries
    assert ["subscribers.csv, line 1: must begin with the line kind,address,area"] == [str(fault) for fault in faults]
