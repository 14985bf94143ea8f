"""Pieces of a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.link.air import Air
from fenghuo.link.frame import FrameKind
from fenghuo.link.pieces import DIGEST, MOST, PIECE_HEAD, Call, Piece, bits, cut, members_of


@given(st.binary(max_size=2000), st.integers(40, 200))
def test_a_body_is_cut_into_as_few_pieces_as_can_be(body: bytes, room: int) -> None:
    """They join to the body, none is longer than the room, the last of several with its digest; and all but the last have one length."""
    pieces = cut(body, room)
    most = room if len(body) <= room else room - DIGEST
    assert body == b"".join(pieces)
    assert max(1, -(-len(body) // most)) == len(pieces)
    assert max(map(len, pieces)) <= most
    assert 1 >= len({len(piece) for piece in pieces[:-1]})


def test_300_octets_are_two_pieces_of_one_length() -> None:
    """At 1,200 bit/s, each under two seconds on the air; not a long one and a stub."""
    air = Air()
    pieces = cut(bytes(300), air.room(FrameKind.DISPATCH))
    assert [150, 150] == [len(piece) for piece in pieces]
    assert air.airtime_s(air.room(FrameKind.DISPATCH) + PIECE_HEAD + 17) <= 2.0


def test_a_body_of_more_than_64_pieces_is_refused() -> None:
    """It belongs on another channel."""
    assert MOST == len(cut(bytes(MOST * 10), 10 + DIGEST))
    with pytest.raises(FrameError, match="641 octets are more than 64 pieces of 10"):
        cut(bytes(MOST * 10 + 1), 10 + DIGEST)


def test_a_piece_stands_as_documented() -> None:
    """Transfer 0x0102, asks, index 1 and 2 of 3, the last one with the digest of the whole."""
    assert bytes.fromhex("0102 81 02 616263") == Piece(0x0102, 1, 3, b"abc", asks=True).encode()
    assert bytes.fromhex("0102 82 42 313233 616263") == Piece(0x0102, 2, 3, b"abc", asks=True, digest=b"123").encode()
    called = Piece(0x0102, 2, 3, b"abc", call=Call(14, 0b11_1111_1111), digest=b"123")
    assert bytes.fromhex("0102 42 42 0e 02 ff03 313233 616263") == called.encode()


@given(st.integers(0, 65535), st.integers(1, 64), st.data(), st.binary(max_size=50), st.booleans(), st.none() | st.integers(1, 2**64 - 1))
def test_every_piece_comes_back(transfer: int, count: int, data: st.DataObject, octets: bytes, asks: bool, asked: int | None) -> None:
    """Decoding undoes encoding."""
    index = data.draw(st.integers(0, count - 1))
    digest = b"123" if 0 < index == count - 1 else b""
    piece = Piece(transfer, index, count, octets, asks, None if asked is None else Call(14, asked), digest)
    assert piece == Piece.decode(piece.encode())


@given(st.binary(max_size=30))
def test_no_octets_break_the_decoder(octets: bytes) -> None:
    """A piece, or a FrameError."""
    try:
        piece = Piece.decode(octets)
    except FrameError:
        return
    assert piece.index < piece.count <= MOST


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("010200", "piece-short"),
        ("01020302", "piece-index"),
        ("01020080", "piece-index"),
        ("01020040", "piece-digest"),
        ("01020101", "piece-digest"),
        ("010201416162", "piece-digest"),
        ("0102400201", "piece-short"),
        ("010240020109", "piece-short"),
    ],
)
def test_what_is_no_piece_is_refused(octets: str, code: str) -> None:
    """Cut off, index past the count, more than 64, a digest of one piece, several without one, half of one, a call without its bitmap."""
    with pytest.raises(FrameError) as caught:
        Piece.decode(bytes.fromhex(octets))
    assert code == caught.value.code


def test_a_bitmap_takes_as_few_octets_as_it_can() -> None:
    """Bit 0 stands in the first octet."""
    assert (b"\0", b"\1", b"\0\1") == (bits(0), bits(1), bits(256))
    assert [0, 8] == list(members_of(257))
