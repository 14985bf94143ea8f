from __future__ import annotations

from typing import Any

import pytest

from fenghuo_narrowband.hrnp_outcomes import refusal_of
from fenghuo_narrowband.hrnp_settings import HrnpSettings, station
from fenghuo_narrowband.sites import SiteTable


@pytest.mark.parametrize("result", range(16))
def test_every_result_has_an_outcome(result: int) -> None:
    """Only 0 is no refusal; what nobody knows is the recipient's for now."""
    assert (result == 0) == (refusal_of(result) is None)


@pytest.mark.parametrize(("text", "written"), [("1002", "1002"), (" G9001 ", "g9001"), ("16777215", "16777215")])
def test_a_station_has_one_way_of_writing(text: str, written: str) -> None:
    """A radio is its number, a group has a g before it."""
    assert written == station(text)


@pytest.mark.parametrize("text", ["", "0", "g0", "16777216", "10.0.3.234", "gg1", "１００２"])
def test_what_is_no_station_is_refused_with_a_sentence(text: str) -> None:
    """The sentence repeats what was written."""
    with pytest.raises(ValueError, match="is no DMR station"):
        station(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"host": ""}, "host is empty"),
        ({"port": 0}, "is not a port"),
        ({"radio_id": 0}, "radio_id 0 is not the number of a radio"),
        ({"sites": {"BS-3": 16777216}}, "sites.BS-3 16777216 is not the number of a radio"),
        ({"sites": {"BS-3": SiteTable(reporter=8003, stations=("x",))}}, "'x' is no DMR station"),
        (
            {"sites": {"A": SiteTable(reporter=1, stations=("1002",)), "B": SiteTable(reporter=2, stations=("1002",))}},
            "sites: 1002 stands at A and at B; a station that several carry stands at none",
        ),
        ({"site_stale_s": 0.0}, "site_stale_s 0.0 must be greater than 0"),
        ({"driver": "tcp", "local_port": 3004}, "local_port is for driver"),
        ({"subnet": 0}, "subnet 0 is not one of 1 to 255"),
        ({"characters": 10}, "characters 10 is not one of 40 to 1000"),
        ({"tries": 0}, "tries 0 is not one of 1 to 10"),
        ({"answer_s": 0.0}, "answer_s 0.0 must be greater than 0"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_each_mistake_has_its_sentence(change: dict[str, Any], sentence: str) -> None:
    """Field, value, and what would be right."""
    with pytest.raises(ValueError, match=sentence):
        HrnpSettings(**{"host": "10.8.0.9", "radio_id": 1001, **change})
