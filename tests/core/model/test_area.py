"""Which areas lie in which, by the levels of their codes."""

from __future__ import annotations

import pytest

from fenghuo.model.area import AreaRef


@pytest.mark.parametrize(
    ("area", "inside", "outside"),
    [
        ("mca:320585100", ("mca:320585100", "mca:320585100007", "mca:320585100000"), ("mca:320585103", "mca:320585110", "mca:320585")),
        ("nbs:320585110", ("nbs:320585110",), ("nbs:320585111", "nbs:320585101")),
        ("nbs:320585100010", ("nbs:320585100010",), ("nbs:320585100012", "nbs:320585100001", "nbs:320585100")),
        ("nbs:320585104200", ("nbs:320585104200",), ("nbs:320585104201",)),
        ("nbs:320585104000", ("nbs:320585104", "nbs:320585104201"), ("nbs:320585105",)),
        ("mca:320585", ("mca:320585", "mca:320585001", "mca:320585000000"), ("mca:320583", "nbs:320585104", "mca:3205")),
        ("mca:320500", ("mca:3205", "mca:320585", "mca:320585100"), ("mca:320600", "mca:32")),
        ("mca:320000", ("mca:32", "mca:320585100"), ("mca:310000",)),
        ("mca:32", ("mca:320585",), ("mca:33",)),
    ],
)
def test_an_area_covers_what_lies_in_it_and_no_neighbour(area: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    """A town's code may end in zeros: 城厢镇 is 100, and an alert for it is none for the towns 101 to 199."""
    ref = AreaRef.parse(area)
    assert (set(inside), []) == (
        {name for name in inside if ref.covers(AreaRef.parse(name))},
        [name for name in outside if ref.covers(AreaRef.parse(name))],
    )
