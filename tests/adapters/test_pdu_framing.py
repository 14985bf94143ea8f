from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.pdu_framing import Delivered, Reported, Submit, deliver_pdu, read_incoming, read_submit, report_pdu, submit_pdu
from fenghuo_adapters.short_message_framing import Concat, split
from tests.adapters.pdu_oracles import ask

CHINESE = (
    "【烽火应急】县防指命令：受短时强降雨影响，青龙河水位已超警戒线0.8米，请红旗镇、青龙镇沿河3公里内群众立即转移至县一中、"
    "红旗小学安置点，联系人王志强13800138000。收到请回复“1”。℃㎡—2026-11-24 18:05"
)
ESCAPES = "FENGHUO ALERT: level 2 {red} [zone] ~ \\ ^ | euro € @ £ $ "
PLAIN = "Evacuate now to the county school. Reply 1. "
TEXTS = {
    "one part": CHINESE[:70],
    "two parts": CHINESE,
    "five parts": CHINESE * 3,
    "escapes": ESCAPES,
    "escapes in parts": ESCAPES * 4,
    "parts": PLAIN * 9,
}
AT = dt.datetime(2026, 11, 24, 18, 5, tzinfo=dt.timezone(dt.timedelta(hours=8))).timestamp()
NUMBER = "+8613800138000"
# Written out by hand from TS 23.040; libgammu, gsmmodem and python-messaging agree: reference 42, 18:05 in UTC+8, status 0.
REPORT = "07913108100005F0" + "06" + "2A" + "0D91683108108300F0" + "62114281500023" + "62114281503023" + "00"


def written(text: str, *, wide: bool = False) -> list[str]:
    coding, parts = split(text, 300, wide=wide)
    return [submit_pdu(Submit(destination=NUMBER, coding=coding, part=part, validity_s=3600)).digits for part in parts]


@pytest.mark.may_block("asks other readers in a process")
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_what_we_submit_is_read_as_meant_by_others(name: str, wide: bool) -> None:
    """libgammu, smspdudecoder and gsmmodem: number and text equal, and which part of which."""
    text, pdus = TEXTS[name], written(TEXTS[name], wide=wide)
    verbs = [("smspdudecoder", {"kind": "submit"}), ("gsmmodem", {}), ("gammu", {})]
    said = ask([(verb, {**more, "digits": digits}) for verb, more in verbs for digits in pdus])
    by_decoder, by_gsmmodem, by_gammu = (said[at : at + len(pdus)] for at in range(0, len(said), len(pdus)))
    assert text == "".join(one["text"] for one in by_decoder)
    if not (wide and name in ("parts", "escapes in parts")):  # a 16-bit header ends with a septet: gsmmodem drops what follows it
        assert text == "".join(one["text"] for one in by_gsmmodem)
    assert {NUMBER} == {one["number"] for one in (*by_gammu, *by_gsmmodem)}
    if "escapes" not in name:
        assert text == "".join(one["text"] for one in by_gammu)
    if len(pdus) > 1:
        reference = 300 if wide else 300 % 256
        expected = [(number, len(pdus), reference) for number in range(1, len(pdus) + 1)]
        assert expected == [(one["part"], one["parts"], one["reference"]) for one in by_gammu]


@pytest.mark.may_block("asks other writers in a process")
@pytest.mark.parametrize("text", [CHINESE, ESCAPES, ESCAPES * 4, PLAIN * 9, "好"])
def test_what_others_submit_is_read_as_meant_by_us(text: str) -> None:
    """gsmmodem writes, we read."""
    (pdus,) = ask([("gsmmodem_submits", {"number": NUMBER, "text": text, "reference": 7})])
    read = [read_submit(digits) for digits in pdus]
    assert text == "".join(part for _, part in read)
    assert {(NUMBER, True)} == {(submit.destination, submit.wants_report) for submit, _ in read}


@pytest.mark.may_block("asks other writers in a process")
@pytest.mark.parametrize("text", [CHINESE, ESCAPES, ESCAPES * 4, "收到，已组织转移32户"])
def test_what_others_deliver_is_read_as_meant_by_us(text: str) -> None:
    """libgammu writes, we read: sender, text, moment, parts in order."""
    (pdus,) = ask([("gammu_delivers", {"number": "+8613912345678", "text": text})])
    read = [read_incoming(digits) for digits in pdus]
    assert all(isinstance(one, Delivered) for one in read)
    found = [one for one in read if isinstance(one, Delivered)]
    assert text == "".join(one.text for one in found)
    assert {"+8613912345678"} == {one.sender for one in found}
    numbers = [one.concat.number if one.concat else 1 for one in found]
    assert list(range(1, len(pdus) + 1)) == numbers


