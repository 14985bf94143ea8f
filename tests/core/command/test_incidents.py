"""An incident: two sources make one, a person verifies it, and its clocks run from what they say they run from."""

from __future__ import annotations

import pytest

from fenghuo.command.duties import Begins, DutyRule, MetBy
from fenghuo.command.incidents import Disposition, Incident, Status, What, Word, disposed, filed, heard, moved, opened, reached, same
from fenghuo.errors import FormatError
from fenghuo.model.area import AreaRef
from fenghuo.model.message import MessageId

TOWN, COUNTY = AreaRef.parse("mca:320585103"), AreaRef.parse("mca:320585")
RULES = (
    DutyRule("word", "企业报县级", 3600.0, "t", Begins.ONSET, MetBy.WORD),
    DutyRule("report", "初报", 7200.0, "t", Begins.ONSET, MetBy.REPORT, form="initial"),
    DutyRule("back", "处置反馈", 1800.0, "t", Begins.RECEIVED, MetBy.DISPOSITION, sources=("platform",)),
    DutyRule("after", "核实后", 600.0, "t", Begins.VERIFIED),
    DutyRule("quake", "地震", 600.0, "t", events=("地震",)),
)


def leak(source: str = "platform", *, at: float = 1000.0, onset: float = 900.0) -> Incident:
    return opened("1", Word(source, at, "泄漏"), What("危化品泄漏", (TOWN,), "泄漏", onset), RULES)


def test_a_second_source_makes_a_suspicion_a_report_and_the_same_one_does_not() -> None:
    """However often one sensor says so, it is one sensor."""
    one = heard(leak(), Word("platform", 1010.0, "again"), onset=None, rules=RULES)
    assert Status.SUSPECTED is one.status
    two = heard(one, Word("phone", 1020.0, "yes"), onset=None, rules=RULES)
    assert (Status.REPORTED, ("platform", "phone"), 3) == (two.status, two.sources, two.revision)


def test_a_word_belongs_to_the_open_incident_of_its_event_and_area() -> None:
    """Of the whole county too; not to one that is over, nor to another event, nor after two hours of silence."""
    one = leak()
    assert one is same([one], "危化品泄漏", (COUNTY,), 1100.0)
    over = moved(one, Status.UNFOUNDED, 1050.0, RULES)
    elsewhere = AreaRef.parse("mca:320585105")
    for known, event, area, at in ((one, "火灾", TOWN, 1100.0), (one, "危化品泄漏", elsewhere, 1100.0), (one, "危化品泄漏", TOWN, 8201.0)):
        assert same([known], event, (area,), at) is None
    assert same([over], "危化品泄漏", (TOWN,), 1100.0) is None


def test_it_is_verified_before_it_is_active() -> None:
    """And what is over stays over."""
    with pytest.raises(FormatError, match=r"^1 is suspected, and can become verified, unfounded, cancelled; not active$"):
        moved(leak(), Status.ACTIVE, 1100.0, RULES)
    active = moved(moved(leak(), Status.VERIFIED, 1100.0, RULES), Status.ACTIVE, 1200.0, RULES)
    assert Status.ACTIVE is active.status
    with pytest.raises(FormatError, match="can become nothing: it is over; not verified"):
        moved(moved(leak(), Status.UNFOUNDED, 1100.0, RULES), Status.VERIFIED, 1200.0, RULES)


def test_each_clock_runs_from_its_own_beginning() -> None:
    """Onset, first word and verification; of the event and the source that it is for alone."""
    one = moved(leak(), Status.VERIFIED, 1100.0, RULES)
    assert {"word": 900.0, "report": 900.0, "back": 1000.0, "after": 1100.0} == {due.name: due.began for due in one.dues}
    assert [1000.0, None, None, None] == [due.met_at for due in one.dues], "the first word has met its own clock"
    assert {"word", "report"} == {due.name for due in leak("phone").dues}


def test_an_earlier_onset_shortens_what_runs_from_it() -> None:
    """A second source knows that it began before; a later one changes nothing."""
    one = heard(leak(), Word("phone", 1020.0, "since"), onset=600.0, rules=RULES)
    assert (600.0, {"word": 4200.0, "report": 7800.0, "back": 2800.0}) == (one.onset, {due.name: due.due for due in one.dues})
    assert 600.0 == heard(one, Word("third", 1030.0, ""), onset=950.0, rules=RULES).onset


def test_reports_are_numbered_and_meet_their_clock_when_they_have_arrived() -> None:
    """初报, 续报一, 续报二, 终报; a report that is only filed has told nobody."""
    one = leak()
    for number, form in enumerate(("initial", "followup", "followup", "final")):
        one = filed(one, form, MessageId(f"m{number}"), 2000.0 + number)
    assert ["初报", "续报一", "续报二", "终报"] == [report.name for report in one.reports]
    assert one.dues[1].met_at is None
    one = reached(one, "m0", 2100.0)
    assert (2100.0, "m0", 2100.0) == (one.dues[1].met_at, one.dues[1].by, one.reports[0].reached_at)
    assert one is reached(one, "m0", 2200.0), "once"
    for form in ("initial", "followup", "other"):
        with pytest.raises(FormatError, match=r"^form: "):
            filed(one, form, MessageId("m9"), 2300.0)
    with pytest.raises(FormatError, match="followup does not follow what was filed"):
        filed(leak(), "followup", MessageId("m9"), 2300.0)


def test_a_disposition_meets_its_clock_when_the_source_has_it() -> None:
    """Not when it is written."""
    one = disposed(leak(), Disposition("关闭", "duty", 1500.0, "m1"))
    assert one.dues[2].met_at is None
    assert 1600.0 == reached(one, "m1", 1600.0).dues[2].met_at
