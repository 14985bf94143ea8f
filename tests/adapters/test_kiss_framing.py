"""KISS framing: byte dialogues, every value of an octet, and streams that do not hold together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.kiss_framing import MAX_FRAME, Command, KissDecoder, KissFrame


def test_a_frame_stands_between_two_ends() -> None:
    """A data frame of port 0 has the type octet 0."""
    assert bytes.fromhex("c000 54455354 c0") == KissFrame(b"TEST").encode()


def test_an_end_and_an_escape_within_the_data_are_escaped() -> None:
    """C0 goes as DB DC, DB as DB DD. Source: The KISS TNC, §2."""
    assert bytes.fromhex("c000 dbdc dbdd c0") == KissFrame(b"\xc0\xdb").encode()


def test_a_type_octet_that_looks_like_an_end_is_escaped_too() -> None:
    """Port 12, command 0 makes the octet C0."""
    assert bytes.fromhex("c0 dbdc 41 c0") == KissFrame(b"A", port=12).encode()


def test_a_parameter_frame_carries_its_command() -> None:
    """TXDELAY of 300 ms is command 1 with the value 30."""
    assert bytes.fromhex("c0 01 1e c0") == KissFrame(bytes((30,)), command=Command.TXDELAY).encode()


@given(st.binary(max_size=MAX_FRAME - 1), st.integers(0, 15), st.integers(0, 15), st.integers(1, 40))
def test_what_goes_in_comes_out_in_any_cut(data: bytes, port: int, command: int, cut: int) -> None:
    """Encoding and feeding pieces of any size gives the frame back."""
    frame = KissFrame(data, command=command, port=port)
    wire = frame.encode()
    decoder = KissDecoder()
    found = [got for at in range(0, len(wire), cut) for got in decoder.feed(wire[at : at + cut])]
    assert [frame] == found


def test_all_256_values_come_through_byte_by_byte() -> None:
    """No value of an octet is lost or changed."""
    decoder, data = KissDecoder(), bytes(range(256))
    found = [got for octet in KissFrame(data).encode() for got in decoder.feed(bytes((octet,)))]
    assert [data] == [frame.data for frame in found]


@given(st.binary(max_size=600))
def test_after_any_garbage_the_next_frame_is_understood(garbage: bytes) -> None:
    """An end mark puts the decoder in step again."""
    decoder = KissDecoder()
    decoder.feed(garbage)
    decoder.feed(b"\xc0")
    assert [KissFrame(b"order")] == decoder.feed(KissFrame(b"order").encode())


def test_what_comes_before_the_first_end_is_no_frame() -> None:
    """A line opened in the middle of a frame does not invent one."""
    assert [] == KissDecoder().feed(b"\x00half a frame\xc0")


def test_a_broken_escape_drops_its_frame_and_counts_it() -> None:
    """KISS has no check sum, so a frame in doubt is never handed on."""
    decoder = KissDecoder()
    assert [] == decoder.feed(b"\xc0\x00A\xdbB\xc0")
    assert 1 == decoder.dropped


def test_an_escape_cut_off_by_the_end_drops_the_frame() -> None:
    """DB C0 is no octet."""
    decoder = KissDecoder()
    assert [] == decoder.feed(b"\xc0\x00A\xdb\xc0")
    assert 1 == decoder.dropped


def test_a_frame_without_an_end_is_given_up_at_the_limit() -> None:
    """Noise does not fill the memory, and the next frame is understood."""
    decoder = KissDecoder()
    assert [] == decoder.feed(b"\xc0" + b"x" * (MAX_FRAME * 4) + b"\xc0")
    assert 1 == decoder.dropped
    assert [KissFrame(b"A")] == decoder.feed(KissFrame(b"A").encode())


def test_ends_in_a_row_are_no_frames() -> None:
    """FEND FEND encloses nothing."""
    assert [KissFrame(b"A")] == KissDecoder().feed(b"\xc0\xc0\xc0\x00A\xc0\xc0")


def test_frames_may_share_an_end() -> None:
    """One FEND may close a frame and open the next."""
    assert [KissFrame(b"A"), KissFrame(b"B")] == KissDecoder().feed(b"\xc0\x00A\xc0\x00B\xc0")


def test_a_port_out_of_range_is_refused_with_a_sentence() -> None:
    """The operator reads what is wrong."""
    with pytest.raises(FrameError) as caught:
        KissFrame(b"", port=16).encode()
    assert "KISS port 16 and command 0 must each be 0 to 15" == str(caught.value)


def test_a_frame_too_long_is_refused_with_a_sentence() -> None:
    """The limit is said."""
    with pytest.raises(FrameError) as caught:
        KissFrame(bytes(MAX_FRAME)).encode()
    assert "a KISS frame of 512 octets is longer than 511" == str(caught.value)
