"""The words that go into an emergency broadcast message (EBM): MsgTitle and MsgDesc. The envelope around them is the plugin's.

The platform and its terminals show and speak the text by themselves, so that it is a readable one and not a spoken one.
Source: wire-formats.md §6.2, MsgContent; GD/J 082-2018.
"""

from __future__ import annotations

from fenghuo.formats.fitting import Piece, fit
from fenghuo.formats.pieces import Labels, alert_pieces, limit_of, sentence
from fenghuo.formats.wording import phrases
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Kind

__all__ = ["broadcast_text", "broadcast_title"]

_NO_BUDGET = Budget()
_LABELS = Labels(area="区域：", action="措施：", issuer="发布：")


def broadcast_title(message: Message) -> str:
    """MsgTitle: what it is, with its marks at both ends; the first sentence of an order that has no subject."""
    said = phrases(message)
    words = said.event or said.quotation.partition("。")[0]
    return f"{said.mark}{said.action_mark}{words}{said.mark}"


def broadcast_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """MsgDesc, in UTF-8; `budget.octets` counts it. A public is told: nobody is asked for an answer, and no short number is named.

    Orders are never cut. Raises: FormatError("too-long") if what must be said does not fit.
    """
    said = phrases(message)
    body = [Piece("subject", sentence("", said.event)), Piece("text", said.quotation)]
    if message.kind is Kind.ALERT:
        body = alert_pieces(said, _LABELS)
    pieces = [Piece("mark", said.mark), Piece("action mark", said.action_mark), *body, Piece("closing mark", said.mark)]
    text, left_out = fit(pieces, limit_of(message, budget.octets), lambda words: len(words.encode()))
    return Rendition("ebm", text, text.encode(), left_out=left_out)
