"""A text as a voice reads it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.formats.spoken import link_free, spoken, spoken_s


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("11:30前撤离", "十一时三十分前撤离"),
        ("１２：３０", "十二时三十分"),
        ("有效至7月15日20时00分。", "有效至七月十五日二十时整。"),
        ("8时05分", "八时零五分"),
        ("20:00:05", "二十时零分零五秒"),
        ("2026-07-15 08:00", "二零二六年七月十五日，八时整"),
        ("2026年7月", "二零二六年七月"),
        ("2020年02月05日08时", "二零二零年二月五日八时"),
        ("2024-2025年", "二零二四到二零二五年"),
        ("3日-5日", "三日到五日"),
        ("10:00—12:30", "十时整到十二时三十分"),
    ],
)
def test_times_and_dates_are_said_in_words(written: str, said: str) -> None:
    """11时30分 and not 11:30 (wire-formats.md §10)."""
    assert said == spoken(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("雨量50-80毫米", "雨量五十到八十毫米"),
        ("雨量50～80mm", "雨量五十到八十毫米"),
        ("8至10级大风", "八至十级大风"),
        ("最大风速28.5m/s", "最大风速每秒二十八点五米"),
        ("流量1200m³/s", "流量每秒一千二百立方米"),
        ("车速60km/h", "车速每小时六十公里"),
        ("湿度90%", "湿度百分之九十"),
        ("风速8-10米/秒", "风速每秒八到十米"),
        ("气温≥35℃或<-5℃", "气温大于等于三十五摄氏度或小于零下五摄氏度"),
        ("最低气温-5℃", "最低气温零下五摄氏度"),
        ("气温-5℃至3℃", "气温零下五至零上三摄氏度"),
        ("气温-8~-5℃", "气温零下八到零下五摄氏度"),
        ("水位-2", "水位负二"),
        ("已转移213/220人", "已转移二百二十分之二百一十三人"),
        ("2小时内2人", "两小时内两人"),
        ("2月2级", "二月二级"),
    ],
)
def test_amounts_are_said_with_their_units(written: str, said: str) -> None:
    """Degrees and units in words, where they stand in speech; a minus is never lost."""
    assert said == spoken(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("电话0512-53520000", "电话零五幺二五三五二零零零零"),
        ("拨打110、12345", "拨打幺幺零、幺二三四五"),
        ("收到#0123", "收到编号零幺二三"),
        ("13800000001", "幺三八零零零零零零零幺"),
        ("G346国道K1+200", "G三四六国道K幺加二百"),
        ("3#楼", "三号楼"),
        ("PM2.5与AQI", "细颗粒物与空气质量指数"),
        ("Ⅳ级[I级/特别重大]", "四级，一级，特别重大"),
    ],
)
def test_what_names_something_is_said_by_figure_or_by_its_word(written: str, said: str) -> None:
    """Telephone numbers, message numbers and roads are no amounts; abbreviations have a word."""
    assert said == spoken(written)


def test_a_web_address_is_not_said() -> None:
    """No voice can say it; that it is missing can be asked."""
    assert ("详见。", False, True) == (spoken("详见https://a.b/c?x=1。"), link_free("见www.a.cn"), link_free("见公告"))


def test_a_second_has_four_characters() -> None:
    """Pauses are in the speed."""
    assert 2.0 == spoken_s("请立即，转移到高处。")


_TEXT = st.text("预警沙溪镇。；，：0123456789-~:/%.℃#()（）【】年月日时分 abGmkhPM²‰\n𠮷〇", max_size=80)


@given(text=_TEXT)
def test_no_figure_and_no_sign_is_left_and_reading_again_changes_nothing(text: str) -> None:
    """Whatever comes, a voice gets characters, letters and pauses; the same text gives the same."""
    said = spoken(text)
    assert re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffffA-Za-z，。；！？、]*", said)
    assert said == spoken(said)
