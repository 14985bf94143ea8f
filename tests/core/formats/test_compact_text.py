"""Text in the compact frame: every character passes, and Chinese is short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_bits import BitReader, BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_text import COPY_LENGTH_ORDER, COPY_ORDER, MAX_CHARACTERS, TextReader
from fenghuo.formats.compact_words import COPY, END, dictionary
from tests.core.formats.compact_values import texts


def octets_of(*said: str, words: int = 1) -> bytes:
    """Some texts, one behind the other."""
    bits = BitWriter()
    writer = TextWriter(bits, dictionary(words))
    for text in said:
        writer.text(text)
    return bits.octets()


def read(octets: bytes, count: int = 1, words: int = 1) -> list[str]:
    """As many texts back."""
    bits = BitReader(octets)
    reader = TextReader(bits, dictionary(words))
    found = [reader.text() for _ in range(count)]
    bits.end()
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, max_size=4), st.sampled_from((0, 1)))
def test_any_text_comes_back(said: list[str], words: int) -> None:
    """Whatever characters, with and without a dictionary, one text behind another."""
    assert said == read(octets_of(*said, words=words), len(said), words)


@settings(max_examples=150, deadline=None)
@given(st.text("aAbB .\n风雨1", max_size=30))
def test_capitals_blanks_and_breaks_come_back(said: str) -> None:
    """Where tables change, letters grow and blanks go, nothing is lost."""
    assert [said] == read(octets_of(said))


def test_every_character_passes_gb18030() -> None:
    """All of Unicode but the surrogates goes through, in the octets of GB18030."""
    everything = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    for start in range(0, len(everything), 997 * 40):
        said = "".join(everything[start : start + 997 * 40 : 997])
        assert [said] == read(octets_of(said))
    assert all(one.encode("gb18030").decode("gb18030") == one for one in everything)


# 74 characters, as the bar says; none of them stands in the samples from which the dictionary was made.
@pytest.mark.parametrize(
    "said",
    [
        "临安区气象台7月20日14时20分继续发布雷电黄色预警信号：受低涡影响，预计今晚到明天早晨我区西部各乡镇有雷阵雨，并伴有8级左右雷雨大风，请注意防御。",
        "受强冷空气影响，我县将于11月26日夜里起出现剧烈降温天气，48小时内最低气温下降12度，山区有雨雪和道路结冰，请有关部门做好防寒防冻等工作。",
        "浏河闸今日凌晨3时内河水位已达3.62米，超过警戒水位0.12米，预计受上游来水和天文大潮共同影响水位继续上涨，请沿岸各镇加强堤防巡查并随时报告。",
    ],
    ids=["thunder", "cold", "river"],
)
def test_a_warning_of_74_characters_fits_76_octets(said: str) -> None:
    """The bar for Chinese: half of GB18030 and less than half of UTF-8."""
    assert 70 <= len(said) <= 76
    assert len(octets_of(said)) <= 76


def test_what_was_said_before_is_copied() -> None:
    """The second time a sentence costs a few octets."""
    said = "Qxzv wrmp kljh gfds poiu ytre wqmn"
    assert len(octets_of(said, said)) - len(octets_of(said)) <= 6


def test_without_dictionary_text_is_plain_gb18030() -> None:
    """Dictionary 0 is a count of order 4 and the octets, which any receiver reads."""
    # 4 + 16 = 10100 in five bits, then B7E7 D3EA.
    assert int(f"10100{0xB7E7D3EA:032b}000", 2).to_bytes(5, "big") == octets_of("风雨", words=0)


def _copying(times: int, back: int, length: int) -> bytes:
    """A text of 200 letters that copies `length` from `back` again and again."""
    words = dictionary(1)
    assert words is not None
    bits = BitWriter()
    bits.put(1, 1)
    for _ in range(200):
        bits.put(*words.latin.bits["a"])
    for _ in range(times):
        bits.put(*words.latin.bits[COPY])
        bits.put_count(back - 1, COPY_ORDER)
        bits.put_count(length - 3, COPY_LENGTH_ORDER)
    bits.put(*words.latin.bits[END])
    return bits.octets()


def test_copies_cannot_swell_without_end() -> None:
    """A thousand octets that copy and copy are refused at the limit of a frame."""
    with pytest.raises(FrameError, match=f"more than {MAX_CHARACTERS} characters in one frame") as caught:
        read(_copying(330, 200, 200))
    assert "too-long" == caught.value.code


@pytest.mark.parametrize(("back", "length"), [(201, 3), (5, 6)])
def test_a_copy_of_what_is_not_there_is_refused(back: int, length: int) -> None:
    """Neither from before the beginning nor from what it makes itself."""
    with pytest.raises(FrameError) as caught:
        read(_copying(1, back, length))
    assert "bad-value" == caught.value.code


def test_half_a_surrogate_pair_is_no_text() -> None:
    """It is refused when written, with either dictionary."""
    for words in (0, 1):
        with pytest.raises(FrameError, match="a text holds half a surrogate pair"):
            octets_of("a\ud800", words=words)


def test_octets_that_are_no_gb18030_are_refused() -> None:
    """Plain text is judged like any other."""
    bits = BitWriter()
    bits.put_count(2, 4)
    bits.put(0xFFFF, 16)
    with pytest.raises(FrameError) as caught:
        read(bits.octets(), words=0)
    assert "bad-text" == caught.value.code
