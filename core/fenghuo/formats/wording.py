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

__all__ = [
    "BEIJING",
    "FALSE_ALERT",
    "Phrases",
    "Told",
    "action_mark",
    "chinese_info",
    "mark_of",
    "phrases",
    "told_infos",
    "traffic_mark",
    "when",
]

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
UNNAMED_AREA = "未写明区域"
"""Stands where one of several instructions names no area: it must not read as that of the area before it."""
FALSE_ALERT = "【误报更正】"
_FALSE = re.compile(r"(?<!并非)(?<!不是)(?<!不属)(?<!没有)(?<!不属于)(?:误报(?!率)|误发|错发|虚假预警|false alarm)", re.IGNORECASE)
"""How people say that what was sent was never so. Source: wire-formats.md §10, retraction."""
_SPACES = re.compile(r"\s+")

# From here on (CJK radicals, U+2E80) the characters of Unicode are written without blanks between them.
_FIRST_WIDE = "\u2e80"


class Told(msgspec.Struct, frozen=True):
    """What people in some areas are told: phrases of one info; an empty one is left out. `quotation`: the source's text."""

    event: str = ""
    area: str = ""
    action: str = ""
    time: str = ""
    issuer: str = ""
    quotation: str = ""


class Phrases(msgspec.Struct, frozen=True):
    """The phrases of one message. `mark` belongs at both ends; `number` is `#0123` or empty; `asks`: whether an answer is wanted.

    `told`: one, but for an alert that tells the people of different areas different things: then each of them, none left out.
    """

    mark: str
    action_mark: str
    told: tuple[Told, ...]
    number: str
    asks: bool

    @property
    def event(self) -> str:
        """All events of it, each once."""
        return "、".join(dict.fromkeys(one.event for one in self.told if one.event))

    @property
    def quotation(self) -> str:
        """The source's text of the first."""
        return self.told[0].quotation


def phrases(message: Message) -> Phrases:
    """The phrases of `message`. Pure: the same message gives the same phrases."""
    number = f"#{message.number:04d}" if message.number else ""
    ends = message.action in (Action.CANCEL, Action.ACK, Action.ERROR)
    is_alert = message.kind is Kind.ALERT
    return Phrases(
        mark=traffic_mark(message.traffic),
        action_mark=mark_of(message),
        told=_alert(message, number, ends=ends) if is_alert else (_order(message),),
        number=number,
        asks=not ends and (is_alert or message.kind is Kind.DISPATCH),
    )


def _order(message: Message) -> Told:
    info = chinese_info(message)
    return Told(event=info.headline, quotation=info.description) if info else Told(quotation=message.content.note)


def _alert(message: Message, number: str, *, ends: bool) -> tuple[Told, ...]:
    """One for each instruction, in the order of the source; two that say the same are one."""
    infos = told_infos(message)
    if not infos:
        over = f"有效至{when(_end(message))}" if not ends else ""
        return (Told(event=_ended(message, number), time=over, quotation=_flat(message.content.note)),)
    each = [_told(message, info, ends=ends, is_one=len(infos) == 1) for info in infos]
    return tuple(dict.fromkeys(each))


def _told(message: Message, info: Info, *, ends: bool, is_one: bool) -> Told:
    until = _end(message) if is_one or info.expires is None else info.expires
    return Told(
        event=_event(info),
        area=_area(info) or ("" if is_one else UNNAMED_AREA),
        action=_action(info),
        time="" if ends else f"有效至{when(until)}",
        issuer=_flat(info.sender_name),
        quotation=_flat(info.description),
    )


def traffic_mark(traffic: Traffic) -> str:
    """【演练】 for an exercise, 【测试】 for a test, 【系统】 for what keeps the network itself, nothing for what is real."""
    return TRAFFIC_MARKS.get(traffic, "")


def action_mark(action: Action) -> str:
    """【更正】 for an Update, 【解除】 for a Cancel, nothing for a new message."""
    return _ACTION_MARKS.get(action, "")


def mark_of(message: Message) -> str:
    """What a message does to what was said before; a Cancel whose words say that it was a false alert leads with 【误报更正】, for to end a
    danger and to say that there was none are two things."""
    words = (message.content.note, *(info.description for info in message.content.infos))
    is_false = message.action is Action.CANCEL and any(map(_FALSE.search, words))
    return f"{FALSE_ALERT if is_false else ''}{action_mark(message.action)}"


def chinese_info(message: Message) -> Info | None:
    """The info a reader here is shown first: the first in Chinese (zh-CN before other Chinese), else the first; None if there is none."""
    return next(iter(_of_language(message)), None)


def told_infos(message: Message) -> tuple[Info, ...]:
    """Every info whose instruction a reader here must get: all of the reader's language, and one of another language that is about an
    area of which nothing is said in that one. Infos of one language are different instructions, those of several the same one in
    translation. Source: CAP 1.2 §3.2.2.
    """
    ours = _of_language(message)
    if len(ours) == len(message.content.infos):
        return ours
    known = {place for info in ours for place in _places(info, ours[0])}
    return tuple(info for info in message.content.infos if info in ours or not _places(info, ours[0]) <= known)


def _of_language(message: Message) -> tuple[Info, ...]:
    """All infos of the one language that a reader here is shown."""
    infos = message.content.infos
    named = [info.language.casefold() for info in infos]
    ours = next((name for wanted in ("zh-cn", "zh", "") for name in named if name.startswith(wanted)), "")
    return tuple(info for info, name in zip(infos, named, strict=True) if name == ours)


def _places(info: Info, ours: Info) -> set[object]:
    """Where it is about, as no language changes it: codes and outlines; names too among variants of one language, which have the same."""
    is_variant = info.language.casefold()[:2] == ours.language.casefold()[:2]
    drawn = {each for area in info.areas for each in (*area.geocodes, *area.polygons, *area.circles)}
    names = {area.description for area in info.areas if not (area.geocodes or area.polygons or area.circles)}
    return {*drawn, *names} if is_variant else set(drawn)


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
