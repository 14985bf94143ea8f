"""The task sheet."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.renditions import marked
from fenghuo.formats.sheet import SheetBody, SheetRow, read_sheet, sheet_body
from fenghuo.model.rendition import SHEET, Budget
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.test_renditions import alert, order


def test_an_alert_stands_in_rows() -> None:
    """Where, what to do, until when, and in whose words."""
    made = sheet_body(alert(), Budget(octets=10))
    rows = (
        SheetRow("区域", "沙溪镇"),
        SheetRow("任务", "停止户外作业。低洼地区人员立即转移。"),
        SheetRow("时限", "有效至7月15日20时00分"),
        SheetRow("发布", "太仓市气象台"),
        SheetRow("内容", "预计未来3小时沙溪镇降雨量将达50毫米以上。请注意防范。"),
    )
    assert SheetBody("", "太仓市气象台发布暴雨橙色预警", rows, "#0123", asks=True) == read_sheet(made.data)
    assert ("sheet", SHEET, ()) == (made.form, made.media_type, made.left_out)
    assert "太仓市气象台发布暴雨橙色预警 #0123\n区域：沙溪镇\n任务：停止" in made.text


def test_an_exercise_is_marked_at_head_and_foot_and_a_cancel_asks_nothing() -> None:
    """Paper lies about for longer than a drill lasts."""
    made = sheet_body(alert(traffic=Traffic.EXERCISE, action=Action.CANCEL))
    assert (True, True, False) == (made.text.startswith("【演练】【解除】"), made.text.endswith("\n【演练】"), read_sheet(made.data).asks)


def test_an_order_is_one_row() -> None:
    """Word for word, under its subject."""
    body = read_sheet(sheet_body(order(subject="令")).data)
    assert ("令", (SheetRow("内容", "请立即转移低洼地区群众"),)) == (body.title, body.rows)
    assert "任务单" == read_sheet(sheet_body(order()).data).title


def test_a_copy_says_so() -> None:
    """Two sheets of one order are known for one, on paper and by machine."""
    made = marked(sheet_body(alert(traffic=Traffic.EXERCISE)), "重发 2")
    assert (2, True) == (read_sheet(made.data).copy, made.text.startswith("【演练】【重发 2】太仓"))


def test_other_octets_are_no_sheet() -> None:
    """A sentence, and not a crash in the printer's room."""
    with pytest.raises(FormatError, match="this is no task sheet"):
        read_sheet(b"{}")
