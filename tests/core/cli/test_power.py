"""`fenghuo power`, and the line of it in `fenghuo status`."""

from __future__ import annotations

import pytest

from tests.core.cli.conftest import Shell
from tests.core.desk_fake import STATUS

UPS = {
    "name": "ups",
    "state": "battery",
    "low": True,
    "charge_pct": 8.0,
    "charge_age_s": 1.2,
    "runtime_s": 300.0,
    "runtime_age_s": 4.8,
    "since": "2026-11-24T20:00:00+08:00",
    "cause": "",
}
LOST = {
    **UPS,
    "name": "site:BH4T11",
    "place": "mca:320585110",
    "state": "unknown",
    "low": False,
    "charge_pct": None,
    "charge_age_s": None,
    "runtime_s": None,
    "fuel_pct": 40.0,
    "cause": "gone",
}
POWER = {"state": "battery", "sensors": [UPS, LOST]}


def test_each_sensor_is_a_line_with_the_age_of_what_it_says(shell: Shell) -> None:
    """What nobody knows is called unknown."""
    shell.served.desk.answers["status"] = {**STATUS, "power": POWER}
    assert [
        "power: battery, nearly empty",
        "ups\tbattery, low\t8 %, 1 s old\t300 s, 5 s old\t-\t11-24 20:00:00\t-",
        "site:BH4T11 (mca:320585110)\tunknown\tunknown\tunknown\t40 %\t11-24 20:00:00\tgone",
    ] == shell.run("power").out.splitlines()
    assert POWER == shell.run("power", "--json").json
    assert "power: battery, nearly empty" in shell.run("status").out.splitlines()


PLAN = {
    "charge_pct": 58.0,
    "steps": [
        {"stage": "battery_save", "from_pct": 58.0, "to_pct": 30.0, "begins_s": 0, "lasts_s": 17640, "watts": 230.0, "sheds": []},
        {
            "stage": "battery_min",
            "from_pct": 30.0,
            "to_pct": 10.0,
            "begins_s": 17640,
            "lasts_s": None,
            "watts": 65.0,
            "sheds": [{"name": "computer", "before_w": 120.0, "after_w": 15.0}],
        },
    ],
    "messages": {"pdt": {"p0": 900, "others": 100}},
}


def test_the_plan_is_what_it_says_its_stages_and_the_messages_left(shell: Shell) -> None:
    """What lasts without an end says so; without a plan there is the reason alone."""
    shell.served.desk.answers["power.plan"] = {"says": ["30.0 h are left by the plan"], "plan": PLAN}
    assert [
        "30.0 h are left by the plan",
        "battery_save\t58 to 30 %\t0.0 h\t4.9 h\t230\t-",
        "battery_min\t30 to 10 %\t4.9 h\tno end\t65\tcomputer 120 → 15 W",
        "pdt\t900\t100",
    ] == shell.run("power", "plan").out.splitlines()
    assert PLAN == shell.run("power", "plan", "--json").json["plan"]
    shell.served.desk.answers["power.plan"] = {"says": ["nobody knows what is left in the battery"], "plan": None}
    assert "nobody knows what is left in the battery\n" == shell.run("power", "plan").out


@pytest.mark.parametrize("status", [STATUS, {**STATUS, "power": {"state": "unknown", "sensors": []}}])
def test_without_a_sensor_nobody_knows(shell: Shell, status: dict[str, object]) -> None:
    """And `status` says nothing of it, as an older daemon does."""
    shell.served.desk.answers["status"] = status
    assert "power: unknown; no power sensor has been heard\n" == shell.run("power").out
    assert "power" not in shell.run("status").out
