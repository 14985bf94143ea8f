"""Grades of channel types, the records that the conformance kit leaves of them, and what a node makes of a record.

Two kinds of record, for two kinds of plugin. What an administrator has installed beside Fenghuo is held to its very files: the kit's
record, one file a channel type in a folder of the node, names the digest of what was examined, and with the next release of the plugin
it counts no more. What came with Fenghuo has its record in its own package (`conformance.json`), without a digest: a release is tested as
a whole, `tests/conformance` examines every bundled channel in every run and fails if a record says more than the kit has just shown, so a
digest would only have every commit edit it. A third party's `conformance.json` counts for nothing: nobody vouches for himself.
The simulated bearers of the rig have a record without a grade: nothing that they carry leaves the machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from pathlib import Path
from urllib.parse import quote

import msgspec

from fenghuo.plugin.origin import Origin, digest_of

__all__ = ["SHIPPED", "Bundled", "Grade", "PeerStanding", "Record", "Shown", "Standing", "keep_record", "record_file", "standing_of"]

SHIPPED = "conformance.json"
"""The record of a bundled plugin, in its package."""


class Grade(IntEnum):
    """BRONZE does no harm; SILVER keeps its word while the far end does not; GOLD is a good neighbour on its medium; PLATINUM lasts."""

    NONE = 0
    BRONZE = 1
    SILVER = 2
    GOLD = 3
    PLATINUM = 4

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Grade:
        """`silver` as a Grade. Raises: ValueError."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"{word!r} is no grade") from None


class PeerStanding(StrEnum):
    """What a far end is worth as a witness. REAL_PEER: an implementation that is independent of ours; VECTORS: none runs here, and the
    octets were compared with published ones; OWN: written by whoever wrote the channel, who may have misread the protocol twice."""

    REAL_PEER = "real peer"
    VECTORS = "vector-tested"
    OWN = "own far end"

    @staticmethod
    def best(found: Iterable[PeerStanding]) -> PeerStanding:
        """The best witness of several; OWN where there is none."""
        return min(found, key=list(PeerStanding).index, default=PeerStanding.OWN)


class Shown(msgspec.Struct, frozen=True):
    """A far end at which a channel type was examined, the grade shown there, and what the far end is."""

    peer: str
    version: str
    grade: str
    standing: PeerStanding = PeerStanding.OWN


class Record(msgspec.Struct, frozen=True):
    """What the kit found of one channel type; `version`: of the plugin; `kit`: of Fenghuo; `digest`: of the files it was found of."""

    plugin: str
    version: str
    channel: str
    grade: str
    kit: str
    digest: str
    peers: tuple[Shown, ...] = ()


class Bundled(msgspec.Struct, frozen=True):
    """A line of a bundled plugin's own record. `simulated`: it has no far end, since nothing leaves the machine.

    `peer`, `peer_version`: the best far end it was examined at, and what that is (`standing`, "own far end" unless it says more);
    `evidence`: the highest level a delivery reached there; `kills`, `duplicates`: how often the kit killed the node there, and how many
    second emissions arrived after it, each marked as a copy; `estimate_error`: the largest error of estimate() there, as a share;
    `booked_error`: of what was booked with an emission, held against what a far end has measured: `measured`, by name, and by
    which far end where it is another.
    `python -m tools.channels REPORT.json` takes them from a report of the kit, and docs/channels.md shows them.
    """

    channel: str
    grade: str = Grade.NONE.word
    simulated: bool = False
    peer: str = ""
    peer_version: str = ""
    standing: PeerStanding = PeerStanding.OWN
    evidence: str = ""
    kills: int = 0
    duplicates: int = 0
    estimate_error: float | None = None
    booked_error: float | None = None
    measured: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """What a node makes of a channel type. `ungraded`: why it carries P2 to P4 only, empty where it may carry everything; `peer`: what the
    far end was at which it earned its grade."""

    grade: Grade
    ungraded: str = ""
    peer: PeerStanding = PeerStanding.OWN

    def __str__(self) -> str:
        return self.grade.word if self.grade or self.ungraded else "simulated"


def record_file(folder: Path, channel: str) -> Path:
    """Where the record of a channel type lies."""
    return folder / f"{quote(channel, safe='')}.json"


def keep_record(folder: Path, record: Record) -> Path:
    """Write a record where a daemon finds it, whole or not at all. Raises: OSError."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # a state folder that is made here is nobody else's
    folder.mkdir(exist_ok=True)
    file = record_file(folder, record.channel)
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    os.replace(new, file)
    return file


def standing_of(channel: str, origin: Origin, folder: Path | None, *, digest: Callable[[Origin], str] = digest_of) -> Standing:
    """What a channel type of a plugin may carry. `folder`: the node's records, None where nobody says which node."""
    if origin.is_bundled:
        return _bundled(channel, origin)
    file = record_file(folder, channel) if folder is not None else None
    if file is None or not file.is_file():
        return Standing(Grade.NONE, f"no record of the conformance kit for {channel}; make one with `fenghuo plugin check {origin.module}`")
    try:
        record = msgspec.json.decode(file.read_bytes(), type=Record)
        grade = Grade.parse(record.grade)
    except (OSError, ValueError) as fault:
        return Standing(Grade.NONE, f"the record {file} cannot be read: {fault}")
    if record.digest != digest(origin) or not record.digest:
        return Standing(Grade.NONE, f"the record of {channel} is of other files than those installed (it was {record.version})")
    return _judged(channel, grade, PeerStanding.best(shown.standing for shown in record.peers))


def _judged(channel: str, grade: Grade, peer: PeerStanding) -> Standing:
    return Standing(grade, "" if grade >= Grade.BRONZE else f"{channel} was examined and has not passed bronze", peer)


def _bundled(channel: str, origin: Origin) -> Standing:
    folder = origin.folder
    try:
        lines = msgspec.json.decode((folder / SHIPPED).read_bytes(), type=list[Bundled]) if folder else []
        line = next((line for line in lines if line.channel == channel), None)
        if line is not None and line.simulated:
            return Standing(Grade.NONE)
        if line is None:
            return Standing(Grade.NONE, f"Fenghuo ships no record of {channel}")
        return _judged(channel, Grade.parse(line.grade), line.standing)
    except (OSError, ValueError) as fault:
        return Standing(Grade.NONE, f"the record that Fenghuo ships of {channel} cannot be read: {fault}")
