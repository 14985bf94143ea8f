"""What the kit adds to a run of pytest: an item for each check, and the grades at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.plugin.grading import PeerStanding
from fenghuo.rig.kit.bench import Subject
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Grade, Verdict, Went, grade_of, table
from fenghuo.rig.kit.recording import FarEnd, record_all
from fenghuo.rig.kit.subjects import Examination, NothingToExamine, examinations
from fenghuo.rig.kit.suite import CHECKS, Stand

__all__ = ["Record", "pytest_collection_modifyitems", "pytest_configure"]

PROPERTY = "fenghuo"


class Record(msgspec.Struct, frozen=True):
    """One verdict with whose it is: as it goes through a report, and into the file of --fenghuo-report."""

    plugin: str
    channel: str
    peer: str
    version: str
    verdict: Verdict
    standing: PeerStanding = PeerStanding.OWN


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Grades(config), "fenghuo-grades")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = []  # the kit alone, unless tests are named beside it


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    extra = [fixture for found in config.hook.pytest_fenghuo_conformance() for fixture in found]
    for name in config.getoption("fenghuo_channel"):
        try:
            found = examinations(name, extra)
        except NothingToExamine as nothing:
            raise pytest.UsageError(str(nothing)) from nothing
        for examination in found:
            if _is_wanted(examination, config.getoption("fenghuo_peer")):
                items.extend(Examined.of(session, examination).collect())


def _is_wanted(examination: Examination, peer: str | None) -> bool:
    fixture = examination.fixture
    return peer in (None, fixture.peer, "simulated" if fixture.is_simulated else "real")


class Examined(pytest.Collector):
    """One channel type against one far end: as many items as there are checks."""

    examination: Examination
    stand: Stand

    @classmethod
    def of(cls, session: pytest.Session, examination: Examination) -> Examined:
        name = f"{examination.subject.plugin}::{examination.subject.kind.id} at {examination.fixture.peer}"
        examined: Examined = cls.from_parent(session, name=name, nodeid=name)
        examined.examination = examination
        examined.stand = Stand(examination.subject, examination.fixture, patience=session.config.getoption("fenghuo_patience"))
        return examined

    def collect(self) -> Iterator[CheckItem]:
        for check in CHECKS:
            item: CheckItem = CheckItem.from_parent(self, name=check.claim)
            item.check = check
            item.add_marker(check.grade.name.lower())
            yield item


class CheckItem(pytest.Item):
    """One check. At a real far end the first one runs all that were selected, since they mostly wait."""

    parent: Examined
    check: Check

    def runtest(self) -> None:
        stand = self.parent.stand
        if self.check.claim not in stand.verdicts:
            stand.run([self.check] if stand.fixture.is_simulated else self._selected())
        verdict = stand.verdicts[self.check.claim]
        examination = self.parent.examination
        subject = examination.subject
        fixture = examination.fixture
        record = Record(subject.plugin, subject.kind.id, fixture.peer, stand.version, verdict, fixture.standing)
        self.user_properties.append((PROPERTY, msgspec.json.encode(record).decode()))
        match verdict.went:
            case Went.FAILED:
                pytest.fail(verdict.why, pytrace=False)
            case Went.INAPPLICABLE:
                pytest.skip(verdict.why)
            case Went.UNSHOWN:
                pytest.skip(f"not shown: {verdict.why}")

    def _selected(self) -> list[Check]:
        return [item.check for item in self.session.items if isinstance(item, CheckItem) and item.parent is self.parent]

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return Path(self.parent.name), None, self.check.claim


class Grades:
    """Gathers the verdicts, also from other processes, and prints the grades."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._records: dict[tuple[str, str, str], list[Record]] = {}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._kept: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call":
                record = msgspec.json.decode(str(value), type=Record)
                self._records.setdefault((record.plugin, record.channel, record.peer), []).append(record)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if isinstance(item, CheckItem):
                subject = item.parent.examination.subject
                self._subjects[subject.plugin, subject.kind.id] = subject

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        report: Path | None = self._config.getoption("fenghuo_report")
        if report is not None:
            report.write_bytes(msgspec.json.encode([record for found in self._records.values() for record in found]))
        folder: Path | None = self._config.getoption("fenghuo_record")
        if folder is not None:
            self._kept = record_all(folder, [(subject, self._found(*key)) for key, subject in self._subjects.items()])
        if self._below() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._records:
            return
        terminalreporter.section("grades of the conformance kit")
        rows = [(f"{plugin} {channel}", peer, found[0].version) for (plugin, channel, peer), found in self._records.items()]
        for line in table(rows, [_whole(found) for found in self._records.values()]):
            terminalreporter.write_line(line)
        for line in self._kept:
            terminalreporter.write_line(line)
        if below := self._below():
            terminalreporter.write_line(f"below {self._config.getoption('fenghuo_grade')}: {', '.join(below)}", red=True)

    def _found(self, plugin: str, channel: str) -> dict[FarEnd, list[Verdict]]:
        """By far end, what was found of a channel type."""
        held = {peer: records for (who, kind, peer), records in self._records.items() if (who, kind) == (plugin, channel)}
        return {FarEnd(peer, records[0].version, records[0].standing): _whole(records) for peer, records in held.items()}

    def _below(self) -> list[str]:
        """Far ends at which the grade asked for was not shown."""
        wanted: str | None = self._config.getoption("fenghuo_grade")
        if wanted is None:
            return []
        found = {f"{plugin} {kind} at {peer}": grade_of(_whole(held)) for (plugin, kind, peer), held in self._records.items()}
        return [name for name, grade in found.items() if grade < Grade[wanted.upper()]]


def _whole(records: Sequence[Record]) -> list[Verdict]:
    """The verdicts; a check that was not run shows nothing."""
    ran = {record.verdict.check: record.verdict for record in records}
    return [ran.get(check.claim, Verdict(check.claim, check.grade, Went.UNRUN)) for check in CHECKS]
