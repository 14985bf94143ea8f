"""A written text as it is read aloud: times, amounts, units and telephone numbers in words, brackets as pauses. Pure.

No word of the source is changed; only what a voice would stumble over is spelt out, and what no voice can say is told. Source:
wire-formats.md §10.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fenghuo.formats.numerals import amount, by_figure, telephone
from fenghuo.formats.packed_signs import is_meant, plain

__all__ = ["CHARACTERS_PER_S", "link_free", "spoken", "spoken_s", "unsaid"]

CHARACTERS_PER_S = 4.0
"""Speed of a calm Mandarin voice, pauses included. Source: wire-formats.md §10, where it is not confirmed; a recorded voice says better."""

# Unit → what is said before the amount, and after it. Longer names first, since a reader tries them in this order.
_UNITS: dict[str, tuple[str, str]] = {
    "μg/m³": ("每立方米", "微克"),
    "μg/m3": ("每立方米", "微克"),
    "ug/m3": ("每立方米", "微克"),
    "mg/m³": ("每立方米", "毫克"),
    "mg/m3": ("每立方米", "毫克"),
    "立方米/秒": ("每秒", "立方米"),
    "公里/小时": ("每小时", "公里"),
    "千米/小时": ("每小时", "千米"),
    "毫米/小时": ("每小时", "毫米"),
    "米/秒": ("每秒", "米"),
    "m³/s": ("每秒", "立方米"),
    "m3/s": ("每秒", "立方米"),
    "km/h": ("每小时", "公里"),
    "mm/h": ("每小时", "毫米"),
    "mm/d": ("每天", "毫米"),
    "cm/s": ("每秒", "厘米"),
    "m/s": ("每秒", "米"),
    "km²": ("", "平方公里"),
    "km2": ("", "平方公里"),
    "mm": ("", "毫米"),
    "cm": ("", "厘米"),
    "km": ("", "公里"),
    "m²": ("", "平方米"),
    "m2": ("", "平方米"),
    "㎡": ("", "平方米"),
    "m³": ("", "立方米"),
    "m3": ("", "立方米"),
    "hPa": ("", "百帕"),
    "kPa": ("", "千帕"),
    "Pa": ("", "帕"),
    "kg": ("", "千克"),
    "mg": ("", "毫克"),
    "mL": ("", "毫升"),
    "ml": ("", "毫升"),
    "kV": ("", "千伏"),
    "kW": ("", "千瓦"),
    "MW": ("", "兆瓦"),
    "MHz": ("", "兆赫"),
    "kHz": ("", "千赫"),
    "Hz": ("", "赫"),
    "dB": ("", "分贝"),
    "min": ("", "分钟"),
    "℃": ("", "摄氏度"),
    "°C": ("", "摄氏度"),
    "℉": ("", "华氏度"),
    "°": ("", "度"),
    "′": ("", "分"),
    "″": ("", "秒"),
    "%": ("百分之", ""),
    "‰": ("千分之", ""),
    "m": ("", "米"),
    "t": ("", "吨"),
    "g": ("", "克"),
    "h": ("", "小时"),
    "s": ("", "秒"),
    "V": ("", "伏"),
    "W": ("", "瓦"),
    "L": ("", "升"),
}

# What people of the trade say for what they write in Latin letters.
_ABBREVIATIONS = {"PM2.5": "细颗粒物", "PM10": "可吸入颗粒物", "AQI": "空气质量指数", "LNG": "液化天然气", "LPG": "液化石油气"}
_COMPARED = {">": "大于", "＞": "大于", "≥": "大于等于", "<": "小于", "＜": "小于", "≤": "小于等于", "±": "正负", "≈": "约", "≠": "不等于"}
_ROMAN = dict(
    zip(
        ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"),
        ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"),
        strict=True,
    )
)
_SMALL = {"2": "²", "3": "³"}
_MONEY = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元"}
_SIDES = {"N": "北纬", "S": "南纬", "E": "东经", "W": "西经"}
_PAIR = "个小天户人名次台辆艘处座栋层年家条"
"""Measure words before which two is 两; 2 before a date, a time, a grade or a unit is 二."""

_FULL_WIDTH = (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
_WIDE = str.maketrans({**{chr(code): chr(code - 0xFEE0) for code in _FULL_WIDTH}, "％": "%", "．": ".", "／": "/", "＊": "*"})
_LINK = re.compile(r"(?:https?://|www\.)[A-Za-z0-9./?=&%_:#~+-]+")
_N = r"[0-9]+(?:\.[0-9]+)?"
_UNIT = "|".join(map(re.escape, _UNITS))
_DASH = "-－−~～—–"
_CALL = r"0[0-9]{2,3}[-－][0-9]{7,8}|[0-9]{3,12}"
_FREE = r"(?<![0-9A-Za-z.])"
_HAN = "零一二三四五六七八九十百千万亿两点"
_SERVICES = "政务服务便民|政务服务|政务|市民服务|便民服务|便民|市长|服务|报警|急救|消防|咨询|求助|应急"
_COUNTED = "人户名个万亿元吨米毫公里千瓦立亩头只辆艘套间栋所张份次家"
"""What a full-width comma between figures is read as part of an amount before; else it is a pause between two."""

_PAUSES = re.compile(r"[\s,:：()（）\[\]【】〔〕<>《》「」『』{}|/\\—–~～·•…*=＝^_@&+＋-]+")
_STOPS = re.compile(r"[;!?.]")
_UNSAID = re.compile(r"[^\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffffA-Za-z，。；！？、]")
_MANY = re.compile(r"[，、]*([。；！？])[，。；、]*|[，、]*，[，、]*")


def spoken(text: str) -> str:
    """The text as a voice reads it: Han characters, pauses, and Latin letters where nobody knows a word for them; no figure, no sign."""
    return _read(text)[0]


def unsaid(text: str) -> str:
    """The characters of a text that no voice can say and whose loss changes what is heard, each once; empty for nearly every text."""
    return "".join(dict.fromkeys(_read(text)[1]))


def _read(text: str) -> tuple[str, list[str]]:
    """What is said, and what is lost of it."""
    said = plain(_LINK.sub("", text.translate(_WIDE)))
    for written, word in _ABBREVIATIONS.items():
        said = re.sub(rf"(?<![A-Za-z]){re.escape(written)}(?![A-Za-z0-9])", word, said)
    for pattern, word_for in _READINGS:
        said = pattern.sub(word_for, said)
    said = _STOPS.sub("。", _PAUSES.sub("，", said))
    lost = [found[0] for found in _UNSAID.finditer(said) if is_meant(found[0], said[found.start() - 1 :][:1], said[found.end() :][:1])]
    bare = _UNSAID.sub(lambda found: "，" if _is_between_figures(found) else "", said)
    if bare != said:  # a figure and its unit may meet only now
        bare = _read(bare)[0]
    return _MANY.sub(lambda found: found[1] or "，", bare).lstrip("，。；！？、").rstrip("，、"), lost


def _is_between_figures(found: re.Match[str]) -> bool:
    """Two amounts never run into one because of what stood between them."""
    around = found.string[found.start() - 1 : found.start()] + found.string[found.end() : found.end() + 1]
    return len(around) == 2 and all(each in _HAN for each in around)


def link_free(text: str) -> bool:
    """Whether nothing in the text is an address of the web, which no voice can say and no ear remember."""
    return _LINK.search(text) is None


def spoken_s(text: str) -> float:
    """Seconds that a calm voice takes for a text that is spoken() already."""
    return sum(1 for char in text if char not in "，。；！？、") / CHARACTERS_PER_S


def _clock(found: re.Match[str]) -> str:
    hours, minutes, seconds = (found[part] for part in ("hour", "minute", "second"))
    said = f"{amount(hours)}时"
    if not seconds and not int(minutes):
        return f"{said}整"
    said += f"{_two(minutes)}分"
    return f"{said}{_two(seconds)}秒" if seconds else said


def _two(figures: str) -> str:
    """Minutes and seconds: 05 is 零五, and 00 before seconds is 零."""
    return f"零{amount(figures)}" if len(figures) > 1 and figures[0] == "0" and figures != "00" else amount(figures)


def _date(found: re.Match[str]) -> str:
    return f"{by_figure(found[1])}年{amount(found[2])}月{amount(found[3])}日"


def _measured(found: re.Match[str]) -> str:
    """An amount or a range with its unit."""
    before, after = _UNITS.get(found["unit"] or "", ("", ""))
    cold = "零下" if after == "摄氏度" else "负"
    warm = "零上" if after == "摄氏度" and found["sign"] else ""
    low = f"{cold if found['sign'] else ''}{amount(found['low'])}"
    high = f"{_joint(found['joint'])}{cold if found['minus'] else warm}{amount(found['high'])}" if found["high"] else ""
    return f"{before}{low}{high}{after}"


def _in_han(found: re.Match[str]) -> str:
    """An amount that is written in Han figures, with its unit: 三十%."""
    before, after = _UNITS[found["unit"]]
    return f"{before}{found['low']}{after}"


def _place(found: re.Match[str]) -> str:
    """Degrees, minutes and seconds of a place: 31°27′N."""
    seconds = f"{amount(found[3])}秒" if found[3] else ""
    return f"{_SIDES.get(found[4] or '', '')}{amount(found[1])}度{amount(found[2])}分{seconds}"


def _ratio(found: re.Match[str]) -> str:
    return "比".join(amount(figures) for figures in re.split("[:：]", found[0]))


def _dotted(found: re.Match[str]) -> str:
    return "点".join(telephone(figures) for figures in found[0].split("."))


def _joint(written: str) -> str:
    return "至" if "至" in written else "到"


def _called(found: re.Match[str]) -> str:
    """Numbers to call, one after the other."""
    numbers = re.sub(r"[0-9]+", lambda number: telephone(number[0]), re.sub(r"(?<=[0-9])[-－](?=[0-9])", "", found[3]))
    return f"{found[1]}{'，' if found[2] else ''}{numbers}"


def _fraction(found: re.Match[str]) -> str:
    return f"{amount(found[2])}分之{amount(found[1])}"


def _number(found: re.Match[str]) -> str:
    """What is left: an amount, or by figure where it begins with a zero or is too long to be one."""
    figures = found[0]
    is_name = len(figures) > 1 and figures[0] == "0" and figures[1] != "."
    return telephone(figures.replace(".", "")) if is_name or _is_long(figures) else amount(figures)


def _is_long(figures: str) -> bool:
    """Whether it names something: a date or a telephone number without its marks. A round one of eight figures is an amount."""
    whole = figures.partition(".")[0]
    return len(whole) > 8 or (len(whole) == 8 and not whole.endswith("000"))


_READINGS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(r"(?:[#№＃]|(?<![A-Za-z])[Nn][Oo]\.)\s*([0-9]{1,6})(?![0-9])"), lambda found: f"编号{telephone(found[1])}"),
    (re.compile(r"(?<![A-Za-z])(VIII|VII|VI|IV|IX|XII|XI|X|V|I{1,3})(?=[级度类])"), lambda found: _ROMAN[found[1]]),
    (re.compile(r"[≥≤±≈≠＞＜]|[><](?=\s*[-－]?[0-9])"), lambda found: _COMPARED[found[0]]),
    (re.compile(r"(?:(?<=[0-9]m)|(?<=[0-9][kcd]m)|(?<=/m))[23](?![0-9A-Za-z.])"), lambda found: _SMALL[found[0]]),
    (re.compile(r"[→⇒]"), lambda found: "到"),
    (re.compile(rf"([¥￥$€])\s*({_N})\s*([万亿]?)元?"), lambda found: f"{found[2]}{found[3]}{_MONEY[found[1]]}"),
    (re.compile(r"([0-9]+)[°度]\s*([0-9]+)[′']\s*(?:([0-9]+(?:\.[0-9]+)?)[″\"])?\s*(?:([NSEW])(?![A-Za-z]))?"), _place),
    (re.compile(r"(?<=[0-9A-Za-z])\s*[×✕]\s*(?=[0-9])|(?<=[0-9])\s*[xX*]\s*(?=[0-9])"), lambda found: "乘"),
    (re.compile(r"(?<=[0-9A-Za-z])\s*÷\s*(?=[0-9])"), lambda found: "除以"),
    (re.compile(r"\s*[=＝]\s*(?=[-－−]?[0-9])"), lambda found: "等于"),
    (re.compile(r"(?<=[0-9])\+(?![0-9])"), lambda found: "以上"),
    (re.compile(r"([0-9]+)#"), lambda found: f"{amount(found[1])}号"),
    (re.compile(r"(?<=[0-9])\+(?=[0-9])"), lambda found: "加"),
    (re.compile(rf"{_FREE}([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}})(?![0-9])T?"), _date),
    (re.compile(r"[0-9]+(?:\.[0-9]+){2,}"), _dotted),
    (re.compile(r"(?<=[比例尺释兑])[0-9]+[:：][0-9]+|[0-9]+[:：][0-9]+(?=\s*的?(?:比例|稀释|配比|兑))"), _ratio),
    (re.compile(rf"(?<=[0-9])\s*[{_DASH}]+\s*(?=[0-9]{{1,2}}[:：][0-9]{{2}})"), lambda found: "到"),
    (
        re.compile(rf"{_FREE}(?P<hour>[01]?[0-9]|2[0-4])[:：](?P<minute>[0-5][0-9])(?:[:：](?P<second>[0-5][0-9]))?(?![0-9:：])"),
        _clock,
    ),
    (re.compile(r"[0-9]+(?:[:：][0-9]+)+"), _ratio),
    (
        re.compile(rf"{_FREE}(?P<hour>[0-9]{{1,2}})[时点](?P<minute>[0-9]{{1,2}})分(?:(?P<second>[0-9]{{1,2}})秒)?"),
        _clock,
    ),
    (
        re.compile(rf"([0-9]{{4}})年?([{_DASH}至到])([0-9]{{4}})(?=年)"),
        lambda found: f"{by_figure(found[1])}{_joint(found[2])}{by_figure(found[3])}",
    ),
    (re.compile(r"([0-9]{4})(?=年)"), lambda found: by_figure(found[1])),
    (re.compile(rf"{_FREE}0([0-9])(?=[月日时点])"), lambda found: amount(found[1])),
    (
        re.compile(rf"(电话|热线|拨打|致电|手机|号码)([:：\s]*)((?:{_CALL})(?:[、,，或和](?:{_CALL}))*)(?![0-9])"),
        _called,
    ),
    (re.compile(rf"{_FREE}([0-9]{{3,5}})(?=(?:{_SERVICES})?(?:热线|电话|专线))"), lambda found: telephone(found[1])),
    (
        re.compile(rf"(?<![0-9A-Za-z.,，])[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{3}})+(?![0-9,])|(?:，[0-9]{{3}})+(?=[{_COUNTED}]))"),
        lambda found: re.sub("[,，]", "", found[0]),
    ),
    (re.compile(rf"{_FREE}(0[0-9]{{2,3}})[-－]([0-9]{{7,8}})(?![0-9])"), lambda found: telephone(found[1] + found[2])),
    (re.compile(r"([A-Za-z])([0-9]+\.[0-9]+)"), lambda found: f"{found[1]}{amount(found[2])}"),
    (re.compile(r"([A-Za-z])([0-9]+)"), lambda found: f"{found[1]}{telephone(found[2])}"),
    (
        re.compile(
            rf"(?<![0-9A-Za-z.零一二三四五六七八九十])(?P<sign>[-－−])?(?P<low>{_N})\s*(?:{_UNIT})?\s*(?P<joint>——|[{_DASH}至到])\s*"
            rf"(?P<minus>[-－−])?(?P<high>{_N})\s*(?P<unit>{_UNIT})?(?![A-Za-z0-9/])"
        ),
        _measured,
    ),
    (re.compile(rf"{_FREE}(?P<sign>[-－−])?(?P<low>{_N})(?P<high>)(?P<minus>)(?P<joint>)\s*(?P<unit>{_UNIT})(?![A-Za-z0-9])"), _measured),
    (re.compile(rf"{_FREE}({_N})/({_N})(?![0-9/])"), _fraction),
    (re.compile(rf"(?<!第){_FREE}2([{_PAIR}])"), lambda found: f"两{found[1]}"),
    (re.compile(rf"(?<=[年月日号时分级米])[{_DASH}]+(?=[0-9])"), lambda found: "到"),
    (re.compile(r"(?<![0-9A-Za-z])[-－−](?=[0-9])"), lambda found: "负"),
    (re.compile(_N), _number),
    (re.compile(rf"(?P<low>[{_HAN}]+)\s*(?P<unit>{_UNIT})(?![A-Za-z])"), _in_han),
]
"""In this order: what is most surely one thing goes first, and a number that nothing else has claimed is read last."""
