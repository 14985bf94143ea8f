"""What a voice says."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.renditions import marked
from fenghuo.formats.renditions_spoken import LINKS, loudspeaker_text, speech_text
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.test_renditions import alert, order

EVENT = "太仓市气象台发布暴雨橙色预警。"
MUST = f"{EVENT}区域，沙溪镇。请这样做，停止户外作业。低洼地区人员立即转移。"
TIME = "有效至七月十五日二十时整。"
DETAILS = "预计未来三小时沙溪镇降雨量将达五十毫米以上。请注意防范。"


def test_speech_says_all_of_an_alert_and_asks_for_an_answer() -> None:
    """In the order of every text, in words, with the number that an answer names."""
    said = speech_text(alert())
    assert (f"{MUST}{TIME}{DETAILS}编号零幺二三，收到请回复。", "speech", ()) == (said.text, said.form, said.left_out)


def test_a_loudspeaker_calls_says_the_essentials_twice_and_asks_nobody() -> None:
    """Whoever heard the call has the second half to listen to."""
    said = loudspeaker_text(alert())
    assert f"请注意，请注意。{MUST}{TIME}{DETAILS}再播一遍。{MUST}" == said.text


def test_an_exercise_is_said_first_and_last() -> None:
    """Before the call and behind the repetition (wire-formats.md §10)."""
    for said in (speech_text(alert(traffic=Traffic.EXERCISE)), loudspeaker_text(alert(traffic=Traffic.EXERCISE))):
        assert (True, True) == (said.text.startswith("演练，演练，这是一次演练。"), said.text.endswith("以上是演练。"))


def test_what_ends_says_so_behind_the_exercise_mark() -> None:
    """解除 is heard before the name of what it ends."""
    said = loudspeaker_text(alert(action=Action.CANCEL, traffic=Traffic.TEST))
    assert said.text.startswith("测试，测试，这是一次测试。解除。")


def test_a_false_alert_is_retracted_in_words() -> None:
    """Before what it ends is named."""
    said = loudspeaker_text(alert(action=Action.CANCEL, description="误报，无需转移。"))
    assert said.text.startswith("误报更正。解除。请注意")


def test_a_short_time_keeps_what_must_be_said() -> None:
    """The call goes first, then the repetition, the details, the issuer, the time; what goes is named."""
    assert (f"{MUST}", ("call", "repetition", "description", "time")) == (
        loudspeaker_text(alert(), Budget(seconds=12)).text,
        loudspeaker_text(alert(), Budget(seconds=12)).left_out,
    )
    assert (f"{MUST}编号零幺二三。", ("description", "time", "how to answer")) == (
        speech_text(alert(), Budget(octets=140)).text,
        speech_text(alert(), Budget(octets=140)).left_out,
    )


def test_a_time_below_what_must_be_said_is_an_error() -> None:
    """A voice is never cut off in an area."""
    with pytest.raises(FormatError) as refusal:
        speech_text(alert(), Budget(seconds=2))
    assert "too-long" == refusal.value.code


def test_an_order_is_said_whole() -> None:
    """With its subject, whatever the limit."""
    assert "令。请立即转移低洼地区群众。编号零幺二三，收到请回复。" == speech_text(order(subject="令"), Budget(seconds=1)).text
    assert "请注意，请注意。请立即转移低洼地区群众。" == loudspeaker_text(order()).text


def test_a_web_address_that_is_not_said_is_named() -> None:
    """The listener is not the only one who should know."""
    said = speech_text(alert(description="详见https://example.org/a。"))
    assert ("详见。" in said.text, (LINKS,)) == (True, said.left_out)


def test_what_no_voice_can_say_is_named_or_refuses_the_form() -> None:
    """In the issuer's words it is left out by name; in what to do, or in an order, nothing is said rather than half of it."""
    said = loudspeaker_text(alert(description="见こ号通告。雨量50㎜。"))
    assert ("雨量五十毫米" in said.text, ("what no voice can say: こ",)) == (True, said.left_out)
    for voice in (speech_text, loudspeaker_text):
        with pytest.raises(FormatError, match="no voice can say こ") as refusal:
            voice(alert(instruction="撤离到こ号楼。"))
        assert "unspeakable" == refusal.value.code
    with pytest.raises(FormatError, match="no voice can say こ"):
        speech_text(order(text="撤离到こ号楼。"))


def test_a_copy_says_so_in_words() -> None:
    """Behind the exercise mark; the number of the copy is said."""
    said = marked(speech_text(alert(traffic=Traffic.EXERCISE)), "重发 2")
    assert (True, said.text.encode()) == (said.text.startswith("演练，演练，这是一次演练。第二次重发。太仓"), said.data)
