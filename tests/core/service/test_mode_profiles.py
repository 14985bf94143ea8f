"""The folder of profiles that the settings name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fenghuo.engine.modes_axis import MODES
from fenghuo.errors import SettingsError
from fenghuo.model.mode import Axis
from fenghuo.plugin.host import load_plugins
from fenghuo.service.mode_profiles import load_profiles
from fenghuo.service.settings import Settings, load

ROOT = Path(__file__).parent.parent.parent.parent


def example(folder: Path) -> Settings:
    """The settings of Taicang in a folder of the test."""
    shutil.copytree(ROOT / "config", folder / "config", dirs_exist_ok=True)
    (folder / "config" / "secrets").mkdir(exist_ok=True)
    secret = folder / "config" / "secrets" / "sms-a.password"
    secret.write_text("lab", encoding="utf-8")
    secret.chmod(0o600)
    return load(folder / "config" / "fenghuo.example.toml", load_plugins())


def test_taicang_has_a_profile_of_every_mode_of_the_battery_and_of_what_is_cut_off(tmp_path: Path) -> None:
    """They name channels, media and tokens that are there."""
    found = set(load_profiles(example(tmp_path)))
    assert {(Axis.POWER, mode) for mode in MODES[Axis.POWER] if mode.startswith(("battery", "last"))} <= found
    assert {(Axis.NETWORK, "degraded"), (Axis.NETWORK, "isolated"), (Axis.ROAD, "cut")} <= found


def test_what_a_profile_names_and_nobody_knows_is_told_with_its_folder(tmp_path: Path) -> None:
    """And what cannot be read, by its file."""
    settings = example(tmp_path)
    (tmp_path / "config" / "modes" / "extra.toml").write_text('axis = "road"\nmode = "restricted"\n[automatic]\nenable = ["boat"]\n')
    with pytest.raises(SettingsError) as refusal:
        load_profiles(settings)
    assert "modes: mode road restricted: automatic names the channel 'boat'; there are radio, sms-a" == refusal.value.faults[0]
    (tmp_path / "config" / "modes" / "extra.toml").write_text('axis = "road"\nmode = "restricted"\n[automatic]\nenable = ["radio"]\n')
    with pytest.raises(SettingsError, match=r"enables 'radio', not on standby; set channels.radio.admin = \"standby\""):
        load_profiles(settings)
    (tmp_path / "config" / "modes" / "extra.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"modes: cannot be read"):
        load_profiles(settings)
