"""Documents in other encodings than they say, or in ones that say nothing of themselves: never read as other words than were written."""

from __future__ import annotations

import codecs

import pytest

from fenghuo.errors import XmlRefused
from fenghuo.formats.xml_encoding import document_text
from tests.core.formats.alerts import GOOD

BODY = GOOD.partition("?>\n")[2]
HEAVY_RAIN = "太仓市气象台发布暴雨橙色预警"


def declared(name: str) -> str:
    return f'<?xml version="1.0" encoding="{name}"?>\n{BODY}'


def read(raw: bytes, *, chinese: bool | None = True) -> tuple[bool, str, list[str]]:
    """Whether the words are what was written, the codec, and what was done."""
    text, codec, repairs = document_text(raw, chinese=chinese)
    return HEAVY_RAIN in text, codec, repairs


@pytest.mark.parametrize("name", ["GBK", "x-gbk", "MS936", "windows-936", "GB2312", "gb_2312-80", "EUC-CN", "GB18030"])
def test_the_family_has_many_names(name: str) -> None:
    """Each is read as GB18030, under which all of them decode."""
    assert (True, "gb18030", []) == read(declared(name).encode("gb18030"))


@pytest.mark.parametrize(("name", "codec"), [("windows-1252", "cp1252"), ("ISO-8859-15", "iso-8859-15")])
def test_what_western_tools_write(name: str, codec: str) -> None:
    """One octet a character, with what that encoding has no place for written as references."""
    raw = declared(name).replace("太仓", "Météo “太仓” €").encode(codec, "xmlcharrefreplace")
    text, read_as, repairs = document_text(raw, chinese=False)
    assert ("Météo" in text, codec, []) == (True, read_as, repairs)


def test_what_hong_kong_and_taiwan_write() -> None:
    """Big5, which is none of the family."""
    raw = declared("Big5").replace("发", "發").replace("预", "預").encode("cp950", "xmlcharrefreplace")
    assert "cp950" == document_text(raw, chinese=True)[1]


@pytest.mark.parametrize("name", ["ISO-8859-1", "windows-1252", "GBK", "GB2312", "GB18030"])
def test_utf_8_under_another_name_is_utf_8(name: str) -> None:
    """A document that was recoded and kept its old declaration: what it says would be other words, and nobody would notice."""
    assert (True, "utf-8", ["other-encoding at /"]) == read(declared(name).encode())
    assert (True, "utf-8", ["other-encoding at /"]) == read(declared(name).encode(), chinese=False)


@pytest.mark.parametrize("codec", ["gb2312", "gbk", "gb18030"])
def test_chinese_under_a_western_name_is_chinese(codec: str) -> None:
    """One octet a character reads anything; of a Chinese source nearly all high octets in pairs are Chinese."""
    assert (True, "gb18030", ["other-encoding at /"]) == read(declared("ISO-8859-1").encode(codec))


def test_western_text_under_its_own_name_stays_as_it_is() -> None:
    """Of a Chinese source too: accents stand alone."""
    text = declared("ISO-8859-1").replace(HEAVY_RAIN, "Météo: forte pluie à Québec, né en été; çà et là, naïf, Noël, où, août, ÉTÉ")
    raw = text.encode("iso-8859-1", "xmlcharrefreplace")
    assert ("iso-8859-1", []) == document_text(raw, chinese=True)[1:]


def test_gb18030_that_could_be_utf_8_for_a_word_is_gb18030() -> None:
    """The two characters of 联通 are octets of both."""
    text, codec, repairs = document_text('<?xml version="1.0" encoding="GBK"?><a>联通</a>'.encode("gbk"), chinese=True)
    assert ("联通" in text, "gb18030", []) == (True, codec, repairs)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("lead", ["", "\r\n ", "\ufeff", "\ufeff\n"])
def test_utf_16_with_and_without_its_mark(codec: str, lead: str) -> None:
    """Told by its first octets, with white space before them, whatever the declaration says."""
    for name in ("UTF-16", "UTF-8"):
        assert read(f"{lead}{declared(name)}".encode(codec))[0]
    assert read(f"{lead}{BODY}".encode(codec))[0]


@pytest.mark.parametrize(
    "raw",
    [
        declared("UTF-32").encode("utf-32"),
        declared("UTF-7").encode("utf-7"),
        declared("EBCDIC-CP-US").encode(),
        declared("GB18030").encode("gb18030").replace("。".encode("gb18030"), b"\x81", 1),
        GOOD.encode().replace("沙溪镇".encode(), b"\xff\xff\xff", 1),
        b"\xff\xfe" + declared("UTF-16").encode("utf-16-le") + b"\n",
    ],
    ids=["utf-32", "utf-7", "ebcdic", "half a character", "no utf-8 and no gb18030", "half a pair"],
)
def test_what_nobody_can_read_is_refused(raw: bytes) -> None:
    """With what it was tried as; it is never read in part."""
    with pytest.raises(XmlRefused) as refusal:
        document_text(raw, chinese=True)
    assert "encoding" == refusal.value.code


GERMAN = "Größere Böen für Köln"


def test_german_octets_are_no_chinese() -> None:
    """Declared as they are they are believed; undeclared they are refused, and read as Chinese neither."""
    said = '<?xml version="1.0" encoding="{}"?><alert><language>de-DE</language><headline>' + GERMAN + "</headline></alert>"
    for name in ("ISO-8859-1", "windows-1252"):
        text, _, repairs = document_text(said.format(name).encode("cp1252"), chinese=None)
        assert (True, []) == (GERMAN in text, repairs)
    with pytest.raises(XmlRefused):
        document_text(said.format("UTF-8").encode("cp1252"), chinese=None)


def test_plain_chinese_is_read_whatever_language_it_claims() -> None:
    """A template that says en-US all its life, and a declaration that was never right: both are told as a repair."""
    raw = declared("UTF-8").replace("zh-CN", "en-US").encode("gb18030")
    assert (True, "gb18030", ["other-encoding at /"]) == read(raw, chinese=None)


@pytest.mark.parametrize("name", ["gb2312", "GBK", "GB18030", "ISO-8859-1"])
@pytest.mark.parametrize("words", ["预警", "台风", "撤离"])
def test_a_mark_of_utf_8_settles_it(name: str, words: str) -> None:
    """A short text is octets of both families: 预警 read as GB18030 is 棰勮."""
    raw = codecs.BOM_UTF8 + f'<?xml version="1.0" encoding="{name}"?><a>{words}</a>'.encode()
    text, codec, repairs = document_text(raw, chinese=None)
    assert (True, "utf-8", ["bom at /", "other-encoding at /"]) == (words in text, codec, repairs)
