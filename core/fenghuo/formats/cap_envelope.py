"""The envelope of an alert, the same in every dialect: its seven facts are never guessed, and what is too much is refused.

The facts are identifier, sender, sent, status, msgType, scope and the root's name. Source: wire-formats.md §1.3, §1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from fenghuo.errors import CapError
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import XML_SPACE, Part
from fenghuo.formats.cap_values import closed_word, read_instant, read_references
from fenghuo.formats.cap_words import MESSAGE_TYPES, STATUSES
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.model.message import Info, Reference
from fenghuo.model.traffic import Action, Traffic

__all__ = [
    "MAX_INFOS",
    "ROOT_STATUSES",
    "action_of",
    "fact",
    "fact_instant",
    "fact_word",
    "references_of",
    "refuse_masses",
    "refuse_nested",
    "refuse_placeholder",
    "traffic_of",
]

ROOT_STATUSES = {"actual": "Actual", "exercise": "Exercise", "test": "Test"}
"""Roots named after the status, as one writer does; they must agree with it."""

# Above the largest real file.
MAX_NAME = 200
MAX_INFOS = 32
MAX_RINGS = 1_000
MAX_VERTICES = 100_000
MAX_REFERENCES = 100

_ACTIONS = {"Alert": Action.NEW, "Update": Action.UPDATE, "Cancel": Action.CANCEL, "Ack": Action.ACK, "Error": Action.ERROR}


def traffic_of(part: Part, root: str) -> Traffic:
    """The status, which decides alone whether this is real. Raises: CapError: missing, unknown, against the root's name, or a draft."""
    status = fact_word(part, "status", STATUSES)
    _refuse_contradiction(part, root, status)
    if status == "Draft":
        raise CapError("a draft is not for the public and is not taken in", code="draft", where="/alert/status")
    return Traffic(status)


def refuse_nested(alert: etree._Element) -> None:
    """Raises: CapError("nested-alert") for an alert anywhere below: that is how a signed one is wrapped in a forged one."""
    if next(alert.iterdescendants("{*}alert"), None) is not None:
        raise CapError("an alert inside an alert is not taken in", code="nested-alert", where="/alert")


def _refuse_contradiction(part: Part, root: str, status: str) -> None:
    if root == "alert":
        return
    part.notes.repair("alias-element", f"/{root}")
    if ROOT_STATUSES[root] != status:
        raise CapError(f"the root says {root} and the status says {status}", code="contradiction", where="/alert/status")


def fact(part: Part, name: str) -> str:
    """An envelope fact. Raises: CapError when it is missing or too long, or comes more than once with different words."""
    if part.has_markup(name):
        raise CapError(f"{name} has an element inside; what it says is never guessed", code="contradiction", where=part.where(name))
    text = part.text(name)
    said = {words for words, _ in part.texts(name)}
    if len(said) > 1:
        both = " and ".join(repr(words[:40]) for words in sorted(said)[:2])
        raise CapError(f"{name} is said to be both {both}; it is never guessed", code="contradiction", where=part.where(name))
    if not text:
        raise CapError(f"{name} is missing, and it is never guessed", code="missing-fact", where=part.where(name))
    if len(text) > MAX_NAME:
        raise CapError(f"{name} has {len(text)} characters; at most {MAX_NAME} are taken", code="limit", where=part.where(name))
    return text


def fact_word(part: Part, name: str, allowed: Sequence[str]) -> str:
    """An envelope fact of a closed set. Raises: CapError when it is missing or none of the set."""
    text = fact(part, name)
    word = closed_word(text, allowed)
    if not word:
        raise CapError(f"{name} is {text[:40]!r}; it must be one of {', '.join(allowed)}", code="unknown-fact", where=part.where(name))
    if word != text:
        part.notes.repair("alias-value", part.where(name))
    part.note_padding(name)
    return word


def fact_instant(part: Part, name: str, defaults: SourceDefaults, *, usual: str = "") -> datetime:
    """When it was sent. `usual`: a repair that is the dialect's normal form. Raises: CapError: missing, or no instant."""
    text = fact(part, name)
    at, repair = read_instant(text, chinese=bool(defaults.chinese))
    if at is None:
        raise CapError(
            f"{name} is {text[:40]!r}; it must be an instant with zone, for example 2026-07-15T08:00:00+08:00",
            code="unknown-fact",
            where=part.where(name),
        )
    if repair and repair != usual:
        part.notes.repair(repair, part.where(name))
    part.note_padding(name, "time-form", collapsed=XML_SPACE)
    return at


def references_of(part: Part, defaults: SourceDefaults, *, bare: bool = False) -> tuple[Reference, ...]:
    """What it refers to; `bare`: identifiers alone are the dialect's normal form. Raises: CapError: too many."""
    references = read_references(part, "references", chinese=bool(defaults.chinese), bare=bare)
    if len(references) > MAX_REFERENCES:
        sentence = f"there are {len(references)} references; at most {MAX_REFERENCES} are taken"
        raise CapError(sentence, code="limit", where="/alert/references")
    return references


def action_of(part: Part, references: tuple[Reference, ...], infos: tuple[Info, ...]) -> Action:
    """What it does to earlier messages. An Update that names none is handled as an Alert; a Cancel that names none is refused."""
    msg_type = fact_word(part, "msgType", MESSAGE_TYPES)
    action = _ACTIONS[msg_type]
    if action in (Action.NEW, Action.UPDATE) and not any(_says_something(info) for info in infos):
        raise CapError(f"an {msg_type} without text has nothing to say", code="nothing-to-say", where="/alert/info")
    if action in (Action.UPDATE, Action.CANCEL) and not references:
        part.notes.find("update-or-cancel-must-reference", f"{msg_type} names no earlier message")
    if action is Action.CANCEL and not references:
        raise CapError("a Cancel must name what it cancels", code="cancel-without-references", where="/alert/references")
    if action is Action.UPDATE and not references:
        part.notes.repair("no-reference", "/alert/references")
        return Action.NEW
    return action


def _says_something(info: Info) -> bool:
    return bool(info.event or info.headline or info.description or info.instruction)


def refuse_masses(infos: tuple[Info, ...]) -> None:
    """Raises: CapError("limit") for more geometry than any real alert has."""
    rings = [ring for info in infos for area in info.areas for ring in area.polygons]
    vertices = sum(len(ring) for ring in rings)
    if len(rings) > MAX_RINGS or vertices > MAX_VERTICES:
        sentence = f"{len(rings)} rings with {vertices} vertices; at most {MAX_RINGS} and {MAX_VERTICES} are taken"
        raise CapError(sentence, code="limit", where="/alert/info")


def refuse_placeholder(traffic: Traffic, notes: Notes) -> None:
    """Raises: CapError("placeholder") if template text was left in what the public would see of an actual message."""
    path = notes.place_of("placeholder")
    if path and traffic is Traffic.ACTUAL:
        raise CapError("template text was left in; nobody filled it in", code="placeholder", where=path)
