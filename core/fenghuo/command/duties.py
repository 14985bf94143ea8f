"""Clocks that run when something has happened (时限): what is due by when, by whose text, and what of it was done in time. Pure.

The figures are data of an operator, each with the text that it stands in; one that nobody has confirmed says so (未核实).
Source: domain.md §2.8, §5.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import Faults, read_struct

__all__ = [
    "Begins",
    "Call",
    "CommandRules",
    "Due",
    "DutyRule",
    "Facility",
    "Feed",
    "MetBy",
    "called",
    "due_of",
    "met",
    "next_at",
    "read_command_rules",
]

MONTH_S = 2_678_400
Within = Annotated[float, msgspec.Meta(ge=60, le=MONTH_S)]


class Begins(StrEnum):
    """From when a clock runs. A late first word shortens what is left: the onset (发生) does not wait for it."""

    ONSET = "onset"
    RECEIVED = "received"
    VERIFIED = "verified"


class MetBy(StrEnum):
    """What ends it: the first word of it here; a report filed that has reached its addressee; a disposition that has come back to its
    source; or a person's word that it is done."""

    WORD = "word"
    REPORT = "report"
    DISPOSITION = "disposition"
    PERSON = "person"


class DutyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One clock. `events`, `sources`: of these incidents alone, of all where empty; `form`: of the report that meets it; `remind_s`: so
    long before its end a person is told; `source`: the text and clause of the figure; `verified`: somebody has read it there."""

    name: str
    title: str
    within_s: Within
    source: str
    begins: Begins = Begins.ONSET
    met_by: MetBy = MetBy.PERSON
    events: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    form: str = ""
    remind_s: tuple[Annotated[float, msgspec.Meta(ge=0, le=MONTH_S)], ...] = (1800.0, 600.0)
    verified: bool = False


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source whose alerts and reports open an incident, suspected as long as nobody else says so. `events`: by these alone, by any where
    empty; `disposition_to`: the audience that hears what was made of it, such as `org:platform`; nobody where empty."""

    source: str
    events: tuple[str, ...] = ()
    disposition_to: str = ""


class Facility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place of danger by itself, WGS-84 degrees."""

    id: str
    name: str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    source: str = ""
    verified: bool = False


class CommandRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file: clocks, sources that open incidents, and places of danger."""

    duties: tuple[DutyRule, ...] = ()
    feeds: tuple[Feed, ...] = ()
    facilities: tuple[Facility, ...] = ()


class Due(msgspec.Struct, frozen=True):
    """A clock that runs, or has run: UTC seconds. `begins`: from what; `told`: how many of `remind_s`, the longest first, a person has been
    told of; `missed`: they were told that it is over; `by`: message or person that met it."""

    name: str
    title: str
    begins: str
    began: float
    due: float
    met_by: MetBy
    form: str = ""
    remind_s: tuple[float, ...] = ()
    source: str = ""
    verified: bool = False
    told: int = 0
    missed: bool = False
    met_at: float | None = None
    by: str = ""

    @property
    def is_late(self) -> bool:
        """It was met after its end."""
        return self.met_at is not None and self.met_at > self.due


class Call(msgspec.Struct, frozen=True):
    """A person is to be told: so many seconds are left of a clock, none when it is over. `before_s`: which of its reminders that is."""

    due: Due
    left_s: float
    before_s: float


def read_command_rules(text: str, file: str) -> CommandRules:
    """The rules of a TOML file. Raises: SettingsError with every fault as a sentence."""
    faults = Faults(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{file}: is not TOML: {error}",)) from error
    rules = read_struct(raw, CommandRules, "", faults)
    if rules is None:
        raise SettingsError(tuple(faults.found))
    named = {"duties": [one.name for one in rules.duties], "facilities": [one.id for one in rules.facilities]}
    named["feeds"] = [one.source for one in rules.feeds]
    for table, names in named.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            faults.add(table, f"has {name!r} twice; each name stands once")
    if faults.found:
        raise SettingsError(tuple(faults.found))
    return rules


def due_of(rule: DutyRule, began: float) -> Due:
    """The clock of a rule from this moment on."""
    remind = tuple(sorted((one for one in rule.remind_s if one < rule.within_s), reverse=True))
    return Due(
        rule.name, rule.title, rule.begins.value, began, began + rule.within_s, rule.met_by, rule.form, remind, rule.source, rule.verified
    )


def met(dues: Iterable[Due], names: Sequence[str], at: float, by: str) -> tuple[Due, ...]:
    """The clocks of these names have what they wait for; the first time counts."""
    return tuple(msgspec.structs.replace(one, met_at=at, by=by) if one.name in names and one.met_at is None else one for one in dues)


def called(dues: Sequence[Due], now: float) -> tuple[tuple[Due, ...], tuple[Call, ...]]:
    """What a person is to be told by now, each once, and the clocks as they stand then. Of several reminders that a crash has passed over
    only the last is told."""
    calls: list[Call] = []
    after = []
    for one in dues:
        told = sum(one.due - left <= now for left in one.remind_s)
        is_over = now >= one.due
        if one.met_at is not None or (told <= one.told and (not is_over or one.missed)):
            after.append(one)
            continue
        calls.append(Call(one, max(0.0, one.due - now), 0.0 if is_over else one.remind_s[told - 1]))
        after.append(msgspec.structs.replace(one, told=max(told, one.told), missed=is_over))
    return tuple(after), tuple(calls)


def next_at(dues: Iterable[Due]) -> float | None:
    """When a person is to be told next; None: of nothing."""
    return min((at for one in dues for at in _times(one)), default=None)


def _times(one: Due) -> Iterator[float]:
    if one.met_at is None:
        yield from (one.due - left for left in one.remind_s[one.told :])
        if not one.missed:
            yield one.due
