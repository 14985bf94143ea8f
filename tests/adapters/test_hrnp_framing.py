from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.hrnp_framing import MAX_NUMBER, Frame, Operation, Result, StreamDecoder, Tmp, TmpKind

WHOLE = bytes.fromhex("7e04000020100001003547840900a10022000000070a0003ea0a0003e91030945e25601130a27ed7654795cb7a73536c8ffb79d103")
"""Radio 1001 to 1002, request 7, as an independent encoder writes it."""
NUMBERS = st.integers(0, MAX_NUMBER)


def test_a_text_message_is_written_octet_by_octet() -> None:
    """The whole frame, both checks included, and read back."""
    tmp = Tmp(TmpKind.PRIVATE, 7, 1002, 1001, "【应急】红旗镇立即转移")
    assert WHOLE == Frame(Operation.DATA, 1, tmp.encode()).encode()
    read = Frame.decode(WHOLE)
    assert (Operation.DATA, 1, 0x20, 0x10) == (read.operation, read.packet, read.source, read.destination)
    assert tmp == Tmp.decode(read.data)


@pytest.mark.parametrize("operation", list(Operation))
def test_every_operation_comes_back(operation: Operation) -> None:
    """A frame without data is twelve octets."""
    frame = Frame(operation, 0xFFFF, source=0x10, destination=0x21)
    assert 12 == len(frame.encode())
    assert frame == Frame.decode(frame.encode())


@given(st.sampled_from(list(TmpKind)), st.integers(0, 0xFFFFFFFF), NUMBERS, NUMBERS, st.text(max_size=200), st.sampled_from(list(Result)))
def test_every_message_comes_back(kind: TmpKind, request: int, to: int, by: int, text: str, result: Result) -> None:
    """In any kind, of any text; an acknowledgement has a result and no text, that of a group no source."""
    is_ack = kind in (TmpKind.PRIVATE_ACK, TmpKind.GROUP_ACK)
    tmp = Tmp(kind, request, to, 0 if kind is TmpKind.GROUP_ACK else by, "" if is_ack else text, result if is_ack else Result.OK)
    read = Tmp.decode(tmp.encode())
    assert read is not None
    assert (tmp.kind, tmp.request, tmp.destination, tmp.source, tmp.text, tmp.result) == (
        read.kind,
        read.request,
        read.destination,
        read.source,
        read.text,
        read.result,
    )


def test_a_group_is_a_number_and_a_radio_an_address() -> None:
    """Group 9001 stands alone in its four octets; the radio beside it is 10.0.3.233."""
    octets = Tmp(TmpKind.GROUP, 1, 9001, 1001, "x").encode()
    assert (bytes.fromhex("00002329"), bytes.fromhex("0a0003e9")) == (octets[9:13], octets[13:17])


def test_an_option_behind_the_text_is_no_text() -> None:
    """A message with an option field is read without it."""
    plain = Tmp(TmpKind.PRIVATE, 7, 1002, 1001, "收到").encode()
    payload = plain[5:-2] + "附".encode("utf-16-le")
    checked = bytes((0x40, 0xA1)) + (len(payload) + 2).to_bytes(2, "big") + (2).to_bytes(2, "big") + payload
    octets = b"\x09" + checked + bytes(((~sum(checked) + 0x33) & 0xFF, 3))
    read = Tmp.decode(octets)
    assert read is not None
    assert "收到" == read.text


def test_another_service_is_none_of_ours() -> None:
    """A registration or a location is no text message, and no fault."""
    assert Tmp.decode(bytes.fromhex("1100030004 0a0003e9 00 03".replace(" ", ""))) is None


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_flipped_bit_is_found(place: int) -> None:
    """By the check of the frame, or before it comes to that; the version is nobody's business."""
    broken = bytearray(WHOLE)
    broken[place] ^= 0x10
    with pytest.raises(FrameError):
        Frame.decode(bytes(broken))


@given(st.binary(max_size=80))
def test_no_octets_crash_it(octets: bytes) -> None:
    """A frame, a message, nothing, or a FrameError."""
    for read in (Frame.decode, Tmp.decode):
        try:
            read(octets)
        except FrameError:
            continue


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=8), st.integers(1, 7))
def test_a_stream_gives_its_frames_in_any_cut(noise: list[bytes], cut: int) -> None:
    """Whatever lies between them: frames that are whole are not lost to noise, unless it pretends to be a longer frame."""
    quiet = [octets.replace(b"\x7e", b"\x7f") for octets in noise]
    stream = b"".join(octets + WHOLE for octets in quiet)
    decoder = StreamDecoder()
    found = [frame for at in range(0, len(stream), cut) for frame in decoder.feed(stream[at : at + cut])]
    assert len(quiet) == len(found)
    assert sum(map(len, quiet)) == decoder.dropped


def test_a_header_in_noise_costs_no_frame() -> None:
    """A 7E with a length that cannot be is passed over."""
    decoder = StreamDecoder()
    assert 1 == len(decoder.feed(b"\x7e\x04\x00\x00\x00\x00\x00\x00\xff\xff" + WHOLE))