@pytest.mark.may_block("asks other readers in a process")
@pytest.mark.parametrize("text", ["收到", "OK {1}", CHINESE[:67]])
def test_what_we_deliver_is_read_as_meant_by_others(text: str) -> None:
    """As a centre would send it: text, sender and the moment with its zone."""
    coding, parts = split(text, 1)
    digits = deliver_pdu("+8613912345678", coding, parts[0], at=AT).digits
    by_decoder, by_gsmmodem = ask([("smspdudecoder", {"digits": digits, "kind": "deliver"}), ("gsmmodem", {"digits": digits})])
    assert (text, text) == (by_decoder["text"], by_gsmmodem["text"])
    assert ("+8613912345678", AT) == (by_gsmmodem["number"], by_gsmmodem["at"])


def test_a_report_that_others_agree_on_is_read_so_by_us() -> None:
    """Reference, recipient, both moments, status."""
    assert Reported(42, NUMBER, AT, AT + 3, 0) == read_incoming(REPORT)


@pytest.mark.may_block("asks other readers in a process")
@pytest.mark.parametrize("status", [0x00, 0x20, 0x46, 0x63])
def test_our_report_is_read_as_meant_by_others(status: int) -> None:
    """libgammu and gsmmodem: reference, number, status."""
    digits = report_pdu(Reported(255, NUMBER, AT, AT, status), centre="+8613800100500").digits
    by_gammu, by_gsmmodem = ask([("gammu", {"digits": digits}), ("gsmmodem", {"digits": digits})])
    assert ("Status_Report", 255, NUMBER) == (by_gammu["type"], by_gammu["mr"], by_gammu["number"])
    assert (255, NUMBER, status) == (by_gsmmodem["mr"], by_gsmmodem["number"], by_gsmmodem["status"])


@pytest.mark.parametrize(
    ("status", "delivered", "failed"),
    [(0x00, True, False), (0x01, False, False), (0x02, False, False), (0x20, False, False), (0x40, False, True), (0x46, False, True),
     (0x63, False, True), (0x80, False, False)],
)  # fmt: skip
def test_only_00_says_that_the_telephone_has_it(status: int, delivered: bool, failed: bool) -> None:
    """TS 23.040 §9.2.3.15: 01 is unconfirmed, 02 replaced, 2x is still tried, 4x and 6x are given up, from 80 on nothing is said."""
    report = Reported(1, NUMBER, None, None, status)
    assert (delivered, failed) == (report.is_delivered, report.is_failed)


def test_a_name_in_letters_is_a_sender() -> None:
    """TON 101: seven bits a letter (TS 23.040 §9.1.2.5)."""
    digits = "00" + "04" + "0AD0" + "C8329BFD06" + "0000" + "62114281500023" + "05" + "E8329BFD06"
    read = read_incoming(digits)
    assert isinstance(read, Delivered)
    assert ("Hello", "hello") == (read.sender, read.text)


def test_sixteen_bit_parts_are_told_apart() -> None:
    """Reference 0x012C, part 2 of 3."""
    coding, parts = split(CHINESE * 2, 300, wide=True)
    read = read_incoming(deliver_pdu(NUMBER, coding, parts[1], at=AT).digits)
    assert isinstance(read, Delivered)
    assert Concat(300, 2, len(parts)) == read.concat


@pytest.mark.parametrize("digits", ["", "zz", "00", "0006", REPORT[:-4], "0001" + "00" * 12, "00110B"])
def test_what_does_not_hold_together_is_refused(digits: str) -> None:
    """Never anything but FrameError."""
    with pytest.raises(FrameError):
        read_incoming(digits)


@given(st.binary(max_size=60))
def test_no_octets_crash_the_reader(octets: bytes) -> None:
    """A value or FrameError, whatever a modem lists."""
    for read in (read_incoming, read_submit):
        try:
            read(octets.hex())
        except FrameError:
            continue


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=400), st.booleans())
def test_a_text_survives_its_parts(text: str, wide: bool) -> None:
    """What is split, written and read again is the text, however it is cut."""
    assert text == "".join(part for _, part in map(read_submit, written(text, wide=wide)))


@pytest.mark.parametrize("number", ["", "abc", "+86 138", "1" * 21, "１２３"])
def test_a_destination_that_is_no_number_is_refused(number: str) -> None:
    """Before anything is written."""
    coding, parts = split("好", 1)
    with pytest.raises(ValueError, match="is not a number"):
        submit_pdu(Submit(destination=number, coding=coding, part=parts[0]))
