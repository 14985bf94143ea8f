"""What a UPS and the kernel's supplies are read as."""

from __future__ import annotations

import pytest

from fenghuo_power.nut_reading import nut_reading
from fenghuo_power.reading import Reading, observations
from fenghuo_power.supply_reading import Supply, supply_reading


@pytest.mark.parametrize(
    ("status", "state", "is_low"),
    [
        ("OL", "mains", False),
        ("OL CHRG", "mains", False),
        ("OL BOOST", "mains", False),
        ("OL LB", "mains", True),
        ("OB DISCHRG", "battery", False),
        ("OB LB DISCHRG", "battery", True),
        ("FSD OB", "battery", True),
        ("OL OB", "battery", False),
        ("WAIT", "unknown", False),
        ("OFF", "unknown", False),
        ("ol", "unknown", False),
        ("", "unknown", False),
    ],
)
def test_the_words_of_a_ups(status: str, state: str, is_low: bool) -> None:
    """Without OL nothing is mains, and with OB nothing but battery."""
    read = nut_reading({"ups.status": status})
    assert (state, is_low) == (read.state, read.is_low)
    assert (state == "unknown") == bool(read.cause)


@pytest.mark.parametrize("text", ["", "n/a", "-1", "nan", "inf", "101"])
def test_a_charge_that_no_ups_can_have_is_none(text: str) -> None:
    """The state beside it holds."""
    assert Reading("mains", runtime_s=60.0) == nut_reading({"ups.status": "OL", "battery.charge": text, "battery.runtime": "60"})


def test_the_tank_of_a_generator_is_the_variable_that_was_named() -> None:
    """Nobody asked for another one, and what is more than full is nothing."""
    variables = {"ups.status": "OL", "outlet.1.fuel": "62", "outlet.2.fuel": "162"}
    assert [62.0, None, None] == [nut_reading(variables, name).fuel_pct for name in ("outlet.1.fuel", "outlet.2.fuel", "")]
    assert ("power.fuel", 62.0) in [(one.what, one.value) for one in observations(nut_reading(variables, "outlet.1.fuel"), 5.0, 15.0)]


def test_the_state_comes_last_and_what_is_not_known_is_not_told() -> None:
    """So that whoever hears of a change has its figures."""
    told = observations(Reading("battery", charge_pct=80.0, is_low=True), 5.0, 15.0)
    assert [("power.charge", 80.0), ("power.low", True), ("power.cause", ""), ("power.state", "battery")] == [
        (one.what, one.value) for one in told
    ]
    assert {(5.0, 15.0)} == {(one.observed_at, one.stale_after_s) for one in told}


PLUG_IN, PLUG_OUT = {"type": "Mains", "online": "1"}, {"type": "Mains", "online": "0"}


def battery(status: str, **more: str) -> Supply:
    return {"type": "Battery", "status": status, **more}


@pytest.mark.parametrize(
    ("supplies", "state"),
    [
        ([], "unknown"),
        ([PLUG_IN], "mains"),
        ([PLUG_OUT], "unknown"),
        ([PLUG_IN, battery("Charging")], "mains"),
        ([PLUG_IN, battery("Discharging")], "battery"),
        ([PLUG_OUT, battery("Not charging")], "battery"),
        ([PLUG_OUT, {"type": "USB", "online": "2"}, battery("Full")], "mains"),
        ([{"type": "Mains"}, battery("Unknown")], "unknown"),
        ([battery("Full")], "mains"),
        ([battery("Not charging")], "unknown"),
        ([{"type": "UPS", "status": "Discharging"}], "battery"),
        ([PLUG_IN, battery("Discharging", scope="Device")], "mains"),
        ([PLUG_IN, battery("Discharging", present="0")], "mains"),
    ],
)
def test_what_a_machine_lives_on(supplies: list[Supply], state: str) -> None:
    """A battery that discharges is battery; a mouse is no machine; what says nothing is unknown, with a cause."""
    read = supply_reading(supplies)
    assert state == read.state
    assert (state == "unknown") == bool(read.cause)


@pytest.mark.parametrize(
    ("attributes", "runtime_s"),
    [
        ({"time_to_empty_now": "1800"}, 1800.0),
        ({"time_to_empty_now": "0", "energy_now": "30000000", "power_now": "15000000"}, 7200.0),
        ({"charge_now": "2000000", "current_now": "-4000000"}, 1800.0),
        ({"energy_now": "30000000", "power_now": "0"}, None),
        ({}, None),
    ],
)
def test_how_long_a_battery_lasts(attributes: dict[str, str], runtime_s: float | None) -> None:
    """By its own word, else by what is left and what flows."""
    assert runtime_s == supply_reading([battery("Discharging", **attributes)]).runtime_s


def test_the_weakest_of_several_batteries_counts() -> None:
    """Of those that can say; one that charges has no runtime."""
    several = [
        battery("Discharging", capacity="80", time_to_empty_now="4000"),
        battery("Discharging", capacity="20", capacity_level="Low"),
        battery("Charging", capacity="200", time_to_empty_now="10"),
    ]
    assert Reading("battery", 20.0, 4000.0, is_low=True) == supply_reading(several)
