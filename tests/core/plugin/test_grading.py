"""What a record lets a channel type carry: the right record of the right files, and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo.plugin.grading import Grade, PeerStanding, Record, Shown, Standing, keep_record, record_file, standing_of
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.origin import Origin

THEIRS = Origin("fenghuo_lamp", "fenghuo-lamp")
DIGEST = "sha256:11"
RECORD = Record("lamp", "1.0", "lamp.red", "bronze", "0.1.0", DIGEST)


def standing(folder: Path | None, digest: str = DIGEST) -> Standing:
    return standing_of("lamp.red", THEIRS, folder, digest=lambda origin: digest)


@pytest.mark.parametrize(("grade", "carries_all"), [("none", False), ("bronze", True), ("silver", True), ("platinum", True)])
def test_bronze_is_enough(tmp_path: Path, grade: str, carries_all: bool) -> None:
    """And what was examined and failed is told apart from what was not."""
    keep_record(tmp_path, Record("lamp", "1.0", "lamp.red", grade, "0.1.0", DIGEST))
    found = standing(tmp_path)
    assert (Grade.parse(grade), carries_all) == (found.grade, not found.ungraded)
    assert carries_all or "lamp.red was examined and has not passed bronze" == found.ungraded


def test_a_record_of_other_files_counts_for_nothing(tmp_path: Path) -> None:
    """The plugin's next release is another plugin until it was examined, and so is one that has no files."""
    keep_record(tmp_path, RECORD)
    says = "the record of lamp.red is of other files than those installed (it was 1.0)"
    assert Standing(Grade.NONE, says) == standing(tmp_path, "sha256:22")
    keep_record(tmp_path, Record("lamp", "1.0", "lamp.red", "gold", "0.1.0", ""))
    assert Standing(Grade.NONE, says) == standing(tmp_path, "")


def test_without_a_record_it_says_how_to_make_one(tmp_path: Path) -> None:
    """Also where nobody says which node's records count."""
    says = "no record of the conformance kit for lamp.red; make one with `fenghuo plugin check fenghuo_lamp`"
    assert [says, says, says] == [standing(folder).ungraded for folder in (None, tmp_path, tmp_path / "absent")]


@pytest.mark.parametrize("text", ["", "{}", '{"plugin": "lamp"', "[]"])
def test_a_record_that_cannot_be_read_counts_for_nothing(tmp_path: Path, text: str) -> None:
    """Torn, empty, or no record at all."""
    record_file(tmp_path, "lamp.red").write_text(text)
    assert standing(tmp_path).ungraded.startswith(f"the record {tmp_path}/lamp.red.json cannot be read: ")


def test_a_grade_nobody_knows_counts_for_nothing(tmp_path: Path) -> None:
    """A typing error in a record that was written by hand."""
    keep_record(tmp_path, Record("lamp", "1.0", "lamp.red", "bronce", "0.1.0", DIGEST))
    assert "'bronce' is no grade" in standing(tmp_path).ungraded


def test_a_type_may_be_called_whatever_it_likes(tmp_path: Path) -> None:
    """Its record stays in the folder."""
    kept = keep_record(tmp_path / "new", Record("lamp", "1.0", "../lamp", "bronze", "0.1.0", DIGEST))
    assert [kept] == list((tmp_path / "new").iterdir())


def test_every_bundled_channel_may_carry_everything() -> None:
    """By the record in its package; a simulated bearer by its nature. No folder of records is asked."""
    host = load_plugins()
    found = {kind: standing_of(kind, host.origin(kind), None) for kind in host.channel_types}
    assert {} == {kind: one.ungraded for kind, one in found.items() if one.ungraded}
    assert {"sim.sms", "sim.bulk", "sim.radio"} == {kind for kind, one in found.items() if str(one) == "simulated"}


def test_a_bundled_channel_without_a_record_is_held_to_the_same(tmp_path: Path) -> None:
    """Who adds a channel type and forgets its record hears of it, and a record in the node's folder does not help."""
    keep_record(tmp_path, Record("http", "1.0", "http.new", "gold", "0.1.0", DIGEST))
    assert Standing(Grade.NONE, "Fenghuo ships no record of http.new") == standing_of(
        "http.new", Origin("fenghuo_http", "fenghuo"), tmp_path
    )


@pytest.mark.parametrize(
    ("standings", "best"),
    [
        ((), "own far end"),
        ((PeerStanding.OWN, PeerStanding.VECTORS), "vector-tested"),
        ((PeerStanding.VECTORS, PeerStanding.REAL_PEER, PeerStanding.OWN), "real peer"),
    ],
)
def test_a_grade_says_what_it_was_earned_at(tmp_path: Path, standings: tuple[PeerStanding, ...], best: str) -> None:
    """The best witness of a record; a record without one was made at a far end of its own."""
    peers = tuple(Shown("lamp", "1", "gold", standing) for standing in standings)
    keep_record(tmp_path, msgspec.structs.replace(RECORD, peers=peers))
    assert best == standing(tmp_path).peer.value
