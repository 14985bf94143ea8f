"""CAP 1.0, 1.1 and 1.2, read tolerantly: by name and not by place, every liberty noted, the envelope never guessed.

Source: wire-formats.md §1.4; the seven envelope facts are identifier, sender, sent, status, msgType, scope and the root's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from fenghuo.errors import CapError
from fenghuo.formats.cap_info import InfoReader
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import Part
from fenghuo.formats.cap_values import closed_word, read_instant, read_references
from fenghuo.formats.cap_words import MESSAGE_TYPES, SCOPES, STATUSES
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.formats.xml_gate import element_name
from fenghuo.model.message import Content, Info, Reference, Scope
from fenghuo.model.traffic import Action, Kind, Traffic

__all__ = ["ROOT_STATUSES", "read_cap"]

ROOT_STATUSES = {"actual": "Actual", "exercise": "Exercise", "test": "Test"}
"""Roots named after the status, as one writer does; they must agree with it."""

# Source of the figures: wire-formats.md §1.3, above the largest real file.
MAX_NAME = 200
MAX_INFOS = 32
MAX_RINGS = 1_000
MAX_VERTICES = 100_000
MAX_REFERENCES = 100

_ACTIONS = {"Alert": Action.NEW, "Update": Action.UPDATE, "Cancel": Action.CANCEL, "Ack": Action.ACK, "Error": Action.ERROR}
_QUOTED = re.compile(r'"([^"]*)"|(\S+)')


def read_cap(alert: etree._Element, notes: Notes, defaults: SourceDefaults) -> Content:
    """The content of one alert element; what was repaired or found goes to `notes`.

    Raises: CapError with code nested-alert, missing-fact, unknown-fact, contradiction, draft, nothing-to-say,
    cancel-without-references, placeholder or limit.
    """
    namespace, name = element_name(alert)
    _refuse_nested(alert)
    part = Part(alert, "/alert", notes, namespace)
    status = _fact_word(part, "status", STATUSES)
    _refuse_contradiction(part, name, status)
    if status == "Draft":
        raise CapError("a draft is not for the public and is not taken in", code="draft", where="/alert/status")
    if "password" in part:
        notes.find("deprecated", "/alert/password is of CAP 1.0 and is not read")
    msg_type = _fact_word(part, "msgType", MESSAGE_TYPES)
    references = _references(part, defaults)
    infos = tuple(InfoReader(info, defaults).info() for info in part.parts("info", MAX_INFOS))
    content = Content(
        kind=Kind.ALERT,
        action=_action(part, msg_type, references, infos),
        traffic=Traffic(status),
        sender=_fact(part, "sender"),
        identifier=_fact(part, "identifier"),
        sent=_fact_instant(part, defaults),
        scope=Scope(_fact_word(part, "scope", SCOPES)),
        restriction=part.text("restriction"),
        addresses=_spaced(part.text("addresses")),
        codes=tuple(text for text, _ in part.texts("code") if text),
        note=part.text("note"),
        source=part.text("source"),
        references=references,
        incidents=_spaced(part.text("incidents")),
        infos=infos,
    )
    _refuse_masses(infos)
    _refuse_placeholder(content.traffic, notes)
    return content


def _refuse_nested(alert: etree._Element) -> None:
    """Raises: CapError("nested-alert") for an alert anywhere below: that is how a signed one is wrapped in a forged one."""
    for element in alert.iterdescendants():
        if element_name(element)[1] == "alert":
            raise CapError("an alert inside an alert is not taken in", code="nested-alert", where="/alert")


def _refuse_contradiction(part: Part, root: str, status: str) -> None:
    if root == "alert":
        return
    part.notes.repair("alias-element", f"/{root}")
    if ROOT_STATUSES[root] != status:
        raise CapError(f"the root says {root} and the status says {status}", code="contradiction", where="/alert/status")


def _fact(part: Part, name: str) -> str:
    """An envelope fact. Raises: CapError when it is missing or too long."""
    text = part.text(name)
    if not text:
        raise CapError(f"{name} is missing, and it is never guessed", code="missing-fact", where=part.where(name))
    if len(text) > MAX_NAME:
        raise CapError(f"{name} has {len(text)} characters; at most {MAX_NAME} are taken", code="limit", where=part.where(name))
    return text


def _fact_word(part: Part, name: str, allowed: Sequence[str]) -> str:
    """An envelope fact of a closed set. Raises: CapError when it is missing or none of the set."""
    text = _fact(part, name)
    word = closed_word(text, allowed)
    if not word:
        raise CapError(f"{name} is {text[:40]!r}; it must be one of {', '.join(allowed)}", code="unknown-fact", where=part.where(name))
    if word != text:
        part.notes.repair("alias-value", part.where(name))
    return word


def _fact_instant(part: Part, defaults: SourceDefaults) -> datetime:
    text = _fact(part, "sent")
    at, repair = read_instant(text, chinese=defaults.chinese)
    if at is None:
        raise CapError(
            f"sent is {text[:40]!r}; it must be an instant with zone, for example 2026-07-15T08:00:00+08:00",
            code="unknown-fact",
            where=part.where("sent"),
        )
    if repair:
        part.notes.repair(repair, part.where("sent"))
    return at


def _references(part: Part, defaults: SourceDefaults) -> tuple[Reference, ...]:
    references = read_references(part, "references", chinese=defaults.chinese)
    if len(references) > MAX_REFERENCES:
        sentence = f"there are {len(references)} references; at most {MAX_REFERENCES} are taken"
        raise CapError(sentence, code="limit", where="/alert/references")
    return references


def _action(part: Part, msg_type: str, references: tuple[Reference, ...], infos: tuple[Info, ...]) -> Action:
    """What it does to earlier messages. An Update that names none is handled as an Alert; a Cancel that names none is refused."""
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


def _refuse_masses(infos: tuple[Info, ...]) -> None:
    """Raises: CapError("limit") for more geometry than any real alert has."""
    rings = [ring for info in infos for area in info.areas for ring in area.polygons]
    vertices = sum(len(ring) for ring in rings)
    if len(rings) > MAX_RINGS or vertices > MAX_VERTICES:
        sentence = f"{len(rings)} rings with {vertices} vertices; at most {MAX_RINGS} and {MAX_VERTICES} are taken"
        raise CapError(sentence, code="limit", where="/alert/info")


def _refuse_placeholder(traffic: Traffic, notes: Notes) -> None:
    """Raises: CapError("placeholder") if template text was left in what the public would see of an actual message."""
    path = notes.place_of("placeholder")
    if path and traffic is Traffic.ACTUAL:
        raise CapError("template text was left in; nobody filled it in", code="placeholder", where=path)


def _spaced(text: str) -> tuple[str, ...]:
    """Items separated by white space, double quotes around one that holds some. Source: CAP 1.2 §3.2.1, addresses."""
    return tuple(quoted or plain for quoted, plain in _QUOTED.findall(text))
