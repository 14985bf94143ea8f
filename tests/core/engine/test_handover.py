"""What an order of hand-over says, and what it leaves out when there is too much."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from fenghuo.engine.handover import LONGEST, Carried, Handing, OpenLine, carried_text, handover_text, is_carried, read_carried, roster_of
from fenghuo.errors import FormatError
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority

HANDING = Handing("taicang", 9.4, 64_300.0, "1a2b3c4d5e6f", (812, "deadbeefdeadbeefdeadbeef"))


def test_it_says_how_long_what_is_open_and_by_what_it_can_be_checked() -> None:
    """The most urgent first, each by its number; a long text is cut."""
    lines = [
        OpenLine(Priority.P2, 3, "上报 水位"),
        OpenLine(Priority.P1, 12, "立即组织沿江低洼地带群众转移到安置点"),
        OpenLine(Priority.P1, 7, "到岗"),
    ]
    assert (
        "【移交指挥】taicang电量9%，约可维持17.9小时，请接替指挥。未结3条"
        "：#0007P1到岗；#0012P1立即组织沿江低洼地带群众转移到…；#0003P2上报水位"
        "。名册1a2b3c4d，审计812:deadbeefdeadbeef"
    ) == handover_text(HANDING, lines)
    assert ("1a2b3c4d", "") == (roster_of(handover_text(HANDING, lines)), roster_of("立即到岗"))


def test_without_anything_open_it_says_so() -> None:
    """Command is handed over all the same."""
    assert "未结0条。名册" in handover_text(HANDING, [])


def test_what_does_not_fit_is_counted_and_is_the_least_urgent() -> None:
    """As long as its limit at most, however much is open."""
    lines = [OpenLine(Priority.P3 if number % 2 else Priority.P0, number, "请立即组织群众转移并报告人数情况") for number in range(1, 200)]
    text = handover_text(HANDING, lines)
    assert LONGEST - 30 <= len(text) <= LONGEST
    said = text.count("#")
    assert said == text.count("P0")
    assert f"；另{199 - said}条。名册" in text


def test_an_open_order_is_read_back_as_it_was_written_whatever_stands_in_its_names() -> None:
    """Its name to the microsecond, so that both sides know it as one; a long text is cut, and nothing else of it is."""
    sent = datetime(2026, 7, 15, 9, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=8)))
    one = Carried(7, Priority.P1, Evidence.HUMAN, "01J|%7C", "操作员|1", sent, 1_784_100_000.0, ("person:wang", "org:port"), "上堤|巡查")
    assert is_carried(carried_text(one))
    assert one == read_carried(carried_text(one))
    long = msgspec.structs.replace(one, text="请" * 500)
    back = read_carried(carried_text(long))
    assert LONGEST == len(carried_text(long))
    assert (long.identifier, long.to, back.text[-1]) == (back.identifier, back.to, "…")


def test_what_is_no_open_order_is_refused_in_a_sentence() -> None:
    """Cut off, of another text, without anybody, with a time that has no zone."""
    whole = "【移交】#0007P1|id|op|2026-07-15T09:00:00+08:00|HUMAN|1784100000|person:wang|上堤"
    assert "上堤" == read_carried(whole).text
    for wrong in (
        whole[:40],
        whole.replace("【移交】", ""),
        whole.replace("person:wang", ""),
        whole.replace("+08:00", ""),
        whole.replace("P1", "P9"),
        whole.replace("HUMAN", "MAYBE"),
    ):
        with pytest.raises(FormatError, match="no open order"):
            read_carried(wrong)
