from __future__ import annotations

import msgspec
import pytest

from fenghuo import COMPACT
from fenghuo.formats import compact
from fenghuo.formats.message_json import read_message
from fenghuo.formats.renditions import marked
from fenghuo.model.message import Message
from fenghuo.model.traffic import Traffic
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_tiantong.rendition import CODE_FORM, FORM, FRAME_OCTETS, coded_parts, satellite_code, satellite_text
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


@pytest.mark.parametrize(("characters", "parts"), [(10, 1), (40, 1), (100, 2), (400, 7)])
def test_an_order_in_code_is_whole_in_the_fewest_messages(characters: int, parts: int) -> None:
    """Of characters that no dictionary knows, so that usual words take fewer; what does not fit takes more, and nothing is cut."""
    text = "".join(chr(0x4E00 + 7919 * at % 6000) for at in range(characters))
    made = satellite_code(order(text))
    assert (CODE_FORM, COMPACT, parts) == (made.form, made.media_type, coded_parts(len(made.data)))
    assert text in compact.decode(compact.Frame.from_octets(made.data)).content.infos[0].description
    assert text in made.text


@pytest.mark.parametrize("traffic", [Traffic.ACTUAL, Traffic.EXERCISE])
def test_an_alert_in_code_is_one_message_that_says_what_where_and_what_to_do(traffic: Traffic) -> None:
    """Seventy characters once it is sealed; what is left out is named, of the frame and of the text."""
    content = msgspec.structs.replace(content_of(GOOD.encode()), traffic=traffic)
    made = satellite_code(message_of(content))
    frame = compact.Frame.from_octets(made.data)
    (info,) = compact.decode(frame).content.infos
    assert (1, traffic) == (coded_parts(len(made.data)), frame.traffic)
    assert len(made.data) <= FRAME_OCTETS
    assert info.colour == "Orange"
    assert info.areas
    assert info.response_types or info.instruction
    assert set(satellite_text(message_of(content)).left_out) <= set(made.left_out)
