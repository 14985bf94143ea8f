"""Frames between a platform and terminals: published check values, the layout octet by octet, and streams that were cut and garbled."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, REQUEST, Codec, Frame, FrameReader, Seal, bcd, crc32_mpeg2, digits_of

CODEC = Codec(18, "ieee")
COUNTY, TERMINAL = "010333112400000001", "010633112410300001"
FRAME = Frame(7, REQUEST, COUNTY, (TERMINAL,), 1, b"\x01\x02")
SEAL = Seal(0x5B2891C5, "000000003363", b"\xaa" * 64)


def octets_of(frame: Frame, codec: Codec = CODEC) -> bytes:
    return codec.closed(codec.covered(frame, is_signed=frame.seal is not None), frame.seal)


def bare(frame: Frame) -> Frame:
    """Without what only a frame that was read has."""
    return Frame(frame.session, frame.kind, frame.source, frame.targets, frame.operation, frame.data, frame.seal)


def test_the_checks_have_their_published_values() -> None:
    """Over `123456789`, as catalogues of CRCs give them."""
    assert (0xCBF43926, 0x0376E6E7) == (zlib.crc32(b"123456789"), crc32_mpeg2(b"123456789"))


def test_numbers_are_two_digits_an_octet() -> None:
    """A code of 23 digits has F before it, a broadcast of 35 too."""
    assert (9, 12, 15, 18) == tuple(len(bcd("1" * size)) for size in (18, 23, 30, 35))
    assert bytes.fromhex("f4331124000000") == bcd("4331124000000")
    assert "4331124000000" == digits_of(bcd("4331124000000"))


@pytest.mark.parametrize("text", ["", "12x", "１２"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Digits of other scripts are none."""
    with pytest.raises(FrameError):
        bcd(text)


def test_a_frame_is_laid_out_as_the_table_says() -> None:
    """Head of twelve octets, source, targets, operation, data, no signature, check: written here by hand."""
    head = bytes.fromhex("fefd 0100 00000007 01 00 0030")
    body = bytes.fromhex("010333112400000001 0001 010633112410300001 01 0002 0102")
    whole = head + body + b"\0\0"
    whole = whole[:10] + (len(whole) + 4).to_bytes(2, "big") + whole[12:]
    assert whole + zlib.crc32(whole).to_bytes(4, "big") == octets_of(FRAME)


def test_a_signature_stands_between_body_and_check() -> None:
    """Length, instant, certificate, 64 octets; what it is over is head and body."""
    signed = Frame(7, REQUEST, COUNTY, (TERMINAL,), 1, b"\x01\x02", SEAL)
    octets = octets_of(signed)
    assert bytes.fromhex("004a 5b2891c5 000000003363") + SEAL.octets == octets[-4 - 76 : -4]
    read = CODEC.read(octets)
    assert (signed, octets[:-80]) == (bare(read), read.covered)


@pytest.mark.parametrize("codec", [CODEC, Codec(18, "mpeg2"), Codec(23, "ieee")], ids=["2018", "mpeg2", "2023"])
def test_what_is_written_is_read(codec: Codec) -> None:
    """Answers too, and several targets."""
    code = "1" * (18 if codec.code_octets == 9 else 23)
    for frame in (Frame(1, ANSWER, code, (), 9), Frame(0xFFFFFFFF, REQUEST, code, (code, code), 255, b"x" * 3000)):
        assert frame == bare(codec.read(octets_of(frame, codec)))


def test_what_does_not_fit_is_told() -> None:
    """The length has sixteen bits."""
    with pytest.raises(FrameError) as told:
        CODEC.covered(Frame(1, REQUEST, COUNTY, (), 1, b"x" * 65_510), is_signed=False)
    assert "too-long" == told.value.code


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 60))
def test_frames_are_found_in_any_noise(noises: list[bytes], cut: int) -> None:
    """However the stream is cut; noise that looks like a head costs no frame behind it, once enough has come to see that it was none."""
    stream = b"".join(noise + octets_of(FRAME) for noise in noises) + octets_of(FRAME) * 2
    reader = FrameReader(CODEC)
    found = [frame for at in range(0, len(stream), cut) for frame in reader.feed(stream[at : at + cut])]
    found += reader.feed(b"\0" * 70_000)
    assert [FRAME] * (len(noises) + 2) == [bare(frame) for frame in found]


def test_one_octet_that_changed_costs_one_frame() -> None:
    """And is counted."""
    octets = bytearray(octets_of(FRAME))
    octets[20] ^= 1
    reader = FrameReader(CODEC)
    assert [FRAME] == [bare(frame) for frame in reader.feed(bytes(octets) + octets_of(FRAME))]
    assert 1 == reader.faults
