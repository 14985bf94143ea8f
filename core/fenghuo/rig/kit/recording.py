"""What a whole examination leaves behind: one record for each channel type, over all its far ends."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fenghuo.plugin.grading import PeerStanding, Record, Shown, keep_record
from fenghuo.rig.kit.bench import Subject
from fenghuo.rig.kit.grades import Verdict, Went, grade_of

__all__ = ["FarEnd", "over_all", "record_all", "record_of"]

WORST = (Went.FAILED, Went.PASSED, Went.UNSHOWN, Went.INAPPLICABLE, Went.UNRUN)
"""Of one check at several far ends, the first of these that is there: what failed anywhere has failed, what was shown anywhere is shown."""


class FarEnd(msgspec.Struct, frozen=True):
    """Where checks were run."""

    peer: str
    version: str
    standing: PeerStanding = PeerStanding.OWN


Found = Mapping[FarEnd, Sequence[Verdict]]
"""Far end → every check there."""


def over_all(found: Found) -> list[Verdict]:
    """Each check once, whatever the far ends."""
    by_check: dict[str, list[Verdict]] = {}
    for verdicts in found.values():
        for verdict in verdicts:
            by_check.setdefault(verdict.check, []).append(verdict)
    return [min(verdicts, key=lambda verdict: WORST.index(verdict.went)) for verdicts in by_check.values()]


def record_of(subject: Subject, found: Found) -> Record | None:
    """None where something was not tried at all: a part of an examination neither earns a grade nor takes one away."""
    verdicts = over_all(found)
    if not verdicts or any(verdict.went is Went.UNRUN for verdict in verdicts):
        return None
    return Record(
        plugin=subject.plugin,
        version=subject.version,
        channel=subject.kind.id,
        grade=grade_of(verdicts).word,
        kit=_version(),
        digest=subject.digest,
        peers=tuple(Shown(end.peer, end.version, grade_of(held).word, end.standing) for end, held in found.items()),
    )


def record_all(folder: Path, found: Sequence[tuple[Subject, Found]]) -> list[str]:
    """Keep what there is to keep, and say of each channel type what became of it. Raises: OSError."""
    return [_kept(folder, subject, verdicts) for subject, verdicts in found]


def _kept(folder: Path, subject: Subject, found: Found) -> str:
    name = subject.kind.id
    if subject.is_bundled:
        return f"{name}: no record; it came with Fenghuo, which ships its own"
    record = record_of(subject, found)
    if record is None:
        return f"{name}: no record; not every check was run"
    return f"{name}: {record.grade}, recorded in {keep_record(folder, record)}; a daemon reads it when it starts"


def _version() -> str:
    try:
        return importlib.metadata.version("fenghuo")
    except importlib.metadata.PackageNotFoundError:
        return "unpacked"
