"""A text as a voice reads it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.formats.spoken import link_free, spoken, spoken_s, unsaid


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
        ("1:50撤离", "一时五十分撤离"),
        ("1:50比例、按1:50稀释、8:5", "一比五十比例、按一比五十稀释、八比五"),
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
        ("雨量50㎜", "雨量五十毫米"),
        ("库容5㎥或5m3、3km2", "库容五立方米或五立方米、三平方公里"),
        ("1,200人、20,000.5元", "一千二百人、二万点五元"),
        ("1，200人", "一千二百人"),
        ("三十%、五十㎜", "百分之三十、五十毫米"),
        ("流速20cm/s", "流速每秒二十厘米"),
        ("2×3、5＊3、3x4米", "二乘三、五乘三、三乘四米"),
        ("M5.8级", "M五点八级"),
        ("65+", "六十五以上"),
        ("￥500万", "五百万元"),
        ("水位≥警戒水位", "水位大于等于警戒水位"),
        ("1／2", "二分之一"),
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
        ("烈度Ⅶ度、VIII度、Ⅻ级", "烈度七度、八度、十二级"),
        ("三〇九国道﨑头村", "三零九国道崎头村"),
        ("①立即转移 ②关闭电源", "一，立即转移，二，关闭电源"),
        ("12345热线、12345政务服务热线", "幺二三四五热线、幺二三四五政务服务热线"),
        ("拨打110,119", "拨打幺幺零，幺幺九"),
        ("31°27′N", "北纬三十一度二十七分"),
        ("20260715", "二零二六零七幺五"),
        ("3.2.1版", "三点二点幺版"),
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


@pytest.mark.parametrize(("written", "lost"), [("こ号门", "こ"), ("∑5", "∑"), ("甲√乙", ""), ("★注意🚨", ""), ("三〇九国道Ⅶ度5㎥", "")])
def test_what_no_voice_can_say_is_told(written: str, lost: str) -> None:
    """A letter, a figure, a unit, a sign at a figure; what is decoration alone is nothing that anybody misses."""
    assert lost == unsaid(written)


_HAN_ALONE = re.compile(r"[\u4e00-\u9fff]")
_PROPERTY = st.text("甲乙丙丁0123456789-~:/%.℃#()（），,①②Ⅶ㎜㎥³½×√こ﨑〇々km ", max_size=40)


@given(text=_PROPERTY)
def test_every_word_of_the_source_is_heard_and_no_two_amounts_run_into_one(text: str) -> None:
    """Han characters that are no part of a figure come out as often as they went in, in their order; between two of them with any figure
    or letter something is heard, or is told as unsaid."""
    said, words = spoken(text), "甲乙丙丁"
    kept = [char for char in re.sub(r"([甲乙丙丁])[々]", r"\1\1", text) if char in words]
    assert kept == [char for char in said if char in words]
    between = re.split("[甲乙丙丁]", re.sub(r"([甲乙丙丁])[々]", r"\1\1", text))
    heard = re.split("[甲乙丙丁]", said)
    for written, spoken_of_it in zip(between, heard, strict=True):
        if re.search(r"[0-9①②Ⅶ½こ〇]", written):
            assert _HAN_ALONE.search(spoken_of_it) or set(written) & set(unsaid(text)), (written, spoken_of_it)


_TEXT = st.text("预警沙溪镇。；，：0123456789-~:/%.℃#()（）【】年月日时分 abGmkhPM²‰\n𠮷〇", max_size=80)


@given(text=_TEXT)
def test_no_figure_and_no_sign_is_left_and_reading_again_changes_nothing(text: str) -> None:
    """Whatever comes, a voice gets characters, letters and pauses; the same text gives the same."""
    said = spoken(text)
    assert re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffffA-Za-z，。；！？、]*", said)
    assert said == spoken(said)
