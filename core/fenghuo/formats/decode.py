"""Octets of any kind into messages: the one call that intake makes. It never raises, whatever the octets are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec
from lxml import etree

from fenghuo.errors import FormatError
from fenghuo.formats.cap import read_cap
from fenghuo.formats.cap_checks import check
from fenghuo.formats.cap_envelope import ROOT_STATUSES
from fenghuo.formats.cap_notes import Notes
from fenghuo.formats.cap_part import ALIASES
from fenghuo.formats.cap_schema import schema_verdict
from fenghuo.formats.cap_signature import judge_signatures, refuse_wrapping
from fenghuo.formats.cap_words import NAMESPACES, ORDERS
from fenghuo.formats.hidden import HIDDEN_CHARACTER, without_hidden
from fenghuo.formats.message_json import read_message
from fenghuo.formats.verdicts import Decoded, Problem, SourceDefaults, accepted, faulty, refused
from fenghuo.formats.warning12379 import read_12379
from fenghuo.formats.warning12379_words import NAMESPACES_12379, WORDS
from fenghuo.formats.xml_encoding import is_chinese
from fenghuo.formats.xml_gate import Document, element_name, open_document, own_root
from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Content
from fenghuo.model.rendition import COMPACT

__all__ = ["Decoded", "Problem", "SourceDefaults", "decode", "decode_json"]

MAX_ALERTS = 1_000
"""Most alerts of one container; the largest feed of a national source lists 500."""

_NO_DEFAULTS = SourceDefaults()
_ESCAPED = re.compile(r"\s*(?:<\?xml[^<>]*\?>\s*)?(?=<(?:[\w.-]+:)?alert[\s>])")
_JSON_START = (b"{", b"[")


def decode(raw: bytes, media_type: str = "", *, defaults: SourceDefaults = _NO_DEFAULTS) -> tuple[Decoded, ...]:
    """Every message in `raw`, each judged by itself; always at least one Decoded, which is a refusal if there is no message.

    `media_type` is a hint; the octets decide, but for a compact frame, which can begin with any. A container
    (Atom, RSS, EDXL-DE) gives one Decoded for each alert inside it;
    one with links only gives a single refusal with code no-alert, whose verdict `container` is ok: its source is healthy.
    What a decoder of ours fails at is a refusal with code decoder-fault and its trace.
    """
    try:
        return _decode(raw, media_type, defaults)
    except Exception as fault:  # noqa: BLE001  a fault of ours in one of thirty decoders must cost no sender its words, and no door its life
        return (faulty(fault),)


def decode_json(raw: bytes, *, defaults: SourceDefaults = _NO_DEFAULTS) -> tuple[Decoded, ...]:
    """Octets that can only be our own JSON, under the same promise."""
    try:
        return (read_message(raw, defaults=defaults),)
    except Exception as fault:  # noqa: BLE001  as above
        return (faulty(fault),)


def _decode(raw: bytes, media_type: str, defaults: SourceDefaults) -> tuple[Decoded, ...]:
    if media_type == COMPACT:
        from fenghuo.formats.compact_reading import read_compact  # noqa: PLC0415  dictionaries: only whoever hears a frame pays for them

        return (read_compact(raw),)
    body = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if body.startswith(_JSON_START) or ("json" in media_type and not body.startswith(b"<")):
        return (read_message(body, defaults=defaults),)
    try:
        document = open_document(raw, chinese=defaults.chinese)
    except FormatError as error:
        return (refused(error, _unseen(error)),)
    wellformed = _wellformed(document)
    alerts, texts = list(_outermost_alerts(document.root)), list(_escaped_alerts(document.root))
    count = len(alerts) + len(texts)
    if not count:
        return (_without_alert(document, wellformed),)
    if count > MAX_ALERTS:
        sentence = f"there are {count} alerts in one document; at most {MAX_ALERTS} are taken"
        return (refused(FormatError(sentence, code="limit"), (wellformed,), document.repairs),)
    originals = _outermost_alerts(document.received)
    plain = [_with_name(_decoded(alert, original, document, defaults), alert) for alert, original in zip(alerts, originals, strict=True)]
    return (*plain, *(_unescaped(text, document.repairs, defaults) for text in texts))


def _unseen(error: FormatError) -> tuple[Verdict, ...]:
    """The verdicts on octets that the gate kept out; a DOCTYPE is also what no schema of CAP allows."""
    wellformed = Verdict("wellformed", "no", False, str(error))
    return (wellformed, Verdict("schema", "invalid", False, str(error))) if error.code == "doctype" else (wellformed,)


def _wellformed(document: Document) -> Verdict:
    return Verdict("wellformed", "yes", True, document.encoding)


def _outermost_alerts(element: etree._Element) -> Iterator[etree._Element]:
    """Alerts from the top down, without looking inside one: what lies there is for the check against wrapping."""
    if _is_alert(element):
        yield element
        return
    for child in element:
        yield from _outermost_alerts(child)


def _is_alert(element: etree._Element) -> bool:
    namespace, name = element_name(element)
    return name == "alert" or (name in ROOT_STATUSES and (namespace in NAMESPACES or namespace in NAMESPACES_12379))


def _escaped_alerts(element: etree._Element) -> Iterator[str]:
    """Texts of a container that are an alert each, as Atom's content of type html has its markup; none from inside an alert."""
    if _is_alert(element):
        return
    if len(element) == 0 and (found := _ESCAPED.match(element.text or "")):
        yield (element.text or "")[found.end() :]
    for child in element:
        yield from _escaped_alerts(child)


