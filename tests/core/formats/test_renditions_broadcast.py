"""The words of an emergency broadcast message."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.renditions_broadcast import broadcast_text, broadcast_title
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.test_renditions import MUST, TIME, alert, order

DETAILS = "预计未来3小时沙溪镇降雨量将达50毫米以上。请注意防范。"


def test_a_public_is_told_and_not_asked() -> None:
    """All of the alert, and neither a number nor a request for an answer."""
    made = broadcast_text(alert())
    assert (MUST + TIME + DETAILS, (MUST + TIME + DETAILS).encode(), "ebm") == (made.text, made.data, made.form)


def test_title_and_text_carry_their_marks_at_both_ends() -> None:
    """A terminal shows the title alone."""
    drill = alert(traffic=Traffic.EXERCISE, action=Action.UPDATE)
    assert "【演练】【更正】太仓市气象台发布暴雨橙色预警【演练】" == broadcast_title(drill)
    text = broadcast_text(drill).text
    assert (True, True) == (text.startswith("【演练】【更正】"), text.endswith("【演练】"))


def test_an_order_without_a_subject_is_titled_by_its_first_sentence() -> None:
    """A title is never empty."""
    assert ("请立即转移", "令") == (broadcast_title(order(text="请立即转移。到高处。")), broadcast_title(order(subject="令")))
    assert "令。请立即转移低洼地区群众" == broadcast_text(order(subject="令"), Budget(octets=10)).text


def test_what_does_not_fit_is_named_and_what_must_be_said_never_goes() -> None:
    """Details, then the time; below that it is an error."""
    size = len(MUST.encode())
    assert (MUST, ("description", "time")) == (
        broadcast_text(alert(), Budget(octets=size)).text,
        broadcast_text(alert(), Budget(octets=size)).left_out,
    )
    with pytest.raises(FormatError):
        broadcast_text(alert(), Budget(octets=size - 1))
