"""SNMPv2c as octets: the request as RFC 3416 has it, and answers that are none. net-snmp answers in tests/plugins/test_vsat_modem.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.snmp_framing import get_request, oid, read_answer

ASKED = oid("1.3.6.1.4.1.6247.999.1.1.0")
REQUEST = "302902010104056d6f64656da01d02010702010002010030123010060c2b06010401b06787670101000500"


def answer(value: str, *, number: int = 7, status: int = 0, kind: int = 0xA2) -> bytes:
    """A message with one binding, put together by hand; `value`: its octets in hex with tag and length."""
    binding = bytes.fromhex("060c2b06010401b0678767010100" + value)
    bindings = bytes((0x30, len(binding) + 2, 0x30, len(binding))) + binding
    pdu = bytes.fromhex(f"0201{number:02x}0201{status:02x}020100") + bindings
    body = bytes.fromhex("02010104056d6f64656d") + bytes((kind, len(pdu))) + pdu
    return bytes((0x30, len(body))) + body


def test_a_request_is_what_the_standard_says() -> None:
    """Octet by octet: version 1, community, GetRequest, id, no error, one null."""
    assert REQUEST == get_request(7, "modem", ASKED).hex()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("020156", 86.0), ("0201fa", -6.0), ("410156", 86.0), ("420156", 86.0), ("0403382e36", 8.6), ("0406382e36206442", 8.6)],
    ids=["integer", "negative", "counter", "gauge", "text", "text with unit"],
)
def test_a_number_is_read_whatever_its_type(value: str, expected: float) -> None:
    """Vendors tell decibels as tenths, as gauges, or as text."""
    assert expected == read_answer(answer(value), 7)


@pytest.mark.parametrize(
    ("value", "code"),
    [("8000", "snmp-no-object"), ("8100", "snmp-no-object"), ("04026869", "snmp-no-number"), ("04036e616e", "snmp-no-number")],
)
def test_an_answer_without_a_number_says_what_it_is(value: str, code: str) -> None:
    """noSuchObject, noSuchInstance, a word, and "nan", which is below no threshold."""
    with pytest.raises(FrameError) as fault:
        read_answer(answer(value), 7)
    assert code == fault.value.code


def test_an_error_of_the_agent_is_told() -> None:
    """genErr is status 5."""
    with pytest.raises(FrameError, match="error status 5"):
        read_answer(answer("0500", status=5), 7)


def test_an_answer_to_another_question_is_none_of_ours() -> None:
    """A late one, or a request that was sent back to us."""
    assert read_answer(answer("020156", number=6), 7) is None
    assert read_answer(answer("020156", kind=0xA0), 7) is None


@given(st.binary(max_size=80))
def test_no_octets_crash_it(octets: bytes) -> None:
    """Whatever comes is a FrameError or nobody's answer."""
    try:
        assert read_answer(octets, 7) is None
    except FrameError:
        pass


@given(st.integers(0, 44), st.integers(0, 255))
def test_a_mangled_answer_crashes_nothing(at: int, octet: int) -> None:
    """One octet changed."""
    mangled = bytearray(answer("020156"))
    mangled[min(at, len(mangled) - 1)] = octet
    try:
        value = read_answer(bytes(mangled), 7)
    except FrameError:
        return
    assert value is None or isinstance(value, float)


@pytest.mark.parametrize("text", ["", "1", "1.3.x", "sysUpTime.0", "1..3"])
def test_an_oid_is_numbers(text: str) -> None:
    """Names would need a table of names."""
    with pytest.raises(ValueError, match="is no object identifier"):
        oid(text)
