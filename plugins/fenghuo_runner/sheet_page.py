"""A task sheet as PDF pages of A4, with its code word as a QR symbol. Pure: the same sheet gives the same octets."""

from __future__ import annotations

import io
from functools import partial

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from fenghuo.formats.code_word import shown, symbol_of
from fenghuo.formats.paper_page import MARGIN, QR_SIDE, Symbol, Typeface
from fenghuo_runner.sheet_text import Sheet, footing, head_rows, heading, household_line, roll_note

__all__ = ["page"]


def page(sheet: Sheet, font_path: str = "") -> bytes:
    """The PDF. Raises: OSError, reportlab's TTFError where the font cannot be read."""
    typeface = Typeface(font_path)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN, invariant=1
    )
    document.title, document.author = f"FENGHUO {shown(sheet.code)}", ""
    edges = partial(_edges, sheet=sheet, typeface=typeface)
    document.build(_story(sheet, typeface, document.width), onFirstPage=edges, onLaterPages=edges)
    return out.getvalue()


def _story(sheet: Sheet, typeface: Typeface, width: float) -> list[Flowable]:
    lines = [typeface.paragraph(f"{row.heading}：{row.text}", 11) for row in head_rows(sheet)]
    head = Table([[lines, Symbol(symbol_of(sheet.code))]], colWidths=[width - QR_SIDE - 4 * mm, QR_SIDE + 4 * mm])
    head.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return [
        typeface.paragraph(heading(sheet), 18),
        Spacer(1, 4 * mm),
        head,
        Spacer(1, 2 * mm),
        *(typeface.paragraph(f"{row.heading}：{row.text}", 13) for row in sheet.body.rows),
        Spacer(1, 4 * mm),
        typeface.paragraph(roll_note(sheet), 10),
        *(typeface.paragraph(household_line(number, one), 11) for number, one in enumerate(sheet.households or (), 1)),
        Spacer(1, 6 * mm),
        typeface.paragraph(footing(sheet), 11),
        Spacer(1, 6 * mm),
        typeface.paragraph("签名：____________________   时间：____________________", 11),
    ]


def _edges(canvas: Canvas, document: SimpleDocTemplate, *, sheet: Sheet, typeface: Typeface) -> None:
    """Every page names its sheet and says at head and foot that it is an exercise: pages come apart."""
    canvas.saveState()
    canvas.setFont(typeface.name, 9)
    name = typeface.text(f"{sheet.body.mark}{shown(sheet.code)}  第{document.page}页{sheet.body.mark}")
    for height in (A4[1] - 0.6 * MARGIN, 0.5 * MARGIN):
        canvas.drawCentredString(A4[0] / 2, height, name)
    canvas.restoreState()
