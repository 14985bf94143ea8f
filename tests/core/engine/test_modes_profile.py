"""Profiles: what their files may say, what they are refused for, and what several lay over the settings at once."""

from __future__ import annotations

import pytest

from fenghuo.engine.modes import Stand
from fenghuo.engine.modes_profile import NOTHING, Detail, Overlay, merged, overlay_of, read_profiles, strangers
from fenghuo.errors import SettingsError
from fenghuo.model.mode import Axis
from fenghuo.plugin.values import PowerLevel

SAVE = """
axis = "power"
mode = "battery_save"
[automatic]
enable = ["hf"]
shed = ["P4"]
[declared]
shed = ["P3"]
inhibit = ["vsat"]
power = { vsat = "off" }
delegate = ["duty-leader"]
"""


def test_the_automatic_part_acts_by_itself_and_the_declared_one_by_a_persons_word() -> None:
    """And then both; another mode of the axis has a profile of its own or none."""
    profiles = read_profiles({"save.toml": SAVE})
    assert Overlay(enable=("hf",), shed=("P4",)) == overlay_of(Stand(Axis.POWER, "", "battery_save"), profiles)
    declared = overlay_of(Stand(Axis.POWER, "", "battery_save", is_declared=True), profiles)
    assert (("P3", "P4"), ("vsat",), {"vsat": PowerLevel.OFF}) == (declared.shed, declared.inhibit, declared.power)
    assert NOTHING is overlay_of(Stand(Axis.POWER, "", "battery_min", is_declared=True), profiles)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ('inhibit = ["vsat"]', "automatic.inhibit takes channels away; that takes a person's word, so it must stand in [declared]"),
        ("weight = { hf = 2 }", "automatic.weight changes which channel goes first; that takes"),
        ('rendition = "short"', "automatic.rendition shortens what is said; that takes"),
        ("escalate = 2", "automatic.escalate changes when the next person is asked; that takes"),
        ("probe_every = 4", "automatic.probe_every makes a dead channel be noticed later; that takes"),
        ("reserve = { vhf = 0.5 }", "automatic.reserve takes airtime from P2; that takes"),
        ('power = { hf = "off" }', "automatic.power takes the power of channels; that takes"),
        ('delegate = ["duty"]', "automatic.delegate lets somebody sign; that takes"),
        ('shed = ["P2"]', "automatic.shed names P2; by itself a mode sheds P3 and P4 alone, more must stand in [declared]"),
        ('shed = ["P0"]', 'automatic.shed[0] is "P0"; it must be one of P1, P2, P3, P4'),
        ("sheds = []", 'automatic.sheds is unknown; did you mean "shed"?'),
    ],
)
def test_an_automatic_part_that_does_more_than_add_and_shed_the_lowest_is_refused(says: str, sentence: str) -> None:
    """With a sentence that says where it may stand."""
    with pytest.raises(SettingsError) as refusal:
        read_profiles({"bad.toml": f'axis = "power"\nmode = "last_gasp"\n[automatic]\n{says}\n'})
    assert f"bad.toml: {sentence}" in refusal.value.faults[0]


def test_every_mistake_of_every_file_is_told_at_once() -> None:
    """A mode of another axis, the same mode twice, a channel that is two things, and what is no TOML."""
    files = {
        "a.toml": SAVE,
        "b.toml": SAVE,
        "c.toml": 'axis = "road"\nmode = "isolated"\n',
        "d.toml": 'axis = "road"\nmode = "cut"\n[declared]\nenable = ["boat"]\ninhibit = ["boat"]\n',
        "e.toml": "axis = ",
    }
    with pytest.raises(SettingsError) as refusal:
        read_profiles(files)
    assert (
        "b.toml: power battery_save has a profile in a.toml; a mode has one, put both into one file",
        "c.toml: mode is 'isolated'; the modes of road are open, restricted, cut",
        "d.toml: channel 'boat' is enabled and inhibited; it must be one of the two",
    ) == refusal.value.faults[:3]
    assert refusal.value.faults[3].startswith("e.toml: is not TOML: ")


def test_what_is_named_and_not_there_is_told() -> None:
    """Channels, media and tokens of this node."""
    found = list(strangers(read_profiles({"save.toml": SAVE}), ["vsat"], [], ["duty-leader"]))
    assert ["mode power battery_save: automatic names the channel 'hf'; there are vsat"] == found


def test_of_several_modes_what_any_takes_is_gone_and_the_stronger_figure_counts() -> None:
    """A battery and an outage at once; with nothing, nothing."""
    one = Overlay(shed=("P4",), escalate=2.0, probe_every=3.0, reserve={"vhf": 0.2}, weight={"hf": 2.0}, power={"a": PowerLevel.LISTEN})
    other = Overlay(
        enable=("hf",), shed=("P3", "P4"), rendition=Detail.SHORT, escalate=1.5, reserve={"vhf": 0.5}, weight={"hf": 2.0},
        power={"a": PowerLevel.OFF},
    )  # fmt: skip
    both = merged((one, NOTHING, other))
    assert (("hf",), ("P3", "P4"), Detail.SHORT, 3.0, 3.0) == (both.enable, both.shed, both.rendition, both.escalate, both.probe_every)
    assert ({"vhf": 0.5}, {"hf": 4.0}, {"a": PowerLevel.OFF}) == (both.reserve, both.weight, both.power)
    assert NOTHING == merged(())
