"""The page of channels is what the records say, and a record says what the kit measured."""

from __future__ import annotations

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.grading import Bundled, Grade, PeerStanding
from fenghuo.plugin.host import load_plugins
from fenghuo.rig.kit.examining import Record
from fenghuo.rig.kit.grades import Figures, Verdict, Went
from tests.conformance.real_peers import pytest_fenghuo_conformance
from tools.channels import PAGE, lines, page, taken

LINE = Bundled("lamp.red", "gold")


def record(peer: str, standing: PeerStanding, figures: Figures) -> Record:
    return Record("lamp", "lamp.red", peer, f"{peer} 2", Verdict("keeps its word", Grade.SILVER, Went.PASSED, "", figures), standing)


def test_the_page_is_as_kept() -> None:
    """`python -m tools.channels` writes it anew."""
    assert page(lines()) == PAGE.read_text(encoding="utf-8")


def test_every_bundled_channel_has_silver_or_better() -> None:
    """What keeps its word only while the far end does is not shipped."""
    assert [] == [line.channel for _, line in lines() if not line.simulated and Grade.parse(line.grade) < Grade.SILVER]


def test_only_a_far_end_that_is_real_is_called_so() -> None:
    """What a record claims of its far end, a fixture of the tests or of the plugin claims too."""
    fixtures = [*pytest_fenghuo_conformance(), *(fixture for _, fixture in load_plugins().fixtures)]
    real = {(fixture.channel, fixture.peer) for fixture in fixtures if fixture.standing is PeerStanding.REAL_PEER}
    claimed = {(line.channel, line.peer) for _, line in lines() if line.standing is PeerStanding.REAL_PEER}
    assert set() == claimed - real


def test_a_record_that_says_nothing_claims_nothing() -> None:
    """The default is the weakest word there is, and the page says what was not measured."""
    row = page([("fenghuo_lamp", LINE)]).splitlines()[-1]
    cells = ["`fenghuo_lamp`", "`lamp.red`", "gold", "not told", "own far end", *["not measured"] * 4, "parts alone"]
    assert f"| {' | '.join(cells)} |" == row


def test_the_best_witness_is_taken_with_what_it_saw() -> None:
    """Figures of two far ends are never mixed; copies count where the node was killed. Of accounts the largest error counts, whoever saw
    it, and who measured what is said."""
    mine = Figures(Evidence.DEVICE, kills=9, duplicates=9, estimate_error=0.1, booked_error=0.0118, measured=("airtime", "joules"))
    theirs = [
        record("lampd", PeerStanding.REAL_PEER, Figures(Evidence.AIRED, kills=4, duplicates=1)),
        record("lampd", PeerStanding.REAL_PEER, Figures(Evidence.ACCEPTED, duplicates=3, estimate_error=0.0412)),
        record("lampd", PeerStanding.REAL_PEER, Figures(booked_error=0.004, measured=("airtime",))),
    ]
    found = taken(LINE, {"our lamp": [record("our lamp", PeerStanding.OWN, mine)], "lampd": theirs})
    accounts = (0.012, ("airtime", "joules (our lamp)"))
    assert Bundled("lamp.red", "gold", False, "lampd", "lampd 2", PeerStanding.REAL_PEER, "AIRED", 4, 1, 0.041, *accounts) == found
    row = page([("fenghuo_lamp", found)]).splitlines()[-1]
    assert row.endswith("| lampd 2 | real peer | AIRED | 1 / 4 | 4.1 % | 1.2 % | airtime, joules (our lamp) |")


def test_a_channel_without_a_report_keeps_its_line() -> None:
    """A report of one plugin leaves the others alone."""
    assert LINE == taken(LINE, {})


def test_every_account_of_a_bundled_channel_is_true_within_2_percent() -> None:
    """Before the emission and after it: airtime, octets, money and joules are what the far end has measured."""
    errors = {line.channel: (line.estimate_error or 0.0, line.booked_error or 0.0) for _, line in lines() if not line.simulated}
    assert {} == {channel: both for channel, both in errors.items() if max(both) > 0.02}
