"""The envelope (EBD) with its bodies in XML: what we send, and what of a platform's answers and reports is read.

Sent strictly, as `ebd.xsd` says (our own schema, not certified by anybody); read tolerantly, since platforms differ. Times are local.
Source: GD/J 082-2018, 083-2018; GY/T 384, 385-2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from lxml import etree

from fenghuo import FormatError
from fenghuo.formats.wording import BEIJING
from fenghuo.formats.xml_gate import element_name, open_document
from fenghuo_broadcast.ebd_numbers import ebdid, heartbeat_ebdid, is_ebmid
from fenghuo_broadcast.ebm import Programme, Severity

__all__ = ["Broadcast", "Envelope", "Head", "Result", "Sent", "State", "heartbeat", "read", "response", "start", "state_request", "stop"]

VERSION = "1.0"
MAX_STATES = 20_000
_TEST_TYPE = {Severity.DAILY: 5, Severity.TEST: 1, Severity.SYSTEM_EXERCISE: 1, Severity.SIMULATED_EXERCISE: 2, Severity.REAL_EXERCISE: 3}
_EMERGENCY = 4
_REQUEST, _CANCEL = "1", "2"
_REPORTS = {"EBMStateResponse": "EBMStateResponse", "EBMBrdLog": "EBMBrdItem"}
_TERMINALS = frozenset({"EBRDT", "EBRT"})
_RELATED = ("RelatedEBD", "RealtedEBD")
"""The second is a slip of one writer; it is read and never written. Source: wire-formats.md §1.4."""


class Head(msgspec.Struct, frozen=True):
    """Who sends an envelope to whom, when (UTC seconds), under which number of 16 digits."""

    source: str
    dest: str
    at: float
    sequence: int


class Broadcast(msgspec.Struct, frozen=True):
    """A programme with its number. `event_type`: as in `11B03`, the programme's own or what the settings say for those without."""

    ebmid: str
    programme: Programme
    event_type: str


class Sent(msgspec.Struct, frozen=True):
    """An envelope as octets, with its EBDID."""

    id: str
    octets: bytes


class Result(msgspec.Struct, frozen=True):
    """EBDResponse: 0 not yet handled, 1 well, 2 unreadable, 3 incomplete, 4 signature refused, 5 other."""

    code: int
    words: str = ""


class State(msgspec.Struct, frozen=True):
    """What became of a broadcast: 0 not handled, 1 waits, 2 sounds, 3 done, 4 failed, 5 cancelled; `by_terminal`: a terminal said it."""

    ebmid: str
    code: int
    words: str = ""
    by_terminal: bool = False


class Envelope(msgspec.Struct, frozen=True):
    """An envelope that was read. `result` of an EBDResponse, `states` of an EBMStateResponse or an EBMBrdLog."""

    id: str
    kind: str
    source: str
    dest: str
    related: str = ""
    result: Result | None = None
    states: tuple[State, ...] = ()


def start(head: Head, broadcast: Broadcast) -> Sent:
    """Ask for a broadcast (MsgType 1)."""
    return _ebm(head, broadcast, _REQUEST)


def stop(head: Head, broadcast: Broadcast, started: str) -> Sent:
    """Take the broadcast `started` back (MsgType 2). Raises: FormatError("stops-everything"): it names none, or zeros."""
    if not is_ebmid(started):
        raise FormatError(f"EBMID {started!r} names no single broadcast: it could stop all of an area", code="stops-everything")
    return _ebm(head, broadcast, _CANCEL, started)


def state_request(head: Head, ebmid: str) -> Sent:
    """Ask what became of a broadcast."""
    body = etree.Element("EBMStateRequest")
    _put(_put(body, "EBM"), "EBMID", ebmid)
    return _envelope(head, body)


def heartbeat(head: Head) -> Sent:
    """ConnectionCheck; its EBDID is always the same."""
    body = etree.Element("ConnectionCheck")
    _put(body, "RptTime", _local(head.at))
    return _envelope(head, body, heartbeat_ebdid(head.source))


def response(head: Head, related: str, result: Result) -> Sent:
    """The answer to the envelope `related`."""
    body = etree.Element("EBDResponse")
    _put(body, "ResultCode", str(result.code))
    _put(body, "ResultDesc", result.words)
    return _envelope(head, body, related=related)


