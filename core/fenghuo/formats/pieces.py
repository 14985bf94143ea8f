"""The phrases of a message in the order in which a reader gets them, each with its place in the order of what is kept.

Never left out, rank 0: the exercise mark at both ends, what ends or corrects, event, area, what to do, the short number.
Source: wire-formats.md §10.
"""

from __future__ import annotations

from fenghuo.formats.fitting import Piece
from fenghuo.formats.wording import Phrases, phrases
from fenghuo.model.message import Message
from fenghuo.model.traffic import Kind

__all__ = ["limit_of", "pieces_of", "sentence"]


def pieces_of(message: Message) -> list[Piece]:
    """A readable text, phrase by phrase."""
    said = phrases(message)
    lead = [Piece("mark", said.mark), Piece("action mark", said.action_mark)]
    body = _alert_pieces(said) if message.kind is Kind.ALERT else _order_pieces(said)
    return [*lead, *body, _answer_piece(said), Piece("closing mark", said.mark)]


def sentence(label: str, words: str) -> str:
    """A phrase with its label and a full stop, unless it brought its own."""
    if not words:
        return ""
    return f"{label}{words}" if words[-1] in "。！？；!?." else f"{label}{words}。"


def limit_of(message: Message, limit: int) -> int:
    """The limit that holds for a message: alerts are fitted, orders and reports are never cut."""
    return limit if message.kind is Kind.ALERT else 0


def _alert_pieces(said: Phrases) -> list[Piece]:
    """In the order of what is kept, so that a lost last part costs least."""
    issuer = "" if said.issuer in said.event else said.issuer
    quotation = "" if said.quotation == said.event else said.quotation
    return [
        Piece("event", sentence("", said.event)),
        Piece("area", sentence("区域：", said.area)),
        Piece("action", sentence("措施：", said.action)),
        Piece("time", sentence("", said.time), rank=2),
        Piece("issuer", sentence("发布：", issuer), rank=3),
        Piece("description", sentence("详情：", quotation), rank=4, shrinks=True),
    ]


def _order_pieces(said: Phrases) -> list[Piece]:
    """Subject and text word for word."""
    return [Piece("subject", f"{said.event}：" if said.event else ""), Piece("text", said.quotation)]


def _answer_piece(said: Phrases) -> Piece:
    if said.number and said.asks:
        return Piece("how to answer", f" 收到请回复 收到{said.number}", rank=1, short=f" {said.number}")
    return Piece("number", f" {said.number}" if said.number else "")
