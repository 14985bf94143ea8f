"""What a message says, phrase by phrase, in the Chinese of the trade: the raw material of every readable rendition.

The source's own words are quoted and never reworded; ours (marks, area, validity, how to answer) stand outside.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import msgspec

from fenghuo.clock import instant
from fenghuo.model.message import Info, Message
from fenghuo.model.traffic import Action, Kind, Traffic

__all__ = ["BEIJING", "Phrases", "action_mark", "chinese_info", "phrases", "traffic_mark", "when"]

BEIJING = timezone(timedelta(hours=8))
"""China Standard Time: what a reader's watch shows."""

COLOUR_WORDS = {"Red": "红色", "Orange": "橙色", "Yellow": "黄色", "Blue": "蓝色"}

ACTION_WORDS = {
    "Shelter": "就地避险",
    "Evacuate": "立即转移",
    "Prepare": "做好准备",
    "Execute": "按预案执行",
    "Avoid": "远离危险区域",
    "Monitor": "注意后续信息",
    "Assess": "注意研判",
    "AllClear": "警报解除",
}
"""CAP responseType where the source wrote no instruction. Source: CAP 1.2 §3.2.2; the Chinese words are ours."""

TRAFFIC_MARKS = {Traffic.EXERCISE: "【演练】", Traffic.TEST: "【测试】", Traffic.SYSTEM: "【系统】"}
_ACTION_MARKS = {Action.UPDATE: "【更正】", Action.CANCEL: "【解除】"}
_SPACES = re.compile(r"\s+")

# From here on (CJK radicals, U+2E80) the characters of Unicode are written without blanks between them.
_FIRST_WIDE = "\u2e80"


class Phrases(msgspec.Struct, frozen=True):
    """The phrases of one message; an empty one is left out. `mark` belongs at both ends; `number` is `#0123` or empty.

    `quotation` is the source's text: the description of an alert, the whole text of an order. `asks`: whether an answer is wanted.
    """

    mark: str
    action_mark: str
    event: str
    area: str
    action: str
    time: str
    issuer: str
    quotation: str
    number: str
    asks: bool


def phrases(message: Message) -> Phrases:
    """The phrases of `message`. Pure: the same message gives the same phrases."""
    info = chinese_info(message)
    number = f"#{message.number:04d}" if message.number else ""
    ends = message.action in (Action.CANCEL, Action.ACK, Action.ERROR)
    if message.kind is not Kind.ALERT:
        return Phrases(
            mark=traffic_mark(message.traffic),
            action_mark=action_mark(message.action),
            event=info.headline if info else "",
            area="",
            action="",
            time="",
            issuer="",
            quotation=info.description if info else message.content.note,
            number=number,
            asks=message.kind is Kind.DISPATCH and not ends,
        )
    return Phrases(
        mark=traffic_mark(message.traffic),
        action_mark=action_mark(message.action),
        event=_event(info) if info else _ended(message, number),
        area=_area(info) if info else "",
        action=_action(info) if info else "",
        time=f"有效至{when(_end(message))}" if not ends else "",
        issuer=_flat(info.sender_name) if info else "",
        quotation=_flat(info.description) if info else _flat(message.content.note),
        number=number,
        asks=not ends,
    )


def traffic_mark(traffic: Traffic) -> str:
    """【演练】 for an exercise, 【测试】 for a test, 【系统】 for what keeps the network itself, nothing for what is real."""
    return TRAFFIC_MARKS.get(traffic, "")


def action_mark(action: Action) -> str:
    """【更正】 for an Update, 【解除】 for a Cancel, nothing for a new message."""
    return _ACTION_MARKS.get(action, "")


def chinese_info(message: Message) -> Info | None:
    """The info a reader here is shown: the first in Chinese (zh-CN before other Chinese), else the first; None if there is none."""
    infos = message.content.infos
    for wanted in ("zh-cn", "zh"):
        for info in infos:
            if info.language.casefold().startswith(wanted):
                return info
    return infos[0] if infos else None


def when(at: datetime) -> str:
    """An instant as it is read aloud here: 7月15日20时00分, in Beijing time."""
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日{local.hour:02d}时{local.minute:02d}分"


def _end(message: Message) -> datetime:
    return message.content.expires or instant(message.expires_at)


def _event(info: Info) -> str:
    """Colour and event in one phrase: the headline if it holds them, else event with its colour."""
    colour = COLOUR_WORDS.get(info.colour, "")
    if info.headline and (not colour or colour in info.headline):
        return _flat(info.headline)
    event = _flat(info.event) or _flat(info.headline)
    return event if not colour or colour in event else f"{event}{colour}预警"


def _ended(message: Message, number: str) -> str:
    if message.action is not Action.CANCEL:
        return ""
    return f"{number}号预警已解除" if number else "此前发布的预警已解除"


def _area(info: Info) -> str:
    return "、".join(dict.fromkeys(name for area in info.areas if (name := _flat(area.description))))


def _action(info: Info) -> str:
    if info.instruction.strip():
        return _flat(info.instruction)
    return "，".join(ACTION_WORDS[word] for word in info.response_types if word in ACTION_WORDS)


def _flat(text: str) -> str:
    """One line: between Chinese characters a line break was layout, not a space."""
    line = text.strip()
    return _SPACES.sub(lambda gap: "" if min(line[gap.start() - 1], line[gap.end()]) >= _FIRST_WIDE else " ", line)
