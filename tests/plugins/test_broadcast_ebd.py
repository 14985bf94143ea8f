"""Envelopes: ours hold to our own schema, and a heartbeat equals the one captured from a county platform; theirs are read tolerantly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import fenghuo_broadcast
from fenghuo import FormatError
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import Head, Result, Sent, State
from tests.plugins.broadcast_values import CITY, COUNTY, EBMID, HEAD, NOW, broadcast, fields

SCHEMA = etree.XMLSchema(file=str(Path(fenghuo_broadcast.__file__).with_name("ebd.xsd")))
CAPTURED = """<?xml version="1.0" encoding="utf-8"?>
<EBD xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <EBDVersion>1.0</EBDVersion>
  <EBDID>010103331124000000010000000000000000</EBDID>
  <EBDType>ConnectionCheck</EBDType>
  <SRC><EBRID>010333112400000001</EBRID></SRC>
  <DEST><EBRID>010233110000000001</EBRID></DEST>
  <EBDTime>2018-06-19 13:16:53</EBDTime>
  <RelatedEBD />
  <ConnectionCheck><RptTime>2018-06-19 13:16:53</RptTime></ConnectionCheck>
</EBD>"""
"""The form of a heartbeat as captured in 2018."""
CAPTURED_AT = 1_529_385_413.0


def report(body: str, kind: str = "EBMStateResponse") -> bytes:
    """An envelope of the city's, as its platform might write it."""
    return (
        f"<EBD><EBDVersion>1.0</EBDVersion><EBDID>0{'1' * 35}</EBDID><EBDType>{kind}</EBDType><SRC><EBRID>{CITY}</EBRID></SRC>"
        f"<DEST><EBRID>{COUNTY}</EBRID></DEST><EBDTime>2026-07-15 15:30:00</EBDTime><RelatedEBD><EBDID>7</EBDID></RelatedEBD>"
        f"<{kind}>{body}</{kind}></EBD>"
    ).encode()


def state(code: int, more: str = "") -> str:
    return f"<EBM><EBMID>{EBMID}</EBMID></EBM><BrdStateCode>{code}</BrdStateCode><BrdStateDesc>播发</BrdStateDesc>{more}"


