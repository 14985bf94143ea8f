"""Semantic findings on an alert that was read: what is odd about it, without changing the outcome.

Each check is one function from content to sentences; the table at the end lists them all. Source: wire-formats.md §2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import combinations

from fenghuo.formats.cap_notes import Notes
from fenghuo.model.area import CodeSystem
from fenghuo.model.message import AffectedArea, Content, Info, Scope
from fenghuo.model.traffic import Action

__all__ = ["check"]

LONG = timedelta(days=3)
"""Past this an alert is rarely still true; twelve real files are longer."""

# Characters of which more is a finding; nothing is ever cut at intake. Source: wire-formats.md §1.3 and §2.
HEADLINE_CHARACTERS = 140
TEXT_CHARACTERS = 8_000

_FORBIDDEN = re.compile(r"[\s,<&]")
_OUR_SYSTEMS = frozenset(system.value for system in CodeSystem)
_Sentences = Iterator[str]


def check(content: Content, notes: Notes) -> None:
    """Every finding on `content` goes to `notes`, under the code of its check."""
    for code, find in _CHECKS:
        for sentence in find(content):
            notes.find(code, sentence)


def _characters(content: Content) -> _Sentences:
    for name, text in (("identifier", content.identifier), ("sender", content.sender)):
        if _FORBIDDEN.search(text):
            yield f"/alert/{name} holds white space, a comma, < or &"


def _circular(content: Content) -> _Sentences:
    for reference in content.references:
        if reference.identifier == content.identifier and reference.sender in ("", content.sender):
            yield "/alert/references names the alert itself"


def _postdated(content: Content) -> _Sentences:
    for reference in content.references:
        if reference.sent and reference.sent > content.sent:
            yield f"/alert/references names {reference.identifier}, sent later than this alert"


def _restriction(content: Content) -> _Sentences:
    if (content.scope is Scope.RESTRICTED) != bool(content.restriction):
        yield f"scope is {content.scope} and restriction is {'given' if content.restriction else 'missing'}"


def _addresses(content: Content) -> _Sentences:
    if content.scope is Scope.PRIVATE and not content.addresses:
        yield "scope is Private and addresses are missing"


def _same_text(content: Content) -> _Sentences:
    for (one, a), (other, b) in combinations(enumerate(content.infos, 1), 2):
        if a.language != b.language and a.description and a.description == b.description:
            yield f"infos {one} and {other} say the same words in {a.language} and {b.language}"


def _categories(content: Content) -> _Sentences:
    if len({frozenset(info.categories) for info in content.infos}) > 1:
        yield "the infos differ in category"


def _event_codes(content: Content) -> _Sentences:
    if len({frozenset(info.event_codes) for info in content.infos}) > 1:
        yield "the infos differ in eventCode"


def _events(content: Content) -> _Sentences:
    seen: dict[str, str] = {}
    for info in content.infos:
        if seen.setdefault(info.language.casefold(), info.event) != info.event:
            yield f"two infos in {info.language} name different events"


def _times(content: Content) -> _Sentences:
    for path, info in _infos(content):
        if info.effective and info.effective < content.sent:
            yield f"{path}/effective is before sent"
        for name, start in (("sent", content.sent), ("effective", info.effective), ("onset", info.onset)):
            if info.expires and start and info.expires <= start:
                yield f"{path}/expires is not after {name}"


def _no_end(content: Content) -> _Sentences:
    for path, info in _infos(content):
        if info.expires is None and content.action is not Action.CANCEL:
            yield f"{path} has no expires"


def _late_end(content: Content) -> _Sentences:
    for path, info in _infos(content):
        if info.expires and info.expires - content.sent > LONG:
            yield f"{path}/expires is {(info.expires - content.sent).days} days after sent"


def _areas(content: Content) -> _Sentences:
    for path, info in _infos(content):
        if not info.areas:
            yield f"{path} has no area"
    for path, area in _all_areas(content):
        lack = _lack(area)
        if lack:
            yield f"{path} {lack}"


def _lack(area: AffectedArea) -> str:
    known = any(code.system in _OUR_SYSTEMS for code in area.geocodes)
    if area.polygons or area.circles or known:
        return ""
    return "has codes only, so its shape depends on the gazetteer" if area.geocodes else "has a name only"


def _overlapping(content: Content) -> _Sentences:
    """Areas of one info that share a code or a shape; where shapes only cross, planning takes both, and nobody is told twice."""
    seen: dict[tuple[str, object], str] = {}
    for path, area in _all_areas(content):
        parts = {*area.geocodes, *area.polygons, *area.circles}
        others = {seen.setdefault((path.rpartition("/")[0], part), path) for part in parts} - {path}
        if others:
            yield f"{path} overlaps {min(others)}"


def _headline(content: Content) -> _Sentences:
    for path, info in _infos(content):
        if not info.headline:
            yield f"{path} has no headline"
        elif len(info.headline) > HEADLINE_CHARACTERS:
            yield f"{path}/headline has {len(info.headline)} characters; {HEADLINE_CHARACTERS} are usual"


def _long_text(content: Content) -> _Sentences:
    for path, info in _infos(content):
        for name, text in (("description", info.description), ("instruction", info.instruction)):
            if len(text) > TEXT_CHARACTERS:
                yield f"{path}/{name} has {len(text)} characters"


def _unknown(content: Content) -> _Sentences:
    for path, info in _infos(content):
        for name, word in (("urgency", info.urgency), ("severity", info.severity), ("certainty", info.certainty)):
            if word == "Unknown":
                yield f"{path}/{name} is Unknown"


def _heights(content: Content) -> _Sentences:
    for path, area in _all_areas(content):
        if area.altitude_ft is not None and area.ceiling_ft is not None and area.altitude_ft > area.ceiling_ft:
            yield f"{path}/altitude is above its ceiling"


def _infos(content: Content) -> Iterator[tuple[str, Info]]:
    return ((f"/alert/info[{number}]", info) for number, info in enumerate(content.infos, 1))


def _all_areas(content: Content) -> Iterator[tuple[str, AffectedArea]]:
    for path, info in _infos(content):
        yield from ((f"{path}/area[{number}]", area) for number, area in enumerate(info.areas, 1))


_CHECKS: tuple[tuple[str, Callable[[Content], _Sentences]], ...] = (
    ("invalid-characters", _characters),
    ("references-circular", _circular),
    ("references-postdated", _postdated),
    ("restriction-scope", _restriction),
    ("addresses-scope", _addresses),
    ("same-text-other-language", _same_text),
    ("categories-must-match", _categories),
    ("event-codes-must-match", _event_codes),
    ("events-in-same-language-should-match", _events),
    ("time-order", _times),
    ("expires-missing", _no_end),
    ("expires-long", _late_end),
    ("area", _areas),
    ("area", _overlapping),
    ("headline", _headline),
    ("long-text", _long_text),
    ("unknown-discouraged", _unknown),
    ("circle", _heights),
)
