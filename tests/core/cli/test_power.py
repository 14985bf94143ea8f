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
    "name": "mast",
    "state": "unknown",
    "low": False,
    "charge_pct": None,
    "charge_age_s": None,
    "runtime_s": None,
    "cause": "gone",
}
POWER = {"state": "battery", "sensors": [UPS, LOST]}


def test_each_sensor_is_a_line_with_the_age_of_what_it_says(shell: Shell) -> None:
    """What nobody knows is called unknown."""
    shell.served.desk.answers["status"] = {**STATUS, "power": POWER}
    assert [
        "power: battery, nearly empty",
        "ups\tbattery, low\t8 %, 1 s old\t300 s, 5 s old\t11-24 20:00:00\t-",
        "mast\tunknown\tunknown\tunknown\t11-24 20:00:00\tgone",
    ] == shell.run("power").out.splitlines()
    assert POWER == shell.run("power", "--json").json
    assert "power: battery, nearly empty" in shell.run("status").out.splitlines()


@pytest.mark.parametrize("status", [STATUS, {**STATUS, "power": {"state": "unknown", "sensors": []}}])
def test_without_a_sensor_nobody_knows(shell: Shell, status: dict[str, object]) -> None:
    """And `status` says nothing of it, as an older daemon does."""
    shell.served.desk.answers["status"] = status
    assert "power: unknown; no power sensor has been heard\n" == shell.run("power").out
    assert "power" not in shell.run("status").out
