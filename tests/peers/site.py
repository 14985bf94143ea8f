"""A plugin of somebody else's as a package manager leaves it, and the conformance kit's record of it as an administrator does."""

from __future__ import annotations

from pathlib import Path

from fenghuo.plugin.grading import Grade, Record, keep_record
from fenghuo.plugin.origin import digest_over

__all__ = ["give_record", "install"]


def install(site: Path, name: str, code: str) -> str:
    """Leave the plugin fenghuo_NAME in a folder; what PYTHONPATH must begin with."""
    info = site / f"fenghuo_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"fenghuo_{name}.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fenghuo-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[fenghuo]\n{name} = fenghuo_{name}\n")
    return str(site)


def give_record(state: Path, site: Path, name: str, channel: str, grade: Grade = Grade.BRONZE) -> None:
    """The record of a plugin that was examined elsewhere, copied to the node whose state folder this is, before it starts.

    The tests' channels do whatever a test asks of them, so that no examination would pass; what is tried here is the node.
    """
    file = site / f"fenghuo_{name}.py"
    keep_record(state / "conformance", Record(name, "1.0", channel, grade.word, "elsewhere", digest_over({file.name: file})))
