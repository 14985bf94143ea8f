"""CAP 1.0, 1.1 and 1.2, read tolerantly: by name and not by place, every liberty noted, the envelope never guessed.

Source: wire-formats.md §1.4.
"""

from __future__ import annotations

import re

from lxml import etree

from fenghuo.formats.cap_envelope import (
    MAX_INFOS,
    action_of,
    fact,
    fact_instant,
    fact_word,
    references_of,
    refuse_masses,
    refuse_nested,
    refuse_placeholder,
    traffic_of,
)
from fenghuo.formats.cap_info import InfoReader
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import Part
from fenghuo.formats.cap_words import SCOPES
from fenghuo.formats.ring_mending import mend_rings
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.formats.xml_gate import element_name
from fenghuo.model.message import Content, Scope
from fenghuo.model.traffic import Kind

__all__ = ["read_cap"]

_QUOTED = re.compile(r'"([^"]*)"|(\S+)')


def read_cap(alert: etree._Element, notes: Notes, defaults: SourceDefaults) -> Content:
    """The content of one alert element; what was repaired or found goes to `notes`.

    Raises: CapError with code nested-alert, missing-fact, unknown-fact, contradiction, draft, nothing-to-say,
    cancel-without-references, placeholder or limit.
    """
    namespace, name = element_name(alert)
    refuse_nested(alert)
    if not namespace:
        notes.repair("no-namespace", "/alert")
    part = Part(alert, "/alert", notes, namespace)
    traffic = traffic_of(part, name)
    if "password" in part:
        notes.find("deprecated", "/alert/password is of CAP 1.0 and is not read")
    references = references_of(part, defaults)
    infos = tuple(InfoReader(info, defaults).info() for info in part.parts("info", MAX_INFOS))
    refuse_masses(infos)
    infos = mend_rings(infos, notes)
    content = Content(
        kind=Kind.ALERT,
        action=action_of(part, references, infos),
        traffic=traffic,
        sender=fact(part, "sender"),
        identifier=fact(part, "identifier"),
        sent=fact_instant(part, "sent", defaults),
        scope=Scope(fact_word(part, "scope", SCOPES)),
        restriction=part.text("restriction"),
        addresses=_spaced(part.text("addresses")),
        codes=tuple(text for text, _ in part.texts("code") if text),
        note=part.text("note"),
        source=part.text("source"),
        references=references,
        incidents=_spaced(part.text("incidents")),
        infos=infos,
    )
    refuse_placeholder(content.traffic, notes)
    return content


def _spaced(text: str) -> tuple[str, ...]:
    """Items separated by white space, double quotes around one that holds some. Source: CAP 1.2 §3.2.1, addresses."""
    return tuple(quoted or plain for quoted, plain in _QUOTED.findall(text))