SENT = {
    "start": ebd.start(HEAD, broadcast()),
    "exercise": ebd.start(HEAD, broadcast(severity=22)),
    "stop": ebd.stop(HEAD, broadcast(stops=True), EBMID),
    "state_request": ebd.state_request(HEAD, EBMID),
    "heartbeat": ebd.heartbeat(HEAD),
    "response": ebd.response(HEAD, f"01{CITY}{7:016d}", Result(1, "成功")),
    "2023": ebd.start(Head("4" + COUNTY + "0000", "3" + CITY + "0000", NOW, 1), broadcast()),
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
def test_what_is_sent_holds_to_the_schema(sent: Sent) -> None:
    """Our own, which nobody has certified: it keeps us from sending less than we know to be asked."""
    SCHEMA.assertValid(etree.fromstring(sent.octets))
    assert sent.id == fields(sent.octets)["EBDID"]


def test_a_heartbeat_says_what_the_captured_one_says() -> None:
    """Every field, with the instant in local time; an empty RelatedEBD is left out."""
    ours = fields(ebd.heartbeat(Head(COUNTY, CITY, CAPTURED_AT, 42)).octets)
    assert fields(CAPTURED.encode()) == ours


def test_the_captured_heartbeat_is_read() -> None:
    """Though it has an empty element where we write none."""
    read = ebd.read(CAPTURED.encode())
    assert ("ConnectionCheck", COUNTY, CITY, "") == (read.kind, read.source, read.dest, read.related)


def test_a_request_says_what_where_and_until_when() -> None:
    """Times are local; the emergency is no test."""
    said = fields(SENT["start"].octets)
    assert {
        "EBMID": EBMID,
        "TestType": "4",
        "MsgBasicInfo/MsgType": "1",
        "MsgBasicInfo/SenderName": "松阳县气象台",
        "MsgBasicInfo/SenderCode": COUNTY,
        "MsgBasicInfo/SendTime": "2026-07-15 15:30:00",
        "MsgBasicInfo/EventType": "11B01",
        "MsgBasicInfo/Severity": "1",
        "MsgBasicInfo/StartTime": "2026-07-15 15:30:00",
        "MsgBasicInfo/EndTime": "2026-07-15 16:30:00",
        "MsgContent/MsgDesc": "台风红色预警。请沿江群众立即转移。",
        "MsgContent/AreaCode": "331124000000",
    }.items() <= {path.removeprefix("EBM/"): text for path, text in said.items()}.items()


@pytest.mark.parametrize(("severity", "test_type"), [(1, 4), (4, 4), (10, 5), (15, 1), (21, 1), (22, 2), (23, 3)])
def test_the_test_type_agrees_with_the_severity(severity: int, test_type: int) -> None:
    """A platform refuses an exercise that says it is none."""
    assert str(test_type) == fields(ebd.start(HEAD, broadcast(severity=severity)).octets)["EBM/TestType"]


def test_a_stop_names_what_it_stops() -> None:
    """MsgType 2, under a number of its own."""
    said = fields(SENT["stop"].octets)
    assert ("2", EBMID) == (said["EBM/MsgBasicInfo/MsgType"], said["EBM/RelatedInfo/EBMID"])


@pytest.mark.parametrize("zeros", ["", "0", "0" * 30, "0" * 35, "331124000000"])
def test_nobody_stops_everything_by_zeros(zeros: str) -> None:
    """EBMID 0 means all of an area."""
    with pytest.raises(FormatError, match="names no single broadcast: it could stop all of an area"):
        ebd.stop(HEAD, broadcast(), zeros)


def test_a_misspelt_relation_is_read() -> None:
    """`RealtedEBD`, as one writer has it; it is never written."""
    said = report(state(3)).replace(b"RelatedEBD", b"RealtedEBD")
    assert "7" == ebd.read(said).related


@pytest.mark.parametrize("code", range(6))
def test_a_state_is_read(code: int) -> None:
    """With the words that stand beside it, and what it answers."""
    read = ebd.read(report(state(code)))
    assert (State(EBMID, code, "播发"),) == read.states
    assert "7" == read.related


@pytest.mark.parametrize(("resource", "by_terminal"), [("EBRDT", True), ("EBRT", True), ("EBRST", False), ("EBRAS", False)])
def test_only_a_terminal_speaks_for_terminals(resource: str, by_terminal: bool) -> None:
    """A station that has played it has no listener's word."""
    who = f"<{resource}><EBRID>{COUNTY}</EBRID></{resource}>"
    item = f"<ResBrdInfo><ResBrdItem>{who}<EBRBS><BrdStateCode>3</BrdStateCode></EBRBS></ResBrdItem></ResBrdInfo>"
    assert (State(EBMID, 3, "播发", by_terminal),) == ebd.read(report(state(3, item))).states


def test_a_terminal_that_failed_confirms_nothing() -> None:
    """Though the platform calls the whole a success."""
    item = "<ResBrdInfo><ResBrdItem><EBRDT><EBRID>1</EBRID></EBRDT><EBRBS><BrdStateCode>4</BrdStateCode></EBRBS></ResBrdItem></ResBrdInfo>"
    assert not ebd.read(report(state(3, item))).states[0].by_terminal


def test_a_log_holds_many_states() -> None:
    """EBMBrdLog, the playback report; an item without a state says nothing."""
    items = f"<EBMBrdItem>{state(3)}</EBMBrdItem><EBMBrdItem>{state(2)}</EBMBrdItem><EBMBrdItem><EBM><EBMID>1</EBMID></EBM></EBMBrdItem>"
    assert [3, 2] == [said.code for said in ebd.read(report(items, "EBMBrdLog")).states]


def test_an_answer_is_read() -> None:
    """With its words."""
    assert Result(4, "签名失败") == ebd.read(report("<ResultCode>4</ResultCode><ResultDesc>签名失败</ResultDesc>", "EBDResponse")).result


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"<html/>", "not-ebd"),
        (b"<EBD/>", "no-body"),
        (b"<EBD><EBDType>EBM</EBDType></EBD>", "no-body"),
        (report("<ResultCode>yes</ResultCode>", "EBDResponse"), "not-a-number"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><EBD/>', "doctype"),
        (b"not xml", "not-wellformed"),
    ],
)
def test_what_is_no_envelope_is_refused(octets: bytes, code: str) -> None:
    """By a code for scripts."""
    with pytest.raises(FormatError) as refused:
        ebd.read(octets)
    assert code == refused.value.code


@given(st.binary(max_size=300))
def test_no_octets_crash_it(octets: bytes) -> None:
    """A format error or an envelope."""
    for raw in (octets, report(octets.decode("latin-1"))):
        try:
            ebd.read(raw)
        except FormatError:
            pass
