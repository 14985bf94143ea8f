"""An incident (事件): who says that something has happened, since when, how sure that is, and what of it is due. Pure.

Two independent sources make one incident and not two; it is verified by a person before it is active.
Source: domain.md §3.7; scenarios.md S2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from fenghuo.command.duties import Begins, Due, DutyRule, MetBy, due_of, met
from fenghuo.errors import FormatError
from fenghuo.model.area import AreaRef
from fenghuo.model.message import MessageId

__all__ = [
    "FORMS",
    "STEPS",
    "Disposition",
    "Filed",
    "Incident",
    "Status",
    "What",
    "Word",
    "disposed",
    "filed",
    "heard",
    "moved",
    "opened",
    "reached",
    "same",
]

SAME_WITHIN_S = 7_200.0
"""Words of one event in one place belong together for so long after the last of them; our choice."""
FORMS = ("initial", "followup", "final")
NAMES = {"initial": "初报", "followup": "续报", "final": "终报"}
NUMERALS = "〇一二三四五六七八九十"


class Status(StrEnum):
    """How sure it is, and where it stands."""

    SUSPECTED = "suspected"
    REPORTED = "reported"
    VERIFIED = "verified"
    ACTIVE = "active"
    CONTROLLED = "controlled"
    ENDED = "ended"
    CLOSED = "closed"
    UNFOUNDED = "unfounded"
    CANCELLED = "cancelled"


_NO = (Status.UNFOUNDED, Status.CANCELLED)
STEPS: Mapping[Status, tuple[Status, ...]] = {
    Status.SUSPECTED: (Status.VERIFIED, *_NO),
    Status.REPORTED: (Status.VERIFIED, *_NO),
    Status.VERIFIED: (Status.ACTIVE, *_NO),
    Status.ACTIVE: (Status.CONTROLLED, Status.ENDED, Status.CANCELLED),
    Status.CONTROLLED: (Status.ACTIVE, Status.ENDED),
    Status.ENDED: (Status.ACTIVE, Status.CLOSED),
    Status.CLOSED: (Status.ACTIVE,),
    Status.UNFOUNDED: (),
    Status.CANCELLED: (),
}
"""What a person may make of it. To REPORTED it comes by a second source alone."""


class Word(msgspec.Struct, frozen=True):
    """What one source says, and when we had it; `message`: the one it came in, if it came in one."""

    source: str
    at: float
    text: str
    message: str = ""


class What(msgspec.Struct, frozen=True):
    """What is said to have happened, where, and since when."""

    event: str
    areas: tuple[AreaRef, ...]
    title: str
    onset: float


class Filed(msgspec.Struct, frozen=True):
    """A report on it that went out: 初报, 续报一, 续报二 …, 终报. `reached_at`: its addressees have it."""

    name: str
    form: str
    message: MessageId
    at: float
    reached_at: float | None = None


class Disposition(msgspec.Struct, frozen=True):
    """What was made of it (处置反馈), as it goes back to the source; `message`: by which one, "" where it is only kept."""

    handled: str
    by: str
    at: float
    message: str = ""
    reached_at: float | None = None


class Incident(msgspec.Struct, frozen=True):
    """UTC seconds. `onset`: when it began, as far as anybody knows; `received`: when we had the first word of it; `revision` counts its
    changes."""

    id: str
    event: str
    areas: tuple[AreaRef, ...]
    title: str
    onset: float
    received: float
    status: Status = Status.SUSPECTED
    words: tuple[Word, ...] = ()
    dues: tuple[Due, ...] = ()
    reports: tuple[Filed, ...] = ()
    disposition: Disposition | None = None
    revision: int = 1

    @property
    def is_open(self) -> bool:
        return bool(STEPS[self.status]) and self.status is not Status.CLOSED

    @property
    def sources(self) -> tuple[str, ...]:
        """Everybody who spoke of it, in their order."""
        return tuple(dict.fromkeys(word.source for word in self.words))


def same(known: Iterable[Incident], event: str, areas: Sequence[AreaRef], at: float) -> Incident | None:
    """The open incident that a word of this event in these areas belongs to."""
    for one in known:
        near = any(own.covers(area) or area.covers(own) for own in one.areas for area in areas)
        if one.is_open and one.event == event and near and at - one.words[-1].at <= SAME_WITHIN_S:
            return one
    return None


def opened(ident: str, first: Word, what: What, rules: Sequence[DutyRule]) -> Incident:
    """A new one by the first word of it: suspected, and its clocks run."""
    onset = min(what.onset, first.at)
    one = Incident(ident, what.event, what.areas, what.title, onset, first.at, words=(first,))
    return _with_clocks(one, rules, (Begins.ONSET, Begins.RECEIVED), first.at)


def heard(one: Incident, word: Word, *, onset: float | None, rules: Sequence[DutyRule]) -> Incident:
    """One more word. A second independent source makes a suspicion a report; an earlier onset shortens every clock that runs from it."""
    status = one.status
    if status is Status.SUSPECTED and word.source not in one.sources:
        status = Status.REPORTED
    after = msgspec.structs.replace(one, words=(*one.words, word), status=status, revision=one.revision + 1)
    if onset is not None and onset < one.onset:
        after = msgspec.structs.replace(after, onset=onset, dues=tuple(_earlier(due, one.onset - onset) for due in after.dues))
    return _with_clocks(after, [rule for rule in rules if rule.sources], (Begins.ONSET, Begins.RECEIVED), word.at)


def moved(one: Incident, to: Status, at: float, rules: Sequence[DutyRule]) -> Incident:
    """A person has it stand there. Raises: FormatError: from where it stands it cannot."""
    if to not in STEPS[one.status]:
        can = ", ".join(STEPS[one.status]) or "nothing: it is over"
        raise FormatError(f"{one.id} is {one.status}, and can become {can}; not {to}", code="bad-argument", where="to")
    after = msgspec.structs.replace(one, status=to, revision=one.revision + 1)
    return _with_clocks(after, rules, (Begins.VERIFIED,), at) if to is Status.VERIFIED else after


def filed(one: Incident, form: str, message: MessageId, at: float) -> Incident:
    """A report on it has gone out. Raises: FormatError: no such form, a second 初报, or one after the 终报."""
    if form not in FORMS:
        raise FormatError(f"form: {form!r} is none; it must be one of {', '.join(FORMS)}", code="bad-argument", where="form")
    had = [report.form for report in one.reports]
    if "final" in had or (form == "initial" and had) or (form != "initial" and "initial" not in had):
        said = "、".join(report.name for report in one.reports) or "none"
        raise FormatError(
            f"form: {form} does not follow what was filed ({said}); initial first, final last", code="bad-argument", where="form"
        )
    name = NAMES[form] + (_numeral(had.count("followup") + 1) if form == "followup" else "")
    reports = (*one.reports, Filed(name, form, message, at))
    return msgspec.structs.replace(one, reports=reports, revision=one.revision + 1)


def disposed(one: Incident, disposition: Disposition) -> Incident:
    """What was made of it is known. Its clock goes on until the source has it."""
    return msgspec.structs.replace(one, disposition=disposition, revision=one.revision + 1)


def reached(one: Incident, message: str, at: float) -> Incident:
    """The addressees of a message have it: a report or a disposition of ours meets its clocks."""
    report = next((each for each in one.reports if each.message == message and each.reached_at is None), None)
    after = one
    if report is not None:
        reports = tuple(msgspec.structs.replace(each, reached_at=at) if each is report else each for each in one.reports)
        names = [due.name for due in one.dues if due.met_by is MetBy.REPORT and due.form in ("", report.form)]
        after = msgspec.structs.replace(one, reports=reports, dues=met(one.dues, names, at, message))
    elif one.disposition is not None and one.disposition.message == message and one.disposition.reached_at is None:
        names = [due.name for due in one.dues if due.met_by is MetBy.DISPOSITION]
        told = msgspec.structs.replace(one.disposition, reached_at=at)
        after = msgspec.structs.replace(one, disposition=told, dues=met(one.dues, names, at, message))
    return after if after is one else msgspec.structs.replace(after, revision=one.revision + 1)


def _with_clocks(one: Incident, rules: Sequence[DutyRule], begins: Sequence[Begins], now: float) -> Incident:
    """The clocks of all rules that are for it and do not run yet."""
    running = {due.name for due in one.dues}
    began = {Begins.ONSET: one.onset, Begins.RECEIVED: one.received, Begins.VERIFIED: now}
    fresh = [
        due_of(rule, began[rule.begins]) for rule in rules if rule.begins in begins and rule.name not in running and _is_for(rule, one)
    ]
    words = [due.name for due in fresh if due.met_by is MetBy.WORD]
    return msgspec.structs.replace(one, dues=(*one.dues, *met(fresh, words, one.received, one.words[0].source)))


def _is_for(rule: DutyRule, one: Incident) -> bool:
    is_of = not rule.events or one.event in rule.events
    return is_of and (not rule.sources or bool(set(rule.sources) & set(one.sources)))


def _earlier(due: Due, by_s: float) -> Due:
    if due.begins != Begins.ONSET:
        return due
    return msgspec.structs.replace(due, began=due.began - by_s, due=due.due - by_s)


def _numeral(number: int) -> str:
    return NUMERALS[number] if number < len(NUMERALS) else str(number)
