"""The units as systemd itself reads and scores them; no service is started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale import PATIENCE_S

UNITS = Path(__file__).resolve().parent.parent / "systemd"
INSTALLED_PYTHON = "/opt/fenghuo/bin/python3"

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here: make test installs it")


EXPOSURE = {"fenghuo.service": 15, "fenghuo-core.service": 10, "fenghuo-serial@.service": 5}
"""Of each unit in tenths, at most. Source: security.md §7."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """All of them, with the one path that only an installation has in the place of this machine's."""
    for file in (*UNITS.glob("*.service"), *UNITS.glob("*.socket")):
        text = file.read_text(encoding="utf-8")
        assert file.suffix == ".socket" or INSTALLED_PYTHON in text
        (tmp_path / file.name).write_text(text.replace(INSTALLED_PYTHON, sys.executable), encoding="utf-8")
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of systemd-analyze, its output kept."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_systemd_reads_every_line(units: Path) -> None:
    """systemd finds nothing in the units to complain of."""
    done = analyze("verify", "--man=no", "--recursive-errors=no", *map(str, sorted(units.iterdir())))
    assert ("", 0) == (done.stderr, done.returncode)


def test_exposure_stays_small(units: Path) -> None:
    """Each unit is held to the score of its kind, and none is without one."""
    assert set(EXPOSURE) == {unit.name for unit in units.glob("*.service")}
    for name, tenths in EXPOSURE.items():
        done = analyze("security", "--offline=true", f"--threshold={tenths}", "--no-pager", str(units / name))
        assert 0 == done.returncode, done.stdout[-400:]


def test_the_core_without_devices_differs_in_nothing_else() -> None:
    """What is mended in the one unit is mended in the other."""
    whole, core = (
        {line for line in (UNITS / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
        for name in ("fenghuo.service", "fenghuo-core.service")
    )
    assert set(whole - core) == {
        "Description=Fenghuo emergency messaging",
        "DeviceAllow=char-ttyUSB rw",
        "DeviceAllow=char-ttyACM rw",
        "DeviceAllow=char-ttyS rw",
    }
    assert {"Description=Fenghuo emergency messaging, without devices", "Conflicts=fenghuo.service", "PrivateDevices=yes"} == core - whole


def test_it_starts_the_daemon_isolated() -> None:
    """Neither the environment nor the working folder decides which code runs."""
    text = (UNITS / "fenghuo.service").read_text(encoding="utf-8")
    assert f"ExecStart={INSTALLED_PYTHON} -I -X faulthandler -m fenghuo serve --config /etc/fenghuo/fenghuo.toml\n" in text


def test_the_account_exists_before_its_folders() -> None:
    """Every owner that the folders name is an account systemd-sysusers makes, or root."""
    made = {line.split()[1] for line in (UNITS / "fenghuo.sysusers").read_text(encoding="utf-8").splitlines() if line.startswith("u ")}
    rows = [line.split() for line in (UNITS / "fenghuo.tmpfiles").read_text(encoding="utf-8").splitlines() if line.startswith("d ")]
    assert {"fenghuo", "fenghuo-serial"} == made
    assert set() == {owner for row in rows for owner in row[3:5]} - made - {"root"}


def test_serial_devices_are_given_to_the_service_under_names_that_stay() -> None:
    """Every rule names what it is for, and the account that opens them is the one of the unit."""
    rules = [line for line in (UNITS / "fenghuo.rules").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert all('SUBSYSTEM=="tty"' in rule for rule in rules)
    assert any('GROUP="fenghuo"' in rule and 'MODE="0660"' in rule for rule in rules)
    assert any('SYMLINK+="fenghuo/' in rule for rule in rules)