def _unescaped(text: str, repairs: tuple[str, ...], defaults: SourceDefaults) -> Decoded:
    """The alert that a text is: through the same gate as a document, and that it was read at all is a repair."""
    try:
        document = open_document(text.encode(), chinese=defaults.chinese)
    except FormatError as error:
        return refused(error, _unseen(error), repairs)
    document = msgspec.structs.replace(document, repairs=(*repairs, *document.repairs, "escaped-alert at /"))
    return _with_name(_decoded(document.root, document.received, document, defaults), document.root)


def _decoded(alert: etree._Element, original: etree._Element, document: Document, defaults: SourceDefaults) -> Decoded:
    """One alert: the strict verdict, its signatures, the tolerant reading, the findings. What a pinned key signed is all that is read."""
    notes = Notes(document.repairs)
    verdicts: tuple[Verdict, ...] = (_wellformed(document),)
    try:
        verdicts += (schema_verdict(alert),)
        refuse_wrapping(original)
        signatures = judge_signatures(
            own_root(original), pinned=defaults.certificates, at=defaults.received, allow_sha1=defaults.allow_sha1
        )
        verdicts += signatures.verdicts
        read = _reader(alert)
        chinese = read is read_12379 or is_chinese(_languages(alert), defaults.chinese)
        defaults = msgspec.structs.replace(defaults, chinese=chinese)
        content = read(open_document(signatures.signed).root if signatures.signed else alert, notes, defaults)
        content, hidden = without_hidden(content)
        for path in hidden:
            notes.repair(HIDDEN_CHARACTER, path)
        check(content, notes)
    except FormatError as error:
        return refused(error, verdicts + notes.findings, notes.repairs)
    except Exception as fault:  # noqa: BLE001  as above; its neighbours in the feed are read all the same
        return faulty(fault, verdicts + notes.findings, notes.repairs)
    return accepted(content, verdicts + notes.findings, notes.repairs)


def _with_name(decoded: Decoded, alert: etree._Element) -> Decoded:
    """Of a refused one what it calls itself, so that whoever has a feed knows which of them it is."""
    if decoded.content is not None:
        return decoded
    return msgspec.structs.replace(decoded, named=(alert.findtext("{*}identifier") or "").strip()[:200])


def _reader(alert: etree._Element) -> Callable[[etree._Element, Notes, SourceDefaults], Content]:
    """Who reads this namespace. Raises: FormatError: nobody."""
    namespace, name = element_name(alert)
    if namespace in NAMESPACES:
        return read_cap
    if not namespace and _is_bare_cap(alert):
        return read_cap
    if namespace in NAMESPACES_12379:
        return read_12379
    raise FormatError(f"an alert of the namespace {namespace[:80]} is not one we read", code="unknown-namespace", where=f"/{name}")


def _languages(alert: etree._Element) -> Iterator[str]:
    """In which languages it says it is, by their first subtags."""
    for said in alert.iterdescendants("{*}language"):
        if language := (said.text or "").strip().partition("-")[0].partition("_")[0]:
            yield language


def _is_bare_cap(alert: etree._Element) -> bool:
    """Whether an alert without a namespace, as the other dialect is written, has CAP's envelope: `sent`, nothing of the other's alone."""
    names = {element_name(child)[1] for child in alert}
    return "sent" in names and names.isdisjoint({*WORDS.orders["alert"], *WORDS.aliases} - {*ORDERS["alert"], *ALIASES})


def _without_alert(document: Document, wellformed: Verdict) -> Decoded:
    """A document that is no alert and holds none."""
    _, name = element_name(document.root)
    links = sum(1 for element in document.root.iter() if element_name(element)[1] in ("entry", "item"))
    kind = f"a {name} with {links} entries and no alert in it: links only" if links else f"a {name}, and no alert in it"
    verdict = Verdict("container", "links-only" if links else "empty", bool(links), f"this is {kind}")
    return refused(FormatError(f"this is {kind}", code="no-alert", where=f"/{name}"), (wellformed, verdict), document.repairs)
