"""Signs that stand for words or figures, as ASCII or Han characters that say the same: what one symbol of Unicode packs together. Pure.

What has no such spelling here is left as it is, and whoever reads the text aloud must say that it could not. Source: Unicode 15, UAX #15
(compatibility decomposition); GB 18030-2022 for what Chinese typefaces have.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_meant", "plain"]

_READ_AS = {"〇": "零", "﨑": "崎", "𠮷": "吉"}
"""Forms of a character that no voice has a reading for, and the one that is read the same."""
_ITERATION = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[々〻]")
_POWER = re.compile(r"(?<=[0-9０-９])[⁰¹²³⁴-⁹]+")
_VULGAR = re.compile(r"(?<=[0-9０-９])(?=[¼-¾⅐-⅞])")
_ROMAN_CAPITALS = "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
_HAN_FIGURES = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_ROMAN = {
    **dict(zip(_ROMAN_CAPITALS, _HAN_FIGURES, strict=True)),
    **dict(zip("ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻ", _HAN_FIGURES, strict=True)),
}
_GREEK = {
    "α": "阿尔法",
    "β": "贝塔",
    "γ": "伽马",
    "δ": "德尔塔",
    "θ": "西塔",
    "λ": "拉姆达",
    "π": "派",
    "σ": "西格马",
    "φ": "斐",
    "ω": "欧米伽",
    "Δ": "德尔塔",
    "Ω": "欧姆",
}
_LATIN_MARKS = frozenset({"Mn"})
_KEPT = frozenset("℃℉‰²³№")
_WORDS_OF_POWERS = {2: "平方", 3: "立方"}
_MEANT_SIGNS = frozenset("%‰°℃℉′″#№")
_FIGURES = frozenset("零一二三四五六七八九十百千万亿点")
_MEANT = frozenset("LNM")
_DECORATION_FREE = frozenset({"Sm", "Sc"})


def plain(text: str) -> str:
    """The text with each packed sign taken apart; figures that meet by that are kept apart, for 1 and ½ are no 11⁄2."""
    text = _ITERATION.sub(lambda found: found[1] * 2, text)
    text = _VULGAR.sub("又", _POWER.sub(_power, text))
    said: list[str] = []
    for char in text:
        known = _spelt(char)
        is_apart = known != char and known[:1].isdigit() and bool(said) and said[-1][-1:].isdigit()
        said += ["，", known] if is_apart else [known]
    return "".join(said)


def is_meant(char: str, before: str, behind: str) -> bool:
    """Whether something is lost if a voice leaves this sign out: a letter, a figure, a unit, or a sign that stands at a figure."""
    kind = unicodedata.category(char)
    if kind[0] in _MEANT or char in _MEANT_SIGNS or 0x2E80 <= ord(char) < 0x2FE0:
        return True
    return kind in _DECORATION_FREE and (before in _FIGURES or behind in _FIGURES)


def _power(found: re.Match[str]) -> str:
    figures = unicodedata.normalize("NFKC", found[0])
    return f"的{_WORDS_OF_POWERS.get(int(figures), f'{figures}次方')}"


def _spelt(char: str) -> str:
    if char.isascii() or char in _KEPT or 0x4E00 <= ord(char) < 0xA000:
        return char
    if known := _READ_AS.get(char) or _ROMAN.get(char) or _GREEK.get(char):
        return known
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    plain_form = unicodedata.normalize("NFKC", char)
    if kind == "No":
        return _numbered(char, plain_form)
    if kind in ("So", "Nl", "Lo", "Lm", "Ll", "Lu", "Sm", "Sc"):
        return _latin(plain_form)
    return char


def _numbered(char: str, plain_form: str) -> str:
    """① and ⒈ number what follows, and are a pause on both sides; ½ is a fraction; a lone small figure stands on the line."""
    figures = plain_form.strip("().")
    if "⁄" in plain_form:
        return plain_form.replace("⁄", "/")
    if plain_form == char:
        return char
    return plain_form if len(plain_form) == 1 and char in "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉" else f"，{figures}，"


def _latin(plain_form: str) -> str:
    """Without the marks on Latin letters: a voice says the letter."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", plain_form) if unicodedata.category(each) not in _LATIN_MARKS)
    return bare if bare.isascii() and bare else plain_form
