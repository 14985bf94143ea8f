"""Clocks: told in time, each reminder once, and every mistake in their file a sentence."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.command.duties import Begins, Due, DutyRule, MetBy, called, due_of, met, next_at, read_command_rules
from fenghuo.errors import SettingsError

RULE = DutyRule("report", "初报", 7200.0, "a text", Begins.ONSET, MetBy.REPORT)


def test_a_clock_reminds_twice_and_then_says_that_it_is_over() -> None:
    """Nothing wakes anybody between, and nothing is told a second time."""
    dues: tuple[Due, ...] = (due_of(RULE, 1000.0),)
    told = list[tuple[float, float, float]]()
    while (at := next_at(dues)) is not None:
        dues, calls = called(dues, at)
        told += [(at - 1000.0, one.before_s, one.left_s) for one in calls]
    assert [(5400.0, 1800.0, 1800.0), (6600.0, 600.0, 600.0), (7200.0, 0.0, 0.0)] == told
    assert (True, None, ()) == (dues[0].missed, dues[0].met_at, called(dues, 99_999.0)[1])


def test_after_a_long_sleep_only_the_last_reminder_is_told() -> None:
    """A node that was without power for an hour does not tell what is past."""
    dues, calls = called((due_of(RULE, 0.0),), 6700.0)
    assert [600.0] == [one.before_s for one in calls]
    assert 7200.0 == next_at(dues)


def test_what_is_met_is_silent_and_knows_whether_it_was_late() -> None:
    """The first time counts."""
    due = due_of(RULE, 0.0)
    (early,), (late,) = met((due,), ("report",), 7000.0, "m1"), met((due,), ("report",), 7300.0, "m2")
    assert (False, True) == (early.is_late, late.is_late)
    assert (early,) == met((early,), ("report",), 9000.0, "m3")
    assert (None, ()) == (next_at((early, late)), called((early, late), 99_999.0)[1])


def test_a_reminder_longer_than_the_clock_itself_is_left_out() -> None:
    """It would be over before it began."""
    assert (60.0,) == due_of(msgspec.structs.replace(RULE, within_s=600.0, remind_s=(1800.0, 60.0)), 0.0).remind_s


MISTAKES = {
    "x: duties[0].within_s is 5; it must be a number from 60": '[[duties]]\nname = "a"\ntitle = "b"\nwithin_s = 5\nsource = "c"\n',
    "x: duties[0].source is missing; it must be a text": '[[duties]]\nname = "a"\ntitle = "b"\nwithin_s = 60\n',
    'x: duties[0].begins is "on"; it must be one of onset, received, verified': '[[duties]]\nname = "a"\ntitle = "b"\n'
    'within_s = 60\nsource = "c"\nbegins = "on"\n',
    "x: feeds has 'p' twice; each name stands once": '[[feeds]]\nsource = "p"\n[[feeds]]\nsource = "p"\n',
    "x: facilities[0].lat is 131; it must be a number from -90 to 90": '[[facilities]]\nid = "f"\nname = "F"\nlat = 131\nlon = 31\n',
    "x: is not TOML: ": "[[duties\n",
}


def test_every_mistake_in_the_file_has_its_sentence() -> None:
    """With the key, what stands there, and what would be right."""
    silent = []
    for expected, text in MISTAKES.items():
        with pytest.raises(SettingsError) as refusal:
            read_command_rules(text, "x")
        if not any(fault.startswith(expected) for fault in refusal.value.faults):
            silent.append((expected, refusal.value.faults))
    assert [] == silent
