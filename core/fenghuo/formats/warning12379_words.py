"""The words of the 12379 dialect (国突; GB/T 35965.1-2018): its elements, colours, and the event codes that are known.

The standard's own text was not available: elements from working implementations and one real message, `verified=false`.
Source: wire-formats.md §4.
"""

from __future__ import annotations

from collections.abc import Mapping

from fenghuo.formats.cap_part import Vocabulary

__all__ = ["COLOURS", "COLOUR_WORDS", "EVENTS", "NAMESPACES_12379", "WORDS", "category_of"]

NAMESPACES_12379 = ("http://com.icss.amp", "")

# fmt: off
WORDS = Vocabulary(
    orders={
        "alert": (
            "identifier", "sender", "senderCode", "phone", "sendTime", "status", "msgType", "scope", "code", "secClassification", "note",
            "references", "info",
        ),
        "code": ("method",),
        "method": ("methodName", "message", "audienceGrp", "audiencePrt"),
        "info": (
            "language", "eventType", "urgency", "severity", "certainty", "effective", "onset", "expires", "senderName", "headline",
            "description", "instruction", "web", "resource", "area",
        ),
        "resource": ("resourceDesc", "size", "digest"),
        "area": ("areaDesc", "polygon", "circle", "geocode"),
    },
    aliases={
        "audenceprt": "audiencePrt",
        "audencePrt": "audiencePrt",
        "audienceprt": "audiencePrt",
        "sentTime": "sendTime",
        "SentTime": "sendTime",
        "SendTime": "sendTime",
        "reference": "references",
        "geoCode": "geocode",
    },
    repeatable=frozenset(("method", "info", "resource", "area", "polygon", "circle", "geocode")),
)

COLOURS: Mapping[str, str] = {"Red": "Extreme", "Orange": "Severe", "Yellow": "Moderate", "Blue": "Minor", "Unknown": "Unknown"}
"""Colour → CAP severity. Blue → Minor is seen in a national feed; the rest is ours (§4.1)."""

COLOUR_WORDS: Mapping[str, str] = {
    word: colour
    for colour, words in {
        "Red": ("红色", "红", "I级", "Ⅰ级", "I", "Ⅰ", "1", "1级", "特别重大", "特别严重"),
        "Orange": ("橙色", "橙", "II级", "Ⅱ级", "II", "Ⅱ", "2", "2级", "重大", "严重"),
        "Yellow": ("黄色", "黄", "III级", "Ⅲ级", "III", "Ⅲ", "3", "3级", "较大", "较重"),
        "Blue": ("蓝色", "蓝", "IV级", "Ⅳ级", "IV", "Ⅳ", "4", "4级", "一般"),
    }.items()
    for word in words
}
"""What other writers put in place of the colour: its Chinese word, its level, its figure, the words of both scales (§4.1)."""

EVENTS: Mapping[str, str] = {
    "11B01": "台风", "11B03": "暴雨", "11B04": "暴雪", "11B05": "寒潮", "11B06": "大风", "11B07": "沙尘暴", "11B09": "高温",
    "11B14": "雷电", "11B15": "冰雹", "11B16": "霜冻", "11B17": "大雾", "11B19": "霾", "11B20": "雷雨大风",
    "11B21": "道路结冰", "11B22": "干旱",
    "11B25": "森林火险", "11B34": "寒冷", "11B43": "雷暴", "11B44": "停课信号", "11B56": "低温", "11D00": "地质灾害",
}
"""Event code → its name; a code that is not here goes through as it is (§4.2)."""
# fmt: on

_CATEGORIES = {"11A": "Geo", "11B": "Met", "11C": "Geo", "11D": "Geo", "2": "Safety", "3": "Health", "4": "Security"}


def category_of(code: str) -> str:
    """CAP category of an event code, by its first digit and, for nature, its group; Other where nothing is known. Ours."""
    return _CATEGORIES.get(code[:3]) or _CATEGORIES.get(code[:1]) or "Other"
