"""What stands on a task sheet: as lines, and as pages that other programs read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
import reportlab

from fenghuo.formats.code_word import symbol_of
from fenghuo.formats.sheet import SheetBody, SheetRow
from fenghuo_runner.households import Household
from fenghuo_runner.sheet_page import page
from fenghuo_runner.sheet_text import Sheet, plain
from tests.peers.paper import symbols, words
from tests.scale import PATIENCE_S

BODY = SheetBody(
    "", "太仓市气象台发布暴雨橙色预警", (SheetRow("区域", "沙溪镇"), SheetRow("任务", "低洼地区人员立即转移。")), "#0123", asks=True
)
SHEET = Sheet(BODY, "BRZR1EK5", "洪泾村", "王建国", "P1", 1_790_000_000.0, "太仓市应急指挥中心")
HOUSES = (Household("洪泾村3组", "张三", "3", "行动不便"), Household("洪泾村4组", "李四", "", ""))
DRILL = msgspec.structs.replace(BODY, mark="【演练】", copy=2)


def drill(**fields: object) -> Sheet:
    return msgspec.structs.replace(SHEET, body=DRILL, **fields)


def read(folder: Path, pdf: bytes) -> tuple[str, set[str]]:
    """The words by poppler, and what zbar sees on the first page."""
    sheet = folder / "sheet.pdf"
    sheet.write_bytes(pdf)
    return words(sheet), symbols(sheet)


def test_a_sheet_says_where_to_by_whom_what_and_what_to_do_with_it() -> None:
    """In this order, and at the end a place for a signature."""
    assert [
        "-" * 32,
        "太仓市气象台发布暴雨橙色预警",
        "任务单：#0123  P1  2026-09-21 22:13  太仓市应急指挥中心",
        "送往：洪泾村",
        "送达人：王建国",
        "回执码：BRZR-1EK5",
        "区域：沙溪镇",
        "任务：低洼地区人员立即转移。",
        "住户名单：本中心没有。请按村内名册逐户核对。",
        "按此单逐户告知。送达后请签名，将本单交回，或报回执码。",
        "签名：____________ 时间：____________",
        "-" * 32,
    ] == plain(SHEET).splitlines()


def test_an_exercise_and_a_copy_are_seen_first_and_the_exercise_last() -> None:
    """Paper has no colour."""
    lines = plain(drill()).splitlines()
    assert ("【演练】【重发 2】太仓市气象台发布暴雨橙色预警", "【演练】") == (lines[1], lines[-2])


def test_a_carrier_that_nobody_named_is_a_blank_and_a_cancel_asks_nothing() -> None:
    """Whoever hands the sheet over writes the name in."""
    text = plain(msgspec.structs.replace(SHEET, carrier="", body=msgspec.structs.replace(BODY, asks=False)))
    assert (True, True) == ("送达人：____________\n" in text, "本单仅供知悉。" in text)


@pytest.mark.parametrize(
    ("households", "fault", "says"),
    [
        (HOUSES, "", "住户名单：共2户，取自名册，未剔除已由其他渠道通知的住户；名册以外的住户本单不知。"),
        ((), "", "住户名单：名册中没有“洪泾村”的住户。请按村内名册逐户核对。"),
        (None, "", "住户名单：本中心没有。请按村内名册逐户核对。"),
        (None, "line 3 has 2 cells", "住户名单：读不出（line 3 has 2 cells）。请按村内名册逐户核对。"),
    ],
)
def test_the_list_says_what_it_is_and_what_is_missing(households: tuple[Household, ...] | None, fault: str, says: str) -> None:
    """A list that looks whole and is not would leave people behind."""
    assert says in plain(msgspec.structs.replace(SHEET, households=households, fault=fault)).splitlines()


def test_each_household_has_a_box_to_tick() -> None:
    """With how many live there and who needs help, as far as it is known."""
    lines = plain(msgspec.structs.replace(SHEET, households=HOUSES)).splitlines()
    assert ["□ 1. 洪泾村3组 张三 3人 行动不便", "□ 2. 洪泾村4组 李四"] == lines[9:11]


def test_a_small_printer_gets_lines_that_it_has_room_for() -> None:
    """A Chinese character takes two columns; nothing is lost by wrapping."""
    wrapped = plain(SHEET, 12)
    assert ("太仓市气象台", "发布暴雨橙色", "预警") == tuple(wrapped.splitlines()[3:6])
    assert plain(SHEET).replace("\n", "") == wrapped.replace("\n", "")


@pytest.mark.peer
@pytest.mark.may_block("reads a page with programs of other authors")
def test_other_programs_read_the_words_and_the_symbol(tmp_path: Path) -> None:
    """poppler reads every word of two pages, zbar the code word; every page names its sheet and says that it is an exercise."""
    many = tuple(Household(f"洪泾村{number}组", "张三", "3", "") for number in range(60))
    text, seen = read(tmp_path, page(drill(households=many)))
    bare = "".join(text.split())
    assert {symbol_of("BRZR1EK5")} == seen
    assert "【演练】【重发2】太仓市气象台发布暴雨橙色预警" in bare
    assert ["送往：洪泾村", "回执码：BRZR-1EK5", "任务：低洼地区人员立即转移。", "洪泾村59组张三3人"] == [
        part for part in ("送往：洪泾村", "回执码：BRZR-1EK5", "任务：低洼地区人员立即转移。", "洪泾村59组张三3人") if part in bare
    ]
    assert [2, 2] == [bare.count(f"【演练】BRZR-1EK5第{number}页【演练】") for number in (1, 2)]


@pytest.mark.peer
@pytest.mark.may_block("reads a page with programs of other authors")
def test_a_character_that_the_typeface_lacks_stands_there_by_its_number(tmp_path: Path) -> None:
    """Beyond GBK in the reader's own typeface; and whatever an embedded one does not hold."""
    rare = msgspec.structs.replace(SHEET, place="𠮷村 ① é Ü ℃")
    assert "送往：[U+20BB7]村 ① é [U+00DC] ℃" in read(tmp_path, page(rare))[0]
    latin = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    text, seen = read(tmp_path, page(msgspec.structs.replace(SHEET, place="Hongjing 村"), str(latin)))
    assert ("Hongjing [U+6751]", {symbol_of("BRZR1EK5")}) == (next(line for line in text.splitlines() if "Hongjing" in line)[-17:], seen)
    fonts = subprocess.run(["pdffonts", str(tmp_path / "sheet.pdf")], capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    assert ["yes"] == [line.split()[-5] for line in fonts.splitlines() if "BitstreamVeraSans" in line]


def test_the_same_sheet_is_the_same_octets() -> None:
    """A copy in a folder takes the place of the sheet, and is it."""
    assert page(SHEET) == page(SHEET)


def test_a_text_of_many_pages_is_not_cut() -> None:
    """There is always another page."""
    long = msgspec.structs.replace(BODY, rows=(SheetRow("内容", "火" * 20_000),))
    assert page(msgspec.structs.replace(SHEET, body=long)).count(b"/Type /Page\n") > 10
