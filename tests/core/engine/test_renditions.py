"""One rendition for each message and form: made at plan time, once, and kept."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.engine.renditions import RenditionShelf
from fenghuo.errors import FormatError
from fenghuo.model.message import Message, MessageId, Resource
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.plugin.ports import Renderer
from fenghuo.store.records import RenditionRow
from tests.core.engine.values import content, info, message


class Press:
    """A renderer that counts what it made, and makes nothing for a budget below four octets."""

    def __init__(self) -> None:
        self.asked: list[Budget] = []

    def render(self, of: Message, budget: Budget) -> Rendition:
        self.asked.append(budget)
        if 0 < budget.octets < 4:
            raise FormatError("four octets are the least", code="too-small")
        text = f"{of.revision}|{of.content.infos[0].headline}"
        return Rendition("sms", text, text.encode(), left_out=("instruction",))

    def shelf(self) -> RenditionShelf:
        return RenditionShelf({"sms": Renderer("sms", self.render)})


def test_a_rendition_is_made_once() -> None:
    """For twenty thousand people as for one; the first making gives the row to keep."""
    press = Press()
    shelf = press.shelf()
    row = shelf.make(message(), "sms")
    assert row is not None
    assert (None, 1) == (shelf.make(message(), "sms"), len(press.asked))
    made = shelf.get(MessageId("M"), 1, "sms")
    assert made is not None
    assert ("1|太仓市台风红色预警", made.text, made.data) == (made.text, row.text, row.data)


def test_a_text_notes_the_picture_that_does_not_go_with_it() -> None:
    """Behind what did not fit; a form that names it by its digest leaves it to its channels."""
    press = Press()
    shelf = RenditionShelf({form: Renderer(form, press.render) for form in ("sms", "json")})
    picture = message(content(infos=(info(resources=(Resource("a.jpg", "image/jpeg", blob="ab"),)),)))
    rows = [shelf.make(picture, form) for form in ("sms", "json")]
    assert [("instruction", "1 picture"), ("instruction",)] == [row.left_out for row in rows if row is not None]


def test_each_form_budget_and_revision_has_its_own() -> None:
    """160 octets are not 70, and new words are not the old ones."""
    press = Press()
    shelf = press.shelf()
    for revision, form in ((1, "sms"), (1, "sms/160"), (1, "sms/70"), (2, "sms")):
        assert None is not shelf.make(message(revision=revision), form)
    assert [0, 160, 70, 0] == [budget.octets for budget in press.asked]
    second = shelf.get(MessageId("M"), 2, "sms")
    assert second is not None
    assert second.text.startswith("2|")


def test_what_the_disk_kept_is_not_made_again() -> None:
    """After a restart the same octets go out as before it, also when the renderer is a newer one."""
    press = Press()
    row = RenditionRow(MessageId("M"), 1, "sms", "old", b"old", "text/plain", ("map",))
    shelf = press.shelf()
    shelf.put(row)
    assert (None, []) == (shelf.make(message(), "sms"), press.asked)
    assert Rendition("sms", "old", b"old", "text/plain", ("map",)) == shelf.get(MessageId("M"), 1, "sms")


def test_a_row_gives_back_what_was_made() -> None:
    """Through the store and back nothing is lost."""
    first = Press().shelf()
    row = first.make(message(), "sms")
    assert row is not None
    second = Press().shelf()
    second.put(msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=RenditionRow))
    assert first.get(MessageId("M"), 1, "sms") == second.get(MessageId("M"), 1, "sms")


@pytest.mark.parametrize(("form", "why"), [("radio", "no renderer makes the form radio"), ("sms/3", "four octets are the least")])
def test_what_cannot_be_made_is_said_and_not_tried_again(form: str, why: str) -> None:
    """A channel whose form cannot hold the message is left out, with the reason; the next of a thousand people costs nothing."""
    press = Press()
    shelf = press.shelf()
    assert [None, None] == [shelf.make(message(), form), shelf.make(message(), form)]
    assert (None, why) == (shelf.get(MessageId("M"), 1, form), shelf.why_not(message(), form))
    assert len(press.asked) <= 1


def test_of_what_can_be_made_there_is_nothing_to_say() -> None:
    """No reason where there is a rendition, and none where nobody asked."""
    shelf = Press().shelf()
    shelf.make(message(), "sms")
    assert ("", "") == (shelf.why_not(message(), "sms"), shelf.why_not(message(), "radio"))


def test_a_revision_that_is_over_is_forgotten_alone() -> None:
    """All its forms go, failures too; the other revision and the other message stay."""
    shelf = Press().shelf()
    other = message(id=MessageId("N"))
    for one, form in ((message(), "sms"), (message(), "radio"), (message(revision=2), "sms"), (other, "sms")):
        shelf.make(one, form)
    shelf.drop(MessageId("M"), 1)
    assert (None, "") == (shelf.get(MessageId("M"), 1, "sms"), shelf.why_not(message(), "radio"))
    assert None is not shelf.get(MessageId("M"), 2, "sms")
    assert None is not shelf.get(MessageId("N"), 1, "sms")
