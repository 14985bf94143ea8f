"""AX.25 UI frames, held against ax253, an independent codec."""

from __future__ import annotations

import contextlib

import pytest
from ax253 import Frame
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.ax25_framing import MAX_INFO, Address, UiFrame, airtime_s

CMD = Address("BJ1CMD")
VAN = Address("BJ1VAN", 7)
CALLS = st.builds(Address, st.from_regex(r"[A-Z0-9]{1,6}", fullmatch=True), st.integers(0, 15))


@given(CALLS, CALLS, st.lists(CALLS, max_size=8), st.binary(max_size=MAX_INFO))
def test_ax253_reads_what_we_write(destination: Address, source: Address, path: list[Address], info: bytes) -> None:
    """Addresses, digipeaters and every octet of the information agree."""
    read = Frame.from_bytes(UiFrame(destination, source, info, path=tuple(path)).encode())
    assert (str(destination), str(source), list(map(str, path)), info) == (
        str(read.destination),
        str(read.source),
        [str(hop) for hop in read.path],
        bytes(read.info),
    )


@given(CALLS, CALLS, st.lists(CALLS, max_size=2, unique=True), st.binary(max_size=MAX_INFO))
def test_we_read_what_ax253_writes(destination: Address, source: Address, path: list[Address], info: bytes) -> None:
    """The other way round."""
    octets = bytes(Frame.ui(destination=str(destination), source=str(source), path=[str(hop) for hop in path], info=info))
    assert UiFrame(destination, source, info, path=tuple(path)) == UiFrame.decode(octets)


@given(st.integers(0, 8))
def test_who_has_repeated_a_frame_is_marked_in_it(repeated: int) -> None:
    """The highest bit of each digipeater's last octet, in the order of the path (AX.25 2.2 §3.12.5); ax253 reads only the last one's."""
    path = tuple(Address(f"BJ1R{number}") for number in range(8))
    frame = UiFrame(VAN, CMD, b"x", path=path, repeated=repeated)
    octets = frame.encode()
    assert [number < repeated for number in range(8)] == [octets[7 * hop + 6] >= 0x80 for hop in range(2, 10)]
    assert frame == UiFrame.decode(octets)


def test_all_256_values_come_through() -> None:
    """The information is opaque."""
    frame = UiFrame(VAN, CMD, bytes(range(256)))
    assert frame == UiFrame.decode(frame.encode())


@pytest.mark.parametrize(("text", "written"), [("bj1cmd", "BJ1CMD"), (" BJ1CMD-0 ", "BJ1CMD"), ("bj1van-15", "BJ1VAN-15"), ("QST", "QST")])
def test_a_callsign_is_written_one_way(text: str, written: str) -> None:
    """Upper case, and SSID 0 is left out."""
    assert written == str(Address.parse(text))


@pytest.mark.parametrize("text", ["", "TOOLONG", "BJ1CMD-", "BJ1 CMD", "指挥", "BJ1CMD-123", "BJ1CMD--1"])
def test_what_is_no_callsign_is_refused_with_a_sentence(text: str) -> None:
    """The sentence says what a callsign looks like."""
    with pytest.raises(ValueError) as caught:
        Address.parse(text)
    assert f"callsign {text!r} is not 1 to 6 letters and digits, with -0 to -15 behind if need be" == str(caught.value)


def test_an_ssid_above_15_is_refused_with_a_sentence() -> None:
    """Four bits hold no more."""
    with pytest.raises(ValueError) as caught:
        Address.parse("BJ1CMD-16")
    assert "callsign 'BJ1CMD-16' has the SSID 16; it goes from 0 to 15" == str(caught.value)


def test_more_information_than_a_frame_holds_is_refused_with_a_sentence() -> None:
    """256 octets, AX.25 2.2 §6.7.2.3."""
    with pytest.raises(FrameError) as caught:
        UiFrame(VAN, CMD, bytes(257)).encode()
    assert "257 octets of information do not fit one AX.25 frame of 256" == str(caught.value)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "ax25-short"),
        (UiFrame(VAN, CMD, b"x").encode()[:10], "ax25-short"),
        (UiFrame(VAN, CMD, b"x").encode()[:14], "ax25-not-ui"),
        (UiFrame(VAN, CMD, b"x").encode()[:15], "ax25-short"),
        (bytes(40), "ax25-address"),
        (b"\xff" * 40, "ax25-address"),
        (CMD.encode(last=True) + b"\x03\xf0hi", "ax25-address"),
        (VAN.encode() + CMD.encode(last=True) + b"\x3f", "ax25-not-ui"),
        (VAN.encode() * 12, "ax25-address"),
        (UiFrame(VAN, CMD, bytes(256)).encode() + b"x", "ax25-too-long"),
    ],
)
def test_what_is_no_ui_frame_is_refused_by_code(octets: bytes, code: str) -> None:
    """Noise from the air raises FrameError, never anything else."""
    with pytest.raises(FrameError) as caught:
        UiFrame.decode(octets)
    assert code == caught.value.code


@given(st.binary(max_size=400))
def test_any_octets_are_a_frame_or_a_frame_error(octets: bytes) -> None:
    """Nothing that comes from the air breaks the reader."""
    with contextlib.suppress(FrameError):
        UiFrame.decode(octets)


def test_airtime_counts_every_bit_that_is_sent() -> None:
    """Four octets of flags and check sum beside the frame: ten octets without ones are 14 x 8 bits."""
    assert 14 * 8 / 1200 == airtime_s(bytes(10), 1200)


def test_airtime_counts_stuffed_bits() -> None:
    """Five octets of ones are 40 bits and 8 stuffed ones."""
    assert (40 + 8 + 32) / 1200 == airtime_s(b"\xff" * 5, 1200)
