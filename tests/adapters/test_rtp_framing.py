"""RTP packets of A-law, made and read, by the layout of RFC 3550."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters.rtp_framing import RtpPacket, RtpStream


def test_a_packet_has_the_header_of_the_standard() -> None:
    """Version 2, marker on the first, type 8, sequence, timestamp, source; what is missing of 20 ms is silence."""
    stream = RtpStream(0xDEADBEEF, 0xFFFF, 0xFFFFFFFF)
    first, second = stream.packet(b"\x01\x02"), stream.packet(bytes(160))
    assert bytes.fromhex("8088 FFFF FFFFFFFF DEADBEEF 0102") == first[:14]
    assert b"\xd5" * 158 == first[14:]
    assert bytes.fromhex("8008 0000 0000009F DEADBEEF") == second[:12]


def test_a_pause_moves_the_timestamp_and_not_the_sequence() -> None:
    """And the packet behind it has the marker: there a receiver may adjust its delay."""
    stream = RtpStream(1, 10, 1000)
    stream.packet(b"")
    stream.pause(0.5)
    packet = RtpPacket.decode(stream.packet(b""))
    assert (11, 1000 + 160 + 4000, True) == (packet.sequence, packet.timestamp, packet.marker)


@pytest.mark.parametrize(
    ("octets", "payload"),
    [
        ("80 08 0001 00000002 00000003 AABB", "AABB"),
        ("82 08 0001 00000002 00000003 11111111 22222222 AABB", "AABB"),
        ("90 08 0001 00000002 00000003 BEDE 0001 33333333 AABB", "AABB"),
        ("A0 08 0001 00000002 00000003 AABB 0002", "AABB"),
    ],
)
def test_sources_extensions_and_padding_are_no_sound(octets: str, payload: str) -> None:
    """Source: RFC 3550 §5.1 and §5.3.1."""
    packet = RtpPacket.decode(bytes.fromhex(octets))
    assert (1, 2, 3, 8) == (packet.sequence, packet.timestamp, packet.source, packet.payload_type)
    assert bytes.fromhex(payload) == packet.payload


@pytest.mark.parametrize(
    "octets", ["", "80 08 0001", "40 08 0001 00000002 00000003", "90 08 0001 00000002 00000003 BE", "A0" + "00" * 11 + "FF"]
)
def test_what_is_no_rtp_is_refused(octets: str) -> None:
    """Another version, or shorter than it says."""
    with pytest.raises(FrameError):
        RtpPacket.decode(bytes.fromhex(octets))


@given(octets=st.binary(max_size=200))
def test_no_octets_break_the_reader(octets: bytes) -> None:
    """They are a packet or refused."""
    with contextlib.suppress(FrameError):
        assert len(RtpPacket.decode(octets).payload) <= len(octets)
