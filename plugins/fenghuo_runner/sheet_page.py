"""A task sheet as PDF pages of A4, with its code word as a QR symbol. Pure: the same sheet gives the same octets.

A character that the typeface does not have stands there by its number, [U+20BB7]: on paper nothing may be missing without a trace.
"""

from __future__ import annotations

import io
from functools import partial
from xml.sax.saxutils import escape

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from fenghuo.formats.code_word import shown, symbol_of
from fenghuo_runner.sheet_text import Sheet, footing, head_rows, heading, household_line, roll_note

__all__ = ["page"]

CID_FONT = "STSong-Light"
"""Adobe's name for a Song typeface: not embedded, every reader of PDF with Chinese support brings one."""

_MARGIN = 18 * mm
_QR_SIDE = 30 * mm
_QUIET_MODULES = 4
"""White border that a reader needs. Source: ISO/IEC 18004 §6.3.8."""


def page(sheet: Sheet, font_path: str = "") -> bytes:
    """The PDF. Raises: OSError, reportlab's TTFError where the font cannot be read."""
    typeface = _Typeface(font_path)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN, invariant=1
    )
    document.title, document.author = f"FENGHUO {shown(sheet.code)}", ""
    edges = partial(_edges, sheet=sheet, typeface=typeface)
    document.build(_story(sheet, typeface, document.width), onFirstPage=edges, onLaterPages=edges)
    return out.getvalue()


class _Typeface:
    """One typeface for the whole sheet, and what it cannot show."""

    def __init__(self, font_path: str) -> None:
        self.name = f"font {font_path}" if font_path else CID_FONT
        if self.name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(self.name, font_path) if font_path else UnicodeCIDFont(CID_FONT))
        font = pdfmetrics.getFont(self.name)
        self._glyphs: dict[int, int] | None = font.face.charToGlyph if font_path else None

    def text(self, words: str) -> str:
        """The words, each character that cannot be shown by its number."""
        return "".join(char if self._has(char) else f"[U+{ord(char):04X}]" for char in words)

    def paragraph(self, words: str, size: float) -> Paragraph:
        style = ParagraphStyle("", fontName=self.name, fontSize=size, leading=size * 1.5, wordWrap="CJK")
        return Paragraph(escape(self.text(words)).replace("\n", "<br/>"), style)

    def _has(self, char: str) -> bool:
        if char == "\n":
            return True
        return _is_in_gbk(char) if self._glyphs is None else ord(char) in self._glyphs


def _is_in_gbk(char: str) -> bool:
    """Whether every Song typeface of that name has it. What is beyond GBK was painted as something else by the readers that were tried."""
    try:
        char.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


class _Symbol(Flowable):  # type: ignore[misc]  # reportlab brings no types
    """The code word as a QR symbol of vectors, sharp on any printer."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.width = self.height = _QR_SIDE
        self._rows = segno.make_qr(symbol_of(code), error="q").matrix

    def draw(self) -> None:
        side = _QR_SIDE / (len(self._rows) + 2 * _QUIET_MODULES)
        for top, row in enumerate(self._rows):
            for left, is_dark in enumerate(row):
                if is_dark:
                    x, y = (left + _QUIET_MODULES) * side, _QR_SIDE - (top + _QUIET_MODULES + 1) * side
                    self.canv.rect(x, y, side, side, stroke=0, fill=1)


def _story(sheet: Sheet, typeface: _Typeface, width: float) -> list[Flowable]:
    lines = [typeface.paragraph(f"{row.heading}：{row.text}", 11) for row in head_rows(sheet)]
    head = Table([[lines, _Symbol(sheet.code)]], colWidths=[width - _QR_SIDE - 4 * mm, _QR_SIDE + 4 * mm])
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


def _edges(canvas: Canvas, document: SimpleDocTemplate, *, sheet: Sheet, typeface: _Typeface) -> None:
    """Every page names its sheet and says at head and foot that it is an exercise: pages come apart."""
    canvas.saveState()
    canvas.setFont(typeface.name, 9)
    name = typeface.text(f"{sheet.body.mark}{shown(sheet.code)}  第{document.page}页{sheet.body.mark}")
    for height in (A4[1] - 0.6 * _MARGIN, 0.5 * _MARGIN):
        canvas.drawCentredString(A4[0] / 2, height, name)
    canvas.restoreState()
