"""Five octets of power, six with fuel, and octets that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.power_report import PowerReport, decode_power, encode_power


def test_the_octets_are_as_the_page_says() -> None:
    """One row a report: what it says, and what stands on the air."""
    rows = [
        (PowerReport("mains", charge_pct=100.0, minutes=120.0), "01 40 c8 0078"),
        (PowerReport("battery", is_low=True, charge_pct=8.5, minutes=5.0), "01 a0 11 0005"),
        (PowerReport("unknown"), "01 00 ff ffff"),
        (PowerReport("mains", charge_pct=90.0, fuel_pct=37.5), "01 40 b4 ffff 4b"),
        (PowerReport("mains", fuel_pct=0.0), "01 40 ff ffff 00"),
    ]
    assert [bytes.fromhex(octets) for _, octets in rows] == [encode_power(report) for report, _ in rows]
    assert [report for report, _ in rows] == [decode_power(bytes.fromhex(octets)) for _, octets in rows]


def test_what_is_more_than_the_octets_hold_is_the_most_that_they_do() -> None:
    """Sixty days, and a gauge that says more than full."""
    assert PowerReport("battery", charge_pct=100.0, minutes=65534.0) == decode_power(
        encode_power(PowerReport("battery", charge_pct=104.0, minutes=86_400.0))
    )


@pytest.mark.parametrize(
    "octets", ["", "01", "02 40 c8 0078", "01 c0 c8 0078", "01 41 c8 0078", "01 40 c9 0078", "01 40 c8 0078 c9", "01 40 c8 0078 00 00"]
)
def test_other_octets_are_refused(octets: str) -> None:
    """Another measurement, another length, a state, flag, charge or fuel that there is not."""
    with pytest.raises(FrameError):
        decode_power(bytes.fromhex(octets))


@given(st.binary(max_size=8))
def test_no_octets_crash_it_and_what_is_read_is_written_the_same(octets: bytes) -> None:
    """There is one way to write a report."""
    try:
        report = decode_power(octets)
    except FrameError:
        return
    assert octets == encode_power(report)
