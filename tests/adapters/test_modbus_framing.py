"""Modbus in octets, by the examples of the specification."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.modbus_framing import Answer, Function, Request, Rtu, Tcp, crc16

PDUS = [
    (
        Request(1, Function.READ_COILS, 0x13, count=0x13),
        "01 0013 0013",
        "01 03 CD6B05",
        (1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1),
    ),
    (Request(1, Function.READ_HOLDING, 0x6B, count=3), "03 006B 0003", "03 06 022B 0000 0064", (0x022B, 0, 0x64)),
    (Request(1, Function.READ_INPUT_REGISTERS, 8), "04 0008 0001", "04 02 000A", (10,)),
    (Request(1, Function.WRITE_COIL, 0xAC, values=(1,)), "05 00AC FF00", "05 00AC FF00", ()),
    (Request(1, Function.WRITE_REGISTER, 1, values=(3,)), "06 0001 0003", "06 0001 0003", ()),
    (Request(1, Function.WRITE_REGISTERS, 1, values=(0x0A, 0x0102)), "10 0001 0002 04 000A 0102", "10 0001 0002", ()),
]
"""Source: Modbus Application Protocol 1.1b3 §6.1, 6.3, 6.4, 6.5, 6.6, 6.12."""


@pytest.mark.parametrize(("request_", "asked", "answered", "values"), PDUS)
def test_the_examples_of_the_specification_are_written_and_read(
    request_: Request, asked: str, answered: str, values: tuple[int, ...]
) -> None:
    """Byte for byte."""
    assert bytes.fromhex(asked) == request_.pdu
    assert values == tuple(request_.read(bytes.fromhex(answered)).values)


def test_the_check_value_of_the_crc() -> None:
    """Source: the catalogue of parametrised CRC algorithms, CRC-16/MODBUS."""
    assert 0x4B37 == crc16(b"123456789")


def test_an_exception_is_an_answer() -> None:
    """The unit has answered, and done nothing."""
    assert Answer(exception=2) == Request(1, Function.READ_COILS, 9).read(bytes.fromhex("81 02"))


@pytest.mark.parametrize("answered", ["", "03 02 0001", "01 02 0001", "05 00AC 0000", "81"])
def test_an_answer_to_something_else_is_refused(answered: str) -> None:
    """Whatever was not asked is no answer."""
    with pytest.raises(FrameError):
        Request(1, Function.READ_COILS, 0, count=1).read(bytes.fromhex(answered))


def test_a_late_answer_over_tcp_is_not_that_of_the_next_question() -> None:
    """It has the number of a question that was given up."""
    tcp, first, second = Tcp(), Request(1, Function.READ_INPUT_REGISTERS, 8), Request(1, Function.READ_INPUT_REGISTERS, 9)
    tcp.encode(first)
    tcp.encode(second)
    late, right = bytes.fromhex("0001 0000 0005 01 04 02 000A"), bytes.fromhex("0002 0000 0005 01 04 02 000B")
    assert tcp.feed(late, second) is None
    assert Answer((11,)) == tcp.feed(right, second)


def test_what_is_said_beside_a_question_takes_no_answer_away_from_it() -> None:
    """Its own answer may lie in two pieces across the next question, and is dropped."""
    tcp, asked = Tcp(), Request(1, Function.READ_HOLDING, 0)
    tcp.encode(asked)
    off = Request(1, Function.WRITE_COIL, 5, values=(0,))
    beside, right = tcp.beside(off), bytes.fromhex("0001 0000 0005 01 03 02 000B")
    assert Answer((11,)) == tcp.feed(right + beside[:5], asked)
    tcp.encode(asked)
    assert Answer((12,)) == tcp.feed(beside[5:] + bytes.fromhex("0003 0000 0005 01 03 02 000C"), asked)
    tcp.feed(right[:5], asked)
    tcp.restart()
    assert Answer((13,)) == tcp.feed(bytes.fromhex("0003 0000 0005 01 03 02 000D"), asked)


def test_on_a_serial_line_answers_are_told_apart_by_whom_and_what_they_answer() -> None:
    """The echo of a stop beside a slow start comes first, after it, in pieces, or across the next question; what answers none is noise."""
    on, off = (Request(1, Function.WRITE_COIL, 5, values=(value,)) for value in (1, 0))
    look = Request(2, Function.READ_COILS, 0, count=4)
    of_on, of_off, of_look = Rtu().encode(on), Rtu().encode(off), bytes.fromhex("02 01 01 05 91 CF")
    rtu = Rtu()
    rtu.encode(on)
    assert of_off == rtu.beside(off)
    assert (None, None, Answer()) == (rtu.feed(of_off[:3], on), rtu.feed(of_off[3:], on), rtu.feed(of_on, on))
    rtu.encode(on)
    rtu.beside(off)
    assert Answer() == rtu.feed(of_on + of_off[:4], on)
    rtu.encode(look)
    assert Answer((1, 0, 1, 0)) == rtu.feed(of_off[4:] + of_look, look)
    rtu.encode(look)
    with pytest.raises(FrameError, match="unit 2 was asked and 1 answered"):
        rtu.feed(of_off, look)


def test_what_is_not_modbus_is_refused() -> None:
    """Another protocol on that port."""
    with pytest.raises(FrameError, match="no MBAP head"):
        Tcp().feed(b"HTTP/1.1 400 Bad Request", Request(1, Function.READ_COILS, 0))


def test_a_serial_answer_is_read_octet_by_octet() -> None:
    """As a slow line brings it; the CRC goes low octet first."""
    rtu, asked = Rtu(), Request(0x11, Function.READ_COILS, 0x13, count=0x25)
    assert bytes.fromhex("1101 0013 0025 0E84") == rtu.encode(asked)
    answer = bytes.fromhex("1101 05 CD6BB20E1B 45E6")
    fed = [rtu.feed(bytes((octet,)), asked) for octet in answer]
    assert [None] * (len(answer) - 1) == fed[:-1]
    assert isinstance(fed[-1], Answer)
    assert 37 == len(fed[-1].values)


@pytest.mark.parametrize("broken", ["1101 05 CD6BB20E1B 45E7", "1201 05 CD6BB20E1B 7EE6"])
def test_a_serial_answer_with_a_broken_crc_is_noise(broken: str) -> None:
    """So is one of another unit."""
    rtu, asked = Rtu(), Request(0x11, Function.READ_COILS, 0x13, count=0x25)
    rtu.encode(asked)
    with pytest.raises(FrameError):
        rtu.feed(bytes.fromhex(broken), asked)


@given(octets=st.binary(max_size=300))
def test_no_octets_break_a_reader(octets: bytes) -> None:
    """They are an answer, not yet one, or refused."""
    asked = Request(1, Function.READ_HOLDING, 0, count=2)
    for framing in (Tcp(), Rtu()):
        framing.encode(asked)
        with contextlib.suppress(FrameError):
            assert framing.feed(octets, asked) is None or octets


@pytest.mark.parametrize(("unit", "at"), [(0, 0), (248, 0), (1, -1), (1, 65536)])
def test_a_question_to_nowhere_is_not_made(unit: int, at: int) -> None:
    """Unit 0 would be everybody at once."""
    with pytest.raises(ValueError, match="is not one of"):
        Request(unit, Function.WRITE_COIL, at, values=(1,))
