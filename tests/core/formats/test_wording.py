"""The phrases of a message."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.formats.message_json import read_message
from fenghuo.formats.wording import action_mark, chinese_info, phrases, traffic_mark, when
from fenghuo.model.message import Info
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.alerts import GOOD, SENT, content_of, message_of


def changed(**fields: object) -> Info:
    """The info of the good alert with some fields changed."""
    return msgspec.structs.replace(content_of(GOOD.encode()).infos[0], **fields)


def event_of(info: Info) -> str:
    """The phrase for colour and event."""
    return phrases(message_of(msgspec.structs.replace(content_of(GOOD.encode()), infos=(info,)))).event


def test_alert() -> None:
    """An alert in phrases."""
    said = phrases(message_of(content_of(GOOD.encode())))
    assert ("", "", "太仓市气象台发布暴雨橙色预警", "沙溪镇") == (said.mark, said.action_mark, said.event, said.told[0].area)
    assert ("停止户外作业。低洼地区人员立即转移。", "有效至7月15日20时00分", "太仓市气象台") == (
        said.told[0].action,
        said.told[0].time,
        said.told[0].issuer,
    )
    assert ("#0123", True) == (said.number, said.asks)


@pytest.mark.parametrize(
    ("headline", "event", "colour", "phrase"),
    [
        ("暴雨橙色预警", "暴雨", "Orange", "暴雨橙色预警"),
        ("", "暴雨", "Orange", "暴雨橙色预警"),
        ("注意暴雨", "暴雨", "Orange", "暴雨橙色预警"),
        ("", "暴雨橙色预警", "Orange", "暴雨橙色预警"),
        ("注意暴雨", "暴雨", "", "注意暴雨"),
        ("", "暴雨", "", "暴雨"),
    ],
)
def test_event(headline: str, event: str, colour: str, phrase: str) -> None:
    """Colour and event are both said, in the source's own headline where it holds them."""
    assert phrase == event_of(changed(headline=headline, event=event, colour=colour))


def test_response_words() -> None:
    """Without an instruction the response types say what to do."""
    content = msgspec.structs.replace(
        content_of(GOOD.encode()), infos=(changed(instruction="", response_types=("Evacuate", "None", "Shelter")),)
    )
    assert "立即转移，就地避险" == phrases(message_of(content)).told[0].action


def test_language() -> None:
    """A reader is shown zh-CN, other Chinese, or else what there is."""
    infos = [Info(language=language) for language in ("en", "zh-HK", "zh-CN")]
    shown = [
        info.language if (info := chinese_info(message_of(msgspec.structs.replace(content_of(GOOD.encode()), infos=some)))) else ""
        for some in (tuple(infos), tuple(infos[:2]), tuple(infos[:1]), ())
    ]
    assert ["zh-CN", "zh-HK", "en", ""] == shown


def test_line_breaks() -> None:
    """Layout between Chinese characters goes; between Latin words a blank stays."""
    assert "暴雨预警 Rain now" == event_of(changed(headline=" 暴雨\n  预警 Rain\n now ", colour=""))


def test_cancel_without_info() -> None:
    """A Cancel without info says which message ended."""
    content = msgspec.structs.replace(content_of(GOOD.encode()), action=Action.CANCEL, infos=(), note="误报")
    said = phrases(message_of(content))
    assert ("【误报更正】【解除】", "#0123号预警已解除", "误报", False) == (said.action_mark, said.event, said.quotation, said.asks)
    assert "此前发布的预警已解除" == phrases(message_of(content, number=0)).event


def test_order() -> None:
    """An order is its subject and its text, word for word."""
    decoded = read_message('{"to":["a"],"text":"请 转移\\n立即","subject":"令"}'.encode())
    assert decoded.content is not None
    said = phrases(message_of(decoded.content))
    assert ("令", "请 转移\n立即", True) == (said.event, said.quotation, said.asks)


def test_marks() -> None:
    """Each traffic and action has its mark."""
    assert ["", "【演练】", "【系统】", "【测试】"] == [traffic_mark(traffic) for traffic in Traffic]
    assert ["", "【更正】", "【解除】", "", ""] == [action_mark(action) for action in Action]


def test_when() -> None:
    """Times are Beijing's, in words that can be read aloud."""
    assert "7月15日08时00分" == when(SENT)


@pytest.mark.parametrize(
    ("words", "mark"),
    [
        ("此前消息作废", "【解除】"),
        ("误报，无需转移", "【误报更正】【解除】"),
        ("系误发，请勿转移", "【误报更正】【解除】"),
        ("A false alarm; there is no danger", "【误报更正】【解除】"),
        ("并非误报，险情已过", "【解除】"),
        ("误报率统计完毕", "【解除】"),
    ],
)
def test_a_false_alert_is_retracted_and_not_only_ended(words: str, mark: str) -> None:
    """To end a danger and to say that there was none are two things; a new alert that speaks of a false one is neither."""
    info = changed(description=words)
    cancel = msgspec.structs.replace(content_of(GOOD.encode()), action=Action.CANCEL, infos=(info,))
    assert mark == phrases(message_of(cancel)).action_mark
    assert "" == phrases(message_of(msgspec.structs.replace(cancel, action=Action.NEW))).action_mark
