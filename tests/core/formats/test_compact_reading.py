"""What intake makes of a compact frame."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.formats import compact
from fenghuo.formats.compact_reading import read_compact
from fenghuo.formats.decode import decode
from fenghuo.formats.renditions import marked
from fenghuo.model.message import Message, MessageId, Reference
from fenghuo.model.rendition import COMPACT, Rendition
from fenghuo.model.traffic import Action, Priority
from tests.core.formats import compact_values


def an_order() -> Message:
    return compact_values.message(compact_values.order())


def frame_of(message: Message, rung: compact.Rung = compact.Rung.FULL) -> bytes:
    return compact.encode(message, rung).octets()


def test_an_order_comes_with_its_number_and_its_urgency() -> None:
    """A person keys in the number that the sender spoke, and what is urgent there is urgent here."""
    order = an_order()
    read = read_compact(frame_of(order))
    assert read.content is not None
    assert (order.number, order.priority) == (read.number, read.content.priority)


def test_whom_the_sender_meant_is_not_whom_we_tell() -> None:
    """Audiences and channels of the sender's directory mean nothing here."""
    order = an_order()
    meant = msgspec.structs.replace(order, content=msgspec.structs.replace(order.content, to=("person:x",), via=("radio",)))
    read = read_compact(frame_of(meant))
    assert read.content is not None
    assert ((), ()) == (read.content.to, read.content.via)


def test_an_update_finds_what_came_before_by_the_links_own_name() -> None:
    """A rung may leave the source's references out; key and revision are always there."""
    first = msgspec.structs.replace(an_order(), id=MessageId("m-1"))
    second = msgspec.structs.replace(first, revision=2, content=msgspec.structs.replace(first.content, action=Action.UPDATE))
    before, after = (read_compact(frame_of(message, compact.Rung.LINE)) for message in (first, second))
    assert before.content is not None
    assert after.content is not None
    assert Reference(before.content.identifier) in after.content.references


def test_the_end_stands_in_the_content() -> None:
    """What the frame says of the end is what intake takes for it, rounded up to whole seconds."""
    order = an_order()
    read = read_compact(frame_of(order))
    assert read.content is not None
    assert read.content.expires is not None
    assert 0 <= read.content.expires.timestamp() - order.expires_at < 1


def test_only_the_media_type_makes_octets_a_compact_frame() -> None:
    """A frame may begin with the octet of a brace or of an XML file."""
    (read,) = decode(frame_of(an_order()), COMPACT)
    assert read.content is not None
    assert read.content.priority is Priority(an_order().priority)


def test_a_copy_of_a_frame_is_the_same_octets() -> None:
    """The receiver knows a copy by its key; a mark in text would make it unreadable."""
    frame = Rendition("compact", "请转移", frame_of(an_order()), COMPACT)
    assert frame == marked(frame, "重发 2")


@given(st.binary(max_size=300))
def test_octets_of_any_kind_are_read_or_refused(octets: bytes) -> None:
    """No input crashes it."""
    read = read_compact(octets)
    assert (read.content is None) == (read.error is not None)
