"""The board and blank forms as PDF pages of A4, black on white: what an officer goes on by when there is no power to look at a screen.

The words are Chinese whatever the language of the terminal: they are read by whoever has the paper in hand. Source: console.md §8.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, SimpleDocTemplate, Spacer, Table, TableStyle

from fenghuo.cli.paper import local
from fenghuo.formats.paper_page import MARGIN, Symbol, Typeface

__all__ = ["board_pdf", "forms_pdf"]

Cells = Sequence[str | Flowable]
EVIDENCE = {
    "STORED": "已入库",
    "ACCEPTED": "通道已接收",
    "AIRED": "已发出",
    "RELAYED": "已转发",
    "DEVICE": "已送达终端",
    "HUMAN": "有人确认",
    "DONE": "已办结",
}
"""Nothing below DEVICE is called delivered (I8)."""
HEALTH = {"up": "正常", "suspect": "可疑", "down": "故障", "probation": "试用", "unknown": "不明"}
ADMIN = {"enabled": "启用", "disabled": "停用", "inhibited": "抑制", "standby": "备用", "silent": "静默"}
STATES = {"held": "待签发", "active": "有效"}
FORMS = {
    "信息接报单": (
        *("接报时间", "信息来源（单位、姓名、职务、电话）", "事发时间", "地点（区域代码及体系）", "事件性质", "影响范围"),
        *("损失（伤亡、财产）", "发展趋势", "领导到位", "已采取措施", "建议"),
    ),
    "值班电话记录": ("来电时间", "来电人", "来电号码", "内容", "已报告的领导、单位、时间", "记录人、时间"),
    "调度指令记录": ("受令单位", "下令人", "指令", "收到（人、时间）", "办结（人、时间）"),
}
BOTH_TIMES = ("发生时间", "录入时间、录入人")
"""Every entry made from paper has both."""
_SYMBOL = 24 * mm
_BLANK = 11 * mm


def board_pdf(board: Mapping[str, Any], *, font: str = "") -> bytes:
    """What `board.show` gives, as pages. Raises: OSError, reportlab's TTFError where the font cannot be read."""
    typeface = Typeface(font)
    missing = [f"没有：{name}（{why}）" for name, why in board["missing"].items()]
    head = f"{board['node']}　数据时间 {local(board['at'])}（时钟 {board['clock']}）　打印人 {board['by']}"
    story = [
        typeface.paragraph("值守板", 18),
        typeface.paragraph(head, 10),
        *(typeface.paragraph(line, 9) for line in missing),
        *_part(typeface, "告警", ("级别", "类型", "事项", "状态", "自", "确认人"), _alarms(board["alarms"])),
        *_part(typeface, "有效信息", ("编号", "信息", "目标", "二维码"), [_message(one, board, typeface) for one in board["messages"]]),
        *_part(typeface, "在外人员与端点", ("对象", "指令", "证据", "报平安", "手记"), [_out(one) for one in board["recipients"] or ()]),
        *_part(typeface, "通道", ("名称", "状态", "自", "原因"), [_channel(one) for one in board["channels"] or ()]),
        *_part(typeface, "模式", ("方面", "地方", "状态", "自"), [_mode(one, board) for one in (board["modes"] or {}).get("stands", ())]),
        *_part(typeface, "值班", ("人", "岗位", "自", "至"), [_shift(one) for one in (board["duty"] or {}).get("shifts", ())]),
    ]
    return _pages(story, f"FENGHUO {board['node']} {board['at']}")


def forms_pdf(*, font: str = "") -> bytes:
    """Blank forms, one on each page. Raises: as board_pdf()."""
    typeface = Typeface(font)
    story: list[Flowable] = []
    for title, fields in FORMS.items():
        rows = [(field, "") for field in (*fields, *BOTH_TIMES)]
        table = _table(typeface, rows, widths=(52 * mm, A4[0] - 2 * MARGIN - 52 * mm), height=_BLANK)
        story += [typeface.paragraph(title, 18), typeface.paragraph("不详填“不详”，不得空白", 10), Spacer(1, 3 * mm), table, PageBreak()]
    return _pages(story, "FENGHUO")


def _pages(story: list[Flowable], title: str) -> bytes:
    out = io.BytesIO()
    edges = {"leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN}
    document = SimpleDocTemplate(out, pagesize=A4, invariant=1, title=title, author="", **edges)
    document.build(story)
    return out.getvalue()


def _part(typeface: Typeface, title: str, heads: Sequence[str], rows: Sequence[Cells]) -> list[Flowable]:
    name = typeface.paragraph(f"{title}（{len(rows)}）", 13)
    if not rows:
        return [Spacer(1, 3 * mm), name, typeface.paragraph("无", 10)]
    return [Spacer(1, 3 * mm), name, _table(typeface, [heads, *rows])]


def _table(typeface: Typeface, rows: Sequence[Cells], *, widths: Sequence[float] = (), height: float | None = None) -> Table:
    cells = [[cell if isinstance(cell, Flowable) else typeface.paragraph(str(cell), 9) for cell in row] for row in rows]
    columns = len(rows[0])
    table = Table(cells, colWidths=list(widths) or [(A4[0] - 2 * MARGIN) / columns] * columns, rowHeights=[height] * len(rows))
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, black), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _alarms(answer: Any) -> list[Cells]:
    rows = answer if isinstance(answer, list) else (answer or {}).get("alarms", [])
    return [(one["priority"], one["kind"], one["subject"], one["state"], local(one["raised"]), one.get("acked_by") or "") for one in rows]


def _message(one: Mapping[str, Any], board: Mapping[str, Any], typeface: Typeface) -> Cells:
    goals = [
        f"{goal['audience']} {goal['met']}/{goal['total']} {EVIDENCE[goal['needed']]}，至 {local(goal['deadline'])}"
        for goal in board["objectives"]
        if goal["message"] == one["id"]
    ]
    head = f"#{one['number']} {one['priority']} {STATES.get(one['state'], one['state'])} {one['traffic']}"
    words = f"{one['headline']}\n至 {local(one['expires'])}\n{one['id']}"
    return (head, typeface.paragraph(words, 9), "\n".join(goals), Symbol(one["id"], _SYMBOL))


def _out(one: Mapping[str, Any]) -> Cells:
    orders = "\n".join(f"#{order['number']} {order['headline']}" for order in one["orders"])
    levels = "\n".join(EVIDENCE[order["evidence"]] for order in one["orders"])
    return (one["name"], orders, levels, local(one["checkin"]["due"]), "")


def _channel(one: Mapping[str, Any]) -> Cells:
    state = f"{HEALTH.get(one['health'], one['health'])} {ADMIN.get(one['admin'], one['admin'])}"
    return (one["name"], state, local(one["since"]), one["reason"])


def _mode(one: Mapping[str, Any], board: Mapping[str, Any]) -> Cells:
    axis = {"power": "电", "network": "网", "road": "路"}.get(one["axis"], one["axis"])
    return (axis, one["place"] or board["node"], one["mode"], local(one["since"]))


def _shift(one: Mapping[str, Any]) -> Cells:
    return (one["person"], f"{one['role']} {one['post']}", local(one["from"]), local(one["until"]))
