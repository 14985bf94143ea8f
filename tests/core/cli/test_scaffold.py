"""A new plugin's package passes bronze as it comes, outside of this project; a name or a folder that will not do is refused in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fenghuo.cli.scaffold import write_plugin
from fenghuo.errors import SettingsError
from tests.scale import PATIENCE_S


@pytest.mark.may_block("the kit runs in a process of its own")
@pytest.mark.timeout(3 * PATIENCE_S)
def test_what_is_written_passes_bronze_as_it_comes(tmp_path: Path) -> None:
    """By the author's own command, from a package that only lies on the path; whatever the settings of the project around it ask for.
    A conftest.py beside it is heard, as docs/reference/conformance.md says."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p a_plugin_that_nobody_has\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("def pytest_fenghuo_conformance():\n    print('heard')\n    return []\n", encoding="utf-8")
    folder = tmp_path / "fenghuo-river-pager"
    write_plugin("river_pager", folder)
    command = [sys.executable, "-m", "fenghuo", "plugin", "check", "fenghuo_river_pager", "-m", "bronze"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    grades = [line.split() for line in done.stdout.splitlines() if line.startswith("fenghuo_river_pager ")]
    assert (0, ["river_pager.tcp", "bronze"]) == (done.returncode, [grades[0][1], grades[0][5]]), done.stdout + done.stderr
    assert "heard" in done.stdout


@pytest.mark.parametrize("name", ["Pager", "9pager", "pager-a", "_pager", "a__b", "寻呼", ""])
def test_a_name_that_is_no_modules_is_refused(name: str, tmp_path: Path) -> None:
    """With the name, and what would do."""
    with pytest.raises(SettingsError, match="such as pager") as refused:
        write_plugin(name, tmp_path / "new")
    assert (True, False) == (repr(name) in str(refused.value), (tmp_path / "new").exists())


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nobody's file is written over, and none is added."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="--into"):
        write_plugin("pager", tmp_path)
    assert ["mine.txt"] == [path.name for path in tmp_path.iterdir()]


def test_the_files_stand_where_a_build_looks_for_them(tmp_path: Path) -> None:
    """No placeholder is left in any of them."""
    made = write_plugin("pager", tmp_path / "new")
    names = {str(path.relative_to(tmp_path / "new")) for path in made}
    assert {"pyproject.toml", "README.md", "fenghuo_pager/__init__.py", "fenghuo_pager/far_end.py", "tests/test_grade.py"} == names
    assert [] == [path for path in made if "$" in path.read_text(encoding="utf-8")]
