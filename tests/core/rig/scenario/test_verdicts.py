"""A line is ok when every target that it names holds, and false otherwise: a verdict that cannot be false is none."""

from __future__ import annotations

from pathlib import Path

from fenghuo.rig.scenario.running import opened, play
from tests.core.rig.scenario.test_loading import PLAIN, STEP, written

LINES = {
    'measure = "attempts"\nmessage = "o"\nequals = 1.0': True,
    'measure = "attempts"\nmessage = "o"\nequals = 1.0\nat_most = 0': False,
    'measure = "attempts"\nmessage = "o"\nequals = 2.0\nat_most = 5': False,
    'measure = "attempts"\nmessage = "o"\nequals = 2.0\nwithin = 1.0\nat_least = 1': True,
    'measure = "attempts"\nmessage = "o"\nat_least = 1\nat_most = 1': True,
    'measure = "attempts"\nmessage = "o"\nat_least = 2': False,
    'measure = "attempts"\nmessage = "o"\nfrom_s = 400\nat_least = 1': False,
    'measure = "objective"\nmessage = "o"\nequals = "MET"': True,
    'measure = "objective"\nmessage = "o"\nequals = "MISSED"': False,
    'measure = "known"\nequals = 1': True,
    'measure = "told_s"\nevent = "alarm.sanwu"\nsince = "o"\nat_most = 9': False,
    'measure = "told"\nevent = "objective.met"\nwhere = { statt = "MET" }\nequals = 0': False,
    'measure = "told"\nevent = "objective.met"\nwhere = { state = "MISSED" }\nequals = 0': True,
    'measure = "later"\nlater = "nobody has built it"': "later",
}


def test_every_target_of_a_line_counts(tmp_path: Path) -> None:
    """One order to one person over a clear line; each line with what it must come to."""
    text = PLAIN + "[behaviour]\nconfirms = 1.0\n" + STEP + "".join(f'[[lines]]\nline = "{n}"\n{line}\n' for n, line in enumerate(LINES))
    verdicts = {one.line: one for one in play(opened(written(tmp_path, text)), 1).verdicts}
    found = {line: (verdicts[str(n)].ok, verdicts[str(n)].target, verdicts[str(n)].measured) for n, line in enumerate(LINES)}
    assert {} == {line: found[line] for line, ok in LINES.items() if found[line][0] != ok}
    strange = next(one for line, one in zip(LINES, verdicts.values(), strict=False) if "statt" in line)
    assert 'no objective.met has "statt"; did you mean "state"?' == strange.measured
    assert "= MISSED" == verdicts["8"].target


def test_a_step_that_was_refused_is_a_false_line_unless_a_line_is_about_that(tmp_path: Path) -> None:
    """Nothing comes of a question with a slip in it, and whatever is counted after it would be nothing as well."""
    ask = '[[steps]]\nat_s = 9\ndo = "ask"\nverb = "road.report"\nlabel = "{}"\nargs = {{ segment = "nowhere", state = "cut" }}\n'
    text = PLAIN + STEP + ask.format("slip") + ask.format("meant") + '[[lines]]\nline = "refused"\nmeasure = "refused"\nmessage = "meant"\n'
    verdicts = {one.line: one.ok for one in play(opened(written(tmp_path, text + 'equals = "not refused"\n')), 1).verdicts}
    assert {"refused": False, 'step "slip"': False, "I1-I10, A1-A7": True} == verdicts


def test_an_order_that_is_cancelled_ends_within_a_scenario_of_minutes(tmp_path: Path) -> None:
    """What cancels it holds no longer than the scenario; a daemon that is killed may be back at once; a radio of fragments without seconds
    is one by the octet."""
    more = '[[steps]]\nat_s = 60\ndo = "cancel"\nabout = "o"\n[[steps]]\nat_s = 90\ndo = "kill"\nrestart_s = 0\n'
    radio = PLAIN.replace('address = "lte"', 'address = "lte"\nhalf_duplex = true\nat_once = 1\npieces = 100', 1)
    (whole,) = play(opened(written(tmp_path, radio + STEP + more)), 1).verdicts
    assert whole.ok, whole
