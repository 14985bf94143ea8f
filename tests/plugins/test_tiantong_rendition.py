from __future__ import annotations

import msgspec
import pytest

from fenghuo.formats.message_json import read_message
from fenghuo.formats.renditions import marked
from fenghuo.model.message import Message
from fenghuo.model.traffic import Traffic
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_tiantong.rendition import FORM, satellite_text
from tests.core.formats.alerts import GOOD, content_of, message_of


def order(text: str) -> Message:
    """An order of our own JSON."""
    content = read_message(msgspec.json.encode({"to": ["a"], "text": text})).content
    assert content is not None
    return message_of(content)


@pytest.mark.parametrize("traffic", [Traffic.ACTUAL, Traffic.EXERCISE])
def test_an_alert_is_one_part(traffic: Traffic) -> None:
    """Seventy characters, with room for the mark of a copy unless it is an exercise too; what, where and what to do are in it, and what
    is left out is named."""
    content = msgspec.structs.replace(content_of(GOOD.encode()), traffic=traffic)
    made = satellite_text(message_of(content))
    assert FORM == made.form
    for kept in ("暴雨橙色预警", "沙溪镇", "低洼地区人员立即转移"):
        assert kept in made.text
    assert ("【演练】" in made.text) is (traffic is Traffic.EXERCISE)
    assert len(made.text) <= 70
    assert traffic is Traffic.EXERCISE or len(marked(made, "重发 2").text) <= 70
    assert made.left_out


def test_an_order_is_never_cut() -> None:
    """It takes the parts that it needs."""
    text = "请立即转移低洼地区群众" * 12
    made = satellite_text(order(text))
    assert text in made.text
    assert 2 <= part_count(made.text)


@pytest.mark.parametrize(("characters", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_parts_are_counted_as_they_are_cut(characters: int, parts: int) -> None:
    """70 in one, 67 in each of several."""
    assert parts == part_count("转" * characters)
