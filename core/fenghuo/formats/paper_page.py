"""What pages of A4 are made of: one typeface, in which nothing is missing without a trace, and symbols of vectors. Pure.

A character that the typeface does not have stands there by its number, [U+20BB7].
"""

from __future__ import annotations

from xml.sax.saxutils import escape

import segno
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph

__all__ = ["CID_FONT", "MARGIN", "QR_SIDE", "Symbol", "Typeface"]

CID_FONT = "STSong-Light"
"""Adobe's name for a Song typeface: not embedded, every reader of PDF with Chinese support brings one."""
MARGIN = 18 * mm
QR_SIDE = 30 * mm
_QUIET_MODULES = 4
"""White border that a reader needs. Source: ISO/IEC 18004 §6.3.8."""


class Typeface:
    """One typeface for the whole sheet, and what it cannot show. `path`: of a TrueType file, "" for the one that every reader has.
    Raises: OSError, reportlab's TTFError where the font cannot be read."""

    def __init__(self, path: str = "") -> None:
        self.name = f"font {path}" if path else CID_FONT
        if self.name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(self.name, path) if path else UnicodeCIDFont(CID_FONT))
        font = pdfmetrics.getFont(self.name)
        self._glyphs: dict[int, int] | None = font.face.charToGlyph if path else None

    def text(self, words: str) -> str:
        """The words, each character that cannot be shown by its number."""
        return "".join(char if self._has(char) else f"[U+{ord(char):04X}]" for char in words)

    def paragraph(self, words: str, size: float) -> Paragraph:
        """Broken anywhere, as Chinese is; `size`: points."""
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


class Symbol(Flowable):  # type: ignore[misc]  # reportlab brings no types
    """A text as a QR symbol of vectors, sharp on any printer. `side`: points."""

    def __init__(self, text: str, side: float = QR_SIDE) -> None:
        super().__init__()
        self.width = self.height = side
        self._rows = segno.make_qr(text, error="q").matrix

    def draw(self) -> None:
        side = self.width / (len(self._rows) + 2 * _QUIET_MODULES)
        for top, row in enumerate(self._rows):
            for left, is_dark in enumerate(row):
                if is_dark:
                    x, y = (left + _QUIET_MODULES) * side, self.height - (top + _QUIET_MODULES + 1) * side
                    self.canv.rect(x, y, side, side, stroke=0, fill=1)
