"""The head of a frame."""

from __future__ import annotations

import itertools

import pytest

from fenghuo.errors import FrameError
from fenghuo.link.frame import MAX_COUNTER, FrameKind, Head, Purpose, purpose_of, tag_octets
from fenghuo.model.traffic import Traffic


def test_the_seven_octets_stand_as_documented() -> None:
    """Version 2, Exercise, no wide tag, COMMAND; key 9, source 2, counter 258."""
    assert bytes((0b10_01_0_100, 9, 2, 0, 0, 1, 2)) == Head(Traffic.EXERCISE, FrameKind.COMMAND, 9, 2, 258).encode()


@pytest.mark.parametrize(("traffic", "kind", "wide"), list(itertools.product(Traffic, FrameKind, (False, True))))
def test_every_head_comes_back(traffic: Traffic, kind: FrameKind, wide: bool) -> None:
    """Each of the 64 first octets means one thing."""
    head = Head(traffic, kind, 255, 255, MAX_COUNTER, wide)
    assert head == Head.decode(head.encode() + bytes(16))


@pytest.mark.parametrize("kind", FrameKind)
def test_only_receipts_and_telemetry_have_a_short_tag(kind: FrameKind) -> None:
    """Eight octets for whatever actuates, releases or is read by people."""
    assert (4 if kind in (FrameKind.RECEIPT, FrameKind.TELEMETRY) else 8) == tag_octets(kind)
    assert 16 == tag_octets(kind, wide=True)


def test_each_kind_has_the_key_of_its_purpose() -> None:
    """The four kinds of message share a key; a command shares none."""
    assert [Purpose.MESSAGE] * 4 + [Purpose.COMMAND, Purpose.CONTROL, Purpose.RECEIPT, Purpose.TELEMETRY] == list(
        map(purpose_of, FrameKind)
    )


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "frame-short"),
        (b"\x80\1\1\0\0\0", "frame-short"),
        (b"\x80\1\1\0\0\0\0" + bytes(7), "frame-short"),
        (bytes(30), "frame-version"),
    ],
)
def test_what_is_no_frame_is_refused(octets: bytes, code: str) -> None:
    """Too short for its head or its tag, or of another version."""
    with pytest.raises(FrameError) as caught:
        Head.decode(octets)
    assert code == caught.value.code
