"""The head octet: kind, traffic and rung in the open."""

from __future__ import annotations

import pytest

from fenghuo.errors import FrameError
from fenghuo.formats.compact_frame import CompactKind, Frame, Rung
from fenghuo.model.traffic import Action, Kind, Traffic


@pytest.mark.parametrize("head", range(256))
def test_every_octet_is_a_head(head: int) -> None:
    """Kind, traffic and rung fill the octet; none is without meaning."""
    frame = Frame.from_octets(bytes((head, 1, 2)))
    assert (head, b"\x01\x02", bytes((head, 1, 2))) == (frame.head, frame.body, frame.octets())


def test_the_numbers_stand_on_the_air() -> None:
    """An exercise's dispatch order at LINE is 0011 01 10."""
    assert 0b0011_01_10 == Frame(CompactKind.DISPATCH, Traffic.EXERCISE, Rung.LINE, b"").head


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("action", Action)
def test_every_kind_and_action_has_its_frame(kind: Kind, action: Action) -> None:
    """New, Update and Cancel of each; Ack and Error of an alert, as CAP has them."""
    if kind is not Kind.ALERT and action in (Action.ACK, Action.ERROR):
        with pytest.raises(FrameError, match="has no compact frame"):
            CompactKind.of(kind, action)
    else:
        assert (kind, action) == CompactKind.of(kind, action).meaning
        assert CompactKind.of(kind, action).is_message


@pytest.mark.parametrize("kind", [CompactKind.RECEIPT, CompactKind.BITMAP])
def test_answers_are_no_messages(kind: CompactKind) -> None:
    """A receipt has neither kind nor action of a message."""
    assert (False, None) == (kind.is_message, kind.meaning)


def test_nothing_is_no_frame() -> None:
    """Not even a head."""
    with pytest.raises(FrameError, match="a frame of no octets"):
        Frame.from_octets(b"")
