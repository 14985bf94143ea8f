"""What an examination leaves behind: a whole one a record, a part of one nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo import Capabilities, ChannelType, Evidence, SimpleChannel
from fenghuo.plugin.grading import Grade, PeerStanding, Record, Shown, record_file
from fenghuo.rig.kit.bench import Subject
from fenghuo.rig.kit.grades import Verdict, Went
from fenghuo.rig.kit.recording import FarEnd, over_all, record_all, record_of

KIND = ChannelType(
    "lamp.red", msgspec.Struct, lambda settings: Capabilities("sms", Evidence.AIRED), ("msisdn",), lambda ctx: SimpleChannel()
)
SUBJECT = Subject("fenghuo_lamp", KIND, {}, "1.2", "sha256:11")
SIMULATED, REAL = FarEnd("simulated lamp", "simulated"), FarEnd("lamp", "lampd 2", PeerStanding.REAL_PEER)


def verdicts(bronze: Went, silver: Went) -> list[Verdict]:
    return [Verdict("does no harm", Grade.BRONZE, bronze), Verdict("keeps its word", Grade.SILVER, silver)]


def test_a_check_is_shown_where_any_far_end_shows_it() -> None:
    """And has failed where it failed at any."""
    both = {SIMULATED: verdicts(Went.PASSED, Went.UNSHOWN), REAL: verdicts(Went.FAILED, Went.PASSED)}
    assert [Went.FAILED, Went.PASSED] == [verdict.went for verdict in over_all(both)]


def test_a_record_says_what_was_examined_and_where() -> None:
    """Plugin, version, files, the grade over all far ends, and that at each."""
    both = {SIMULATED: verdicts(Went.PASSED, Went.UNSHOWN), REAL: verdicts(Went.UNRUN, Went.PASSED)}
    record = record_of(SUBJECT, both)
    assert isinstance(record, Record)
    assert ("fenghuo_lamp", "1.2", "lamp.red", "platinum", "sha256:11") == (
        record.plugin,
        record.version,
        record.channel,
        record.grade,
        record.digest,
    )
    assert (Shown("simulated lamp", "simulated", "bronze"), Shown("lamp", "lampd 2", "none", PeerStanding.REAL_PEER)) == record.peers


def test_a_part_of_an_examination_leaves_no_record(tmp_path: Path) -> None:
    """It neither earns a grade nor takes one away: an earlier record stays."""
    assert record_of(SUBJECT, {}) is None
    found = {SIMULATED: verdicts(Went.PASSED, Went.UNRUN)}
    assert ["lamp.red: no record; not every check was run"] == record_all(tmp_path, [(SUBJECT, found)])
    assert [] == list(tmp_path.iterdir())


def test_a_failure_is_recorded_too(tmp_path: Path) -> None:
    """So that a node can tell what failed from what nobody tried."""
    found = {SIMULATED: verdicts(Went.FAILED, Went.PASSED)}
    file = record_file(tmp_path, "lamp.red")
    assert [f"lamp.red: none, recorded in {file}; a daemon reads it when it starts"] == record_all(tmp_path, [(SUBJECT, found)])
    assert "none" == msgspec.json.decode(file.read_bytes(), type=Record).grade


def test_what_came_with_fenghuo_is_recorded_elsewhere(tmp_path: Path) -> None:
    """A node would not read it."""
    bundled = msgspec.structs.replace(SUBJECT, is_bundled=True)
    found = {SIMULATED: verdicts(Went.PASSED, Went.PASSED)}
    assert ["lamp.red: no record; it came with Fenghuo, which ships its own"] == record_all(tmp_path, [(bundled, found)])
