"""The strict verdict on an alert: our own statement of what CAP 1.0, 1.1 and 1.2 allow, as tables from which a schema is built.

Built on first use and without reading a file, so the loop never waits for a disk. That the verdicts equal those of the
published schemas is shown on the corpus (tests/corpus). Source: CAP 1.2 §3.2 and §3.3; 1.1 §3; 1.0 §3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec
from lxml import etree

from fenghuo.formats.cap_part import DSIG
from fenghuo.formats.cap_words import (
    CATEGORIES,
    CERTAINTIES,
    MESSAGE_TYPES,
    NAMESPACES,
    RESPONSE_TYPES,
    SCOPES,
    SEVERITIES,
    STATUSES,
    URGENCIES,
)
from fenghuo.formats.xml_gate import element_name
from fenghuo.model.delivery import Verdict

__all__ = ["schema_verdict"]

# fmt: off
_INFO_12 = (
    "language?:language category+:category event responseType*:responseType urgency:urgency severity:severity certainty:certainty "
    "audience? eventCode*:pair effective?:instant onset?:instant expires?:instant senderName? headline? description? instruction? "
    "web?:anyURI contact? parameter*:pair resource*:resource area*:area"
)
_STRUCTURES_12: Mapping[str, str] = {
    "alert": (
        "identifier sender sent:instant status:status msgType:msgType source? scope:scope restriction? addresses? code* note? "
        "references? incidents? info*:info"
    ),
    "info": _INFO_12,
    "resource": "resourceDesc mimeType size?:integer uri?:anyURI derefUri? digest?",
    "area": "areaDesc polygon* circle* geocode*:pair altitude?:decimal ceiling?:decimal",
    "pair": "valueName value",
}
_STRUCTURES_11: Mapping[str, str] = {
    **_STRUCTURES_12,
    "resource": "resourceDesc mimeType? size?:integer uri?:anyURI derefUri? digest?",
    "area": "areaDesc polygon* circle* geocode*:pair altitude? ceiling?",
}
_STRUCTURES_10: Mapping[str, str] = {
    **_STRUCTURES_11,
    "alert": (
        "identifier sender sent:instant status:status msgType:msgType password? source? scope?:scope restriction? addresses? code* note? "
        "references? incidents? info*:info"
    ),
    "info": _INFO_12.replace("category+", "category*").replace("responseType*:responseType ", "").replace(":pair", ""),
    "resource": "resourceDesc mimeType? size?:integer uri?:anyURI digest?",
    "area": "areaDesc polygon* circle* geocode* altitude? ceiling?",
}
"""Structure → its children in order: `name`, then ? 0-1, * 0-n, + 1-n, then :type where it is no plain text."""

_WORDS_12: Mapping[str, tuple[str, ...]] = {
    "status": STATUSES, "msgType": MESSAGE_TYPES, "scope": SCOPES, "category": CATEGORIES, "responseType": RESPONSE_TYPES,
    "urgency": URGENCIES, "severity": SEVERITIES, "certainty": CERTAINTIES,
}
# fmt: on
_WORDS_11: Mapping[str, tuple[str, ...]] = {
    **_WORDS_12,
    "responseType": tuple(word for word in RESPONSE_TYPES if word not in ("Avoid", "AllClear")),
}
_WORDS_10: Mapping[str, tuple[str, ...]] = {
    **_WORDS_11,
    "status": tuple(word for word in STATUSES if word != "Draft"),
    "category": tuple(word for word in CATEGORIES if word != "CBRNE"),
    "certainty": ("Very Likely", *(word for word in CERTAINTIES if word != "Observed")),
}

# CAP 1.2 §3.3.2 wants whole seconds and an offset in figures; before, any xs:dateTime did.
_INSTANT_12 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d"
# The library walks all siblings for each fault it finds, so a hostile row of n takes n². Measured: 100 million are 0.2 s.
# The largest area that is taken, 5,000 codes, makes 25 million.
MAX_WORK = 100_000_000

_CARDINALITIES = {"": (1, "1"), "?": (0, "1"), "*": (0, "unbounded"), "+": (1, "unbounded")}
_CHILD = re.compile(r"(\w+)([?*+]?)(?::(\w+))?")
_XS = "http://www.w3.org/2001/XMLSchema"


class _Grammar(msgspec.Struct, frozen=True):
    """What one version allows. `is_signed`: whether there is a place for signatures after the last info."""

    structures: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]
    instant_pattern: str = ""
    is_signed: bool = False


_GRAMMARS: Mapping[str, _Grammar] = {
    "1.0": _Grammar(_STRUCTURES_10, _WORDS_10),
    "1.1": _Grammar(_STRUCTURES_11, _WORDS_11),
    "1.2": _Grammar(_STRUCTURES_12, _WORDS_12, _INSTANT_12, is_signed=True),
}


def schema_verdict(alert: etree._Element) -> Verdict:
    """valid, invalid with the first fault, or no-schema for a namespace that is not CAP's. Never raises.

    Past any real alert (see MAX_WORK) it is not-judged.
    """
    namespace, _ = element_name(alert)
    if namespace not in NAMESPACES:
        return Verdict("schema", "no-schema", False, f"namespace {namespace or 'none'}")
    version = NAMESPACES[namespace]
    if sum(len(element) ** 2 for element in alert.iter()) > MAX_WORK:
        return Verdict("schema", "not-judged", False, f"CAP {version}: one element has too many children to judge in time")
    schema = _schema(namespace)
    try:
        schema.assertValid(alert)
    except (etree.DocumentInvalid, etree.XMLSchemaValidateError) as error:  # the second: the library gives up on hostile trees
        return Verdict("schema", "invalid", False, f"CAP {version}: {_one_line(str(error))}")
    return Verdict("schema", "valid", True, f"CAP {version}")


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    text = "".join(_schema_text(namespace, _GRAMMARS[NAMESPACES[namespace]]))
    return etree.XMLSchema(etree.fromstring(text.encode()))


def _schema_text(namespace: str, grammar: _Grammar) -> Iterator[str]:
    yield f'<xs:schema xmlns:xs="{_XS}" xmlns="{namespace}" targetNamespace="{namespace}" elementFormDefault="qualified">'
    yield '<xs:element name="alert" type="alert"/>'
    # Known everywhere, so that strangers inside a signature are judged as the published schemas judge them.
    yield '<xs:element name="valueName" type="xs:string"/><xs:element name="value" type="xs:string"/>'
    pattern = f'<xs:pattern value="{grammar.instant_pattern}"/>' if grammar.instant_pattern else ""
    yield f'<xs:simpleType name="instant"><xs:restriction base="xs:dateTime">{pattern}</xs:restriction></xs:simpleType>'
    for name, words in grammar.words.items():
        allowed = "".join(f'<xs:enumeration value="{word}"/>' for word in words)
        yield f'<xs:simpleType name="{name}"><xs:restriction base="xs:string">{allowed}</xs:restriction></xs:simpleType>'
    own_types = {"instant", *grammar.words, *grammar.structures}
    for name, children in grammar.structures.items():
        yield f'<xs:complexType name="{name}"><xs:sequence>'
        yield from (_child_text(child, own_types) for child in children.split())
        if name == "alert" and grammar.is_signed:
            yield f'<xs:any namespace="{DSIG}" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'
        yield "</xs:sequence></xs:complexType>"
    yield "</xs:schema>"


def _child_text(child: str, own_types: set[str]) -> str:
    found = _CHILD.fullmatch(child)
    if not found:
        raise ValueError(f"{child!r} is no child of a structure")
    name, cardinality, kind = found[1], found[2], found[3] or "string"
    least, most = _CARDINALITIES[cardinality]
    qualified = kind if kind in own_types else f"xs:{kind}"
    # An empty language is English, says the default of CAP 1.2 §3.2.2.
    default = ' default="en-US"' if kind == "language" else ""
    return f'<xs:element name="{name}" type="{qualified}" minOccurs="{least}" maxOccurs="{most}"{default}/>'


def _one_line(message: str) -> str:
    """The library's first complaint without namespaces and line."""
    return re.sub(r"\{[^}]*\}|, line \d+$", "", " ".join(message.split()))[:160]
