"""A plugin's first files, as `fenghuo plugin new` writes them: a channel, a far end, and a test that passes bronze as it comes."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from fenghuo.errors import SettingsError

__all__ = ["write_plugin"]

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "$module/__init__.py": "channel.py",
    "$module/far_end.py": "far_end.py",
    "tests/test_grade.py": "test_grade.py",
}
"""Where each goes, and the text that it is made of."""


def write_plugin(name: str, folder: Path) -> tuple[Path, ...]:
    """Write the plugin `name` into `folder`, which must be empty or not there.

    Raises: SettingsError (a name that is no module's, an occupied folder), OSError.
    """
    if not NAME.fullmatch(name):
        what = "small letters, digits and single underscores, a letter first, such as pager"
        raise SettingsError((f"a plugin cannot be called {name!r}: {what}",))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError((f"{folder} is there already and not empty: name another folder with --into",))
    words = {"name": name, "module": f"fenghuo_{name}", "dashed": name.replace("_", "-")}
    texts = files("fenghuo.cli") / "new_plugin"
    made: list[Path] = []
    for place, source in FILES.items():
        path = folder / Template(place).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template((texts / f"{source}.txt").read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        made.append(path)
    return tuple(made)
