"""Octets of a document into text: as it declares, and otherwise only where the octets themselves leave no doubt.

Source: wire-formats.md §1.2.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from fenghuo.errors import XmlRefused

__all__ = ["document_text", "is_chinese"]

# Declared name → codec. The GB family is read as its superset GB18030, which every text of the family decodes under.
_GB = "gb18030"
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin-1", "latin1"), "iso-8859-1"),
    **dict.fromkeys(("gbk", "x-gbk", "cp936", "ms936", "windows-936"), _GB),
    **dict.fromkeys(("gb2312", "gb_2312-80", "gb2312-80", "euc-cn", "x-euc-cn", "gb18030", "gb-18030"), _GB),
    "windows-1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
    "big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_OF_ONE_OCTET = frozenset(("iso-8859-1", "cp1252", "iso-8859-15"))
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_UTF16_LE = re.compile(rb"(?:[ \t\r\n]\x00)*<\x00")
_UTF16_BE = re.compile(rb"(?:\x00[ \t\r\n])*\x00<")
_HEAD = 400

_HIGH = re.compile(rb"[\x80-\xff]")
_HAN_IN_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
_HAN_IN_GB2312 = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]")
_ENOUGH = 4
"""So many Chinese characters are no chance: fewer could be a name in another script."""


_LANGUAGE = re.compile(rb"(?:<|&lt;)(?:[A-Za-z_][\w.-]{0,30}:)?language(?:>|&gt;)\s{0,20}([A-Za-z]{2,3})(?![A-Za-z])")
_CHINESE = frozenset(("zh", "zho", "chi", "cmn", "yue"))


def is_chinese(languages: Iterable[str], chinese: bool | None) -> bool:
    """Whether something is to be read as a Chinese source writes it. `languages`: that it says it is in, by their first subtags; `chinese`:
    what the settings say of its source, None for nothing: then it is, where it names no language or one of these."""
    if chinese is not None:
        return chinese
    said = {language.lower() for language in languages}
    return not said or not said.isdisjoint(_CHINESE)


def document_text(raw: bytes, *, chinese: bool | None) -> tuple[str, str, list[str]]:
    """The document as text, the codec that read it, and what was stripped or overruled.

    `chinese`: of is_chinese(); octets of a Chinese source that do not decode as declared are tried as GB18030, those of another only where
    they are that plainly. Raises: XmlRefused("encoding").
    """
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise XmlRefused("the encoding utf-32 is not one we read", code="encoding")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(raw, "utf-16"), "utf-16", []
    repairs = ["bom at /"] if raw.startswith(codecs.BOM_UTF8) else []
    body = raw.removeprefix(codecs.BOM_UTF8)
    codec = _codec(body)
    if repairs and (marked := _as_marked(body)) is not None:
        return marked, "utf-8", repairs if codec == "utf-8" else [*repairs, "other-encoding at /"]
    if other := _plainly_other(body, codec, chinese is not False):
        return _decoded(body, other), other, [*repairs, "other-encoding at /"]
    try:
        return body.decode(codec), codec, repairs
    except UnicodeDecodeError:
        of_it = is_chinese((name.decode() for name in _LANGUAGE.findall(body)), chinese)
        is_gb = of_it or (chinese is None and _is_plainly_gb(body))
        return _decoded(body, _GB if is_gb else codec, codec), _GB, [*repairs, "other-encoding at /"]


def _as_marked(body: bytes) -> str | None:
    """A mark of UTF-8 settles what a short text leaves open; of what is no UTF-8 all the same it says nothing."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decoded(body: bytes, codec: str, declared: str = "") -> str:
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        sentence = f"octet {error.start} cannot be read as {declared or codec}"
        raise XmlRefused(sentence, code="encoding", where=f"octet {error.start}") from error


def _codec(body: bytes) -> str:
    if _UTF16_LE.match(body):
        return "utf-16-le"
    if _UTF16_BE.match(body):
        return "utf-16-be"
    found = _DECLARED.match(body[:_HEAD])
    name = found[1].decode().lower() if found else "utf-8"
    if name not in _CODECS:
        raise XmlRefused(f"the encoding {name} is not one we read; known are {', '.join(sorted(set(_CODECS.values())))}", code="encoding")
    # Octets that declare UTF-16 and are none were recoded on the way; their declaration was left as it was.
    return "utf-8" if name.startswith("utf-16") else _CODECS[name]


def _plainly_other(body: bytes, codec: str, chinese: bool) -> str:
    """The codec that the octets are in beyond doubt, where the declared one would read them all the same, as other words.

    One octet a character reads anything; GB18030 reads much of UTF-8. Text in either is never whole UTF-8 with Chinese in it by chance,
    and text in one octet a character never has nearly all of its accents in pairs.
    """
    if codec not in _OF_ONE_OCTET and codec != _GB:
        return ""
    if len(_HAN_IN_UTF8.findall(body)) >= _ENOUGH or (codec in _OF_ONE_OCTET and _HIGH.search(body)):
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            pass  # it is not, which is the question; the next one is asked
        else:
            return "utf-8"
    return _GB if chinese and codec in _OF_ONE_OCTET and _is_plainly_gb(body) else ""


def _is_plainly_gb(body: bytes) -> bool:
    pairs = len(_HAN_IN_GB2312.findall(body))
    return pairs >= _ENOUGH and 20 * pairs >= 9 * len(_HIGH.findall(body))
