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
