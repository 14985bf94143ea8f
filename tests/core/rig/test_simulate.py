"""`fenghuo simulate` tells the time line and the verdict of every line, and keeps them as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from fenghuo.rig.simulate import simulate
from tests.core.rig.scenario.test_loading import LINE, PLAIN, STEP, written

LATER = '[[lines]]\nline = "to come"\nmeasure = "later"\nlater = "no exercises yet"\nat_most = 120\n'
SHORT = PLAIN.replace("ends_s = 600", "ends_s = 200") + STEP.replace("hold_s = 300", "hold_s = 100")


def test_a_run_is_told_and_kept(tmp_path: Path) -> None:
    """What is asked for is in the table and in the file, with the promises beside it; what is to come is neither ok nor false."""
    path, out = written(tmp_path, SHORT + LINE + LATER), tmp_path / "build" / "scenarios.json"
    done = CliRunner().invoke(simulate, [str(path), "--seed", "3", "--out", str(out)])
    assert 0 == done.exit_code, done.output
    assert "T+      1.0 s  ORDER  o" in done.output
    assert "2 ok, 0 FALSE, 1 later" in done.output
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert [["scenario", "line", "target", "measured", "ok"]] * 3 == [list(one) for one in kept]
    assert [("T", "<= 9", True), ("T", "<= 120", "later"), ("T", "0 violations", True)] == [
        (one["scenario"], one["target"], one["ok"]) for one in kept
    ]


def test_a_line_that_is_false_ends_with_1(tmp_path: Path) -> None:
    """And is shown with what was measured."""
    path = written(tmp_path, SHORT + LINE.replace("at_most = 9", "at_most = 0.001"))
    done = CliRunner().invoke(simulate, [str(path), "--json"])
    assert 1 == done.exit_code
    line, promises = json.loads(done.output)
    assert (False, True) == (line["ok"], promises["ok"])
    assert line["measured"] > 0.001


def test_a_file_that_cannot_be_read_ends_with_78(tmp_path: Path) -> None:
    """Every mistake is a sentence, and nothing is played."""
    done = CliRunner().invoke(simulate, [str(written(tmp_path, PLAIN + 'colour = "red"\n'))])
    assert 78 == done.exit_code
    assert "colour" in done.stderr