def read(octets: bytes) -> Envelope:
    """Raises: FormatError: no XML that is looked at, or no envelope."""
    root = open_document(octets).root
    if element_name(root)[1] != "EBD":
        raise FormatError(f"the document is a {element_name(root)[1]}, and no EBD", code="not-ebd")
    kind = _text(root, "EBDType")
    body = next(_children(root, kind), None) if kind else None
    if body is None:
        raise FormatError(f"the envelope says EBDType {kind!r}, and has no such body", code="no-body")
    related = next((child for name in _RELATED for child in _children(root, name)), None)
    return Envelope(
        id=_text(root, "EBDID"),
        kind=kind,
        source=_text(root, "SRC", "EBRID"),
        dest=_text(root, "DEST", "EBRID"),
        related=_text(related, "EBDID") if related is not None else "",
        result=Result(_number(_text(body, "ResultCode"), "ResultCode"), _text(body, "ResultDesc")) if kind == "EBDResponse" else None,
        states=tuple(_states(body, kind)),
    )


def _ebm(head: Head, broadcast: Broadcast, msg_type: str, related: str = "") -> Sent:
    programme = broadcast.programme
    ebm = etree.Element("EBM")
    _put(ebm, "EBMVersion", VERSION)
    _put(ebm, "EBMID", broadcast.ebmid)
    if related:
        _put(_put(ebm, "RelatedInfo"), "EBMID", related)
    _put(ebm, "TestType", str(_TEST_TYPE.get(Severity(programme.severity), _EMERGENCY)))
    facts = _put(ebm, "MsgBasicInfo")
    for name, text in (
        ("MsgType", msg_type),
        ("SenderName", programme.sender),
        ("SenderCode", head.source),
        ("SendTime", _local(head.at)),
        ("EventType", broadcast.event_type),
        ("Severity", str(programme.severity)),
        ("StartTime", _local(head.at)),
        ("EndTime", _local(max(programme.ends, head.at))),
    ):
        _put(facts, name, text)
    content = _put(ebm, "MsgContent")
    for name, text in (
        ("LanguageCode", "zho"),
        ("MsgTitle", programme.title),
        ("MsgDesc", programme.text),
        ("AreaCode", ",".join(programme.areas)),
        ("ProgramNum", "0"),
    ):
        _put(content, name, text)
    return _envelope(head, ebm)


def _envelope(head: Head, body: etree._Element, number: str = "", related: str = "") -> Sent:
    root = etree.Element("EBD")
    number = number or ebdid(head.source, head.sequence)
    _put(root, "EBDVersion", VERSION)
    _put(root, "EBDID", number)
    _put(root, "EBDType", str(body.tag))
    _put(_put(root, "SRC"), "EBRID", head.source)
    _put(_put(root, "DEST"), "EBRID", head.dest)
    _put(root, "EBDTime", _local(head.at))
    if related:
        _put(_put(root, "RelatedEBD"), "EBDID", related)
    root.append(body)
    return Sent(number, etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _put(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, name)
    child.text = text or None
    return child


def _local(at: float) -> str:
    return f"{datetime.fromtimestamp(at, BEIJING):%Y-%m-%d %H:%M:%S}"


def _states(body: etree._Element, kind: str) -> Iterator[State]:
    item = _REPORTS.get(kind)
    if item is None:
        return
    items = [body] if item == kind else list(_children(body, item))
    if len(items) > MAX_STATES:
        raise FormatError(f"{kind} has {len(items)} entries; at most {MAX_STATES} are read of one, send it in parts", code="too-many")
    for each in items:
        said = _text(each, "BrdStateCode")
        if said:
            yield State(
                _text(each, "EBM", "EBMID"), _number(said, "BrdStateCode"), _text(each, "BrdStateDesc"), by_terminal=_by_terminal(each)
            )


def _by_terminal(item: etree._Element) -> bool:
    """Whether a terminal is among the resources that report, as done."""
    for resource in item.iter():
        if element_name(resource)[1] == "ResBrdItem":
            is_terminal = any(element_name(part)[1] in _TERMINALS for part in resource.iter())
            codes = [(part.text or "").strip() for part in resource.iter() if element_name(part)[1] == "BrdStateCode"]
            if is_terminal and "3" in codes:
                return True
    return False


def _children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in parent if element_name(child)[1] == name)


def _text(parent: etree._Element, *path: str) -> str:
    """Text at a path of names, empty where there is none."""
    at: etree._Element | None = parent
    for name in path:
        at = next(_children(at, name), None) if at is not None else None
    return (at.text or "").strip() if at is not None else ""


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise FormatError(f"{name} {text[:20]!r} is no number", code="not-a-number", where=name)
    return int(text)
