from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_adapters.smpp_framing import Delivered
from fenghuo_adapters.smpp_receipts import id_forms, is_report, read_report

PLAIN = "id:4f2a sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:"


def report(text: str, *, esm_class: int = 4, receipted_id: str = "", state: int = 0, coding: int = 0) -> Delivered:
    return Delivered("8613800138000", "1069", esm_class, coding, text.encode("latin-1", "replace"), receipted_id, state)


def test_the_usual_form_is_read() -> None:
    """Id, state, error and date of Appendix B."""
    found = read_report(report(PLAIN))
    assert (("4f2a",), "DELIVRD", "000", "2611241201", True, False) == (
        found.ids,
        found.state,
        found.error,
        found.done,
        found.is_delivered,
        found.is_failed,
    )


@pytest.mark.parametrize(
    ("text", "state", "error", "done"),
    [
        (PLAIN.replace("2611241201", "261124120159"), "DELIVRD", "000", "261124120159"),
        (PLAIN.replace("err:000", "err:E08"), "DELIVRD", "E08", "2611241201"),
        (PLAIN.replace("err:000", "err:"), "DELIVRD", "", "2611241201"),
        (PLAIN.replace("DELIVRD", "DELIVERED"), "DELIVRD", "000", "2611241201"),
        (PLAIN.replace("stat:", "Stat:").replace("id:", "ID: "), "DELIVRD", "000", "2611241201"),
        ("", "", "", ""),
        ("\xff\xfe garbage", "", "", ""),
    ],
    ids=["12-digit date", "error with a letter", "no error", "long word", "capitals and spaces", "empty", "garbage"],
)
def test_odd_forms_are_read(text: str, state: str, error: str, done: str) -> None:
    """What other parsers stumble over: each has been met."""
    found = read_report(report(text))
    assert (state, error, done) == (found.state, found.error, found.done)


@pytest.mark.parametrize("word", ["UNDELIV", "EXPIRED", "REJECTD", "DELETED", "UNKNOWN", "MK:0005", "DB:0141"])
def test_a_failure_is_a_failure(word: str) -> None:
    """The words of Appendix B, and the codes that a gateway passes on."""
    found = read_report(report(PLAIN.replace("DELIVRD", word)))
    assert (word, True, False) == (found.state, found.is_failed, found.is_delivered)


@pytest.mark.parametrize("word", ["ENROUTE", "ACCEPTD"])
def test_on_the_way_is_neither(word: str) -> None:
    """No end is claimed before there is one."""
    found = read_report(report(PLAIN.replace("DELIVRD", word)))
    assert (False, False) == (found.is_delivered, found.is_failed)


def test_text_and_parameter_in_contradiction_are_not_delivered() -> None:
    """DELIVRD in the text and UNDELIV in the parameter: nobody is shown as reached."""
    found = read_report(report(PLAIN, state=5))
    assert (False, True, "UNDELIV") == (found.is_delivered, found.is_failed, found.state)


def test_an_intermediate_notification_is_no_end() -> None:
    """esm_class 0x20 says how it goes, not how it ended."""
    found = read_report(report(PLAIN, esm_class=0x20))
    assert (False, False) == (found.is_delivered, found.is_failed)


def test_the_quoted_text_says_nothing() -> None:
    """Words behind `text:` are the message's own."""
    assert "UNDELIV" == read_report(report("id:1 stat:UNDELIV err:005 text:stat:DELIVRD id:2")).state


def test_the_parameter_names_the_message_first() -> None:
    """receipted_message_id before the id in the text, both kept."""
    assert ("20266", "4f2a") == read_report(report(PLAIN, receipted_id="20266")).ids


def test_a_receipt_without_its_type_is_known_by_its_parameter() -> None:
    """Some centres leave esm_class 0."""
    assert is_report(report(PLAIN, esm_class=0, receipted_id="1"))
    assert not is_report(report("收到", esm_class=0))


def test_hexadecimal_and_decimal_are_forms_of_one_id() -> None:
    """Either may stand in the response and the other in the report."""
    assert "20266" in id_forms("4f2a")
    assert {"4f2a", "4F2A"} <= set(id_forms("20266"))
    assert "4f2a" in id_forms("00004F2A")
    assert "4f2a" not in id_forms("4f2a")


@given(st.binary(max_size=140), st.integers(0, 255), st.integers(0, 255))
def test_no_report_raises(octets: bytes, esm_class: int, coding: int) -> None:
    """Whatever a centre writes, it is read as far as it goes."""
    read_report(Delivered("1", "2", esm_class, coding, octets, "", 0))


@given(st.text(max_size=64))
def test_no_id_raises(ref: str) -> None:
    """Ids are the centre's, not ours."""
    id_forms(ref)
