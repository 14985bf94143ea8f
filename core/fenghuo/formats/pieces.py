"""The phrases of a message in the order in which a reader gets them, each with its place in the order of what is kept.

Never left out, rank 0: the exercise mark at both ends, what ends or corrects, event, area, what to do, the short number.
Source: wire-formats.md §10.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fenghuo.formats.fitting import Piece
from fenghuo.formats.wording import Phrases, Told, phrases
from fenghuo.model.message import Message
from fenghuo.model.traffic import Kind

__all__ = ["Labels", "alert_pieces", "limit_of", "pieces_of", "sentence"]


class Labels(msgspec.Struct, frozen=True):
    """What stands before a phrase, so that a reader knows what it is."""

    area: str
    action: str
    issuer: str
    quotation: str = ""


_WRITTEN = Labels(area="区域：", action="措施：", issuer="发布：", quotation="详情：")


def pieces_of(message: Message) -> list[Piece]:
    """A readable text, phrase by phrase."""
    said = phrases(message)
    lead = [Piece("mark", said.mark), Piece("action mark", said.action_mark)]
    body = alert_pieces(said, _WRITTEN) if message.kind is Kind.ALERT else _order_pieces(said)
    return [*lead, *body, _answer_piece(said), Piece("closing mark", said.mark)]


def sentence(label: str, words: str) -> str:
    """A phrase with its label and a full stop, unless it brought its own."""
    if not words:
        return ""
    return f"{label}{words}" if words[-1] in "。！？；!?." else f"{label}{words}。"


def alert_pieces(said: Phrases, labels: Labels, say: Callable[[str], str] = str) -> list[Piece]:
    """The body of an alert in the order of what is kept, so that a lost last part costs least; `say`: as its reader gets a phrase.

    Of several instructions each has its event, its area and what to do there, before anything else of any of them.
    """
    kept: list[Piece] = []
    times: list[Piece] = []
    rest: list[Piece] = []
    before = Told()
    for one in said.told:
        event = "" if one.event == before.event else one.event
        kept += [
            Piece("event", sentence("", say(event))),
            Piece("area", sentence(labels.area, say(one.area))),
            Piece("action", sentence(labels.action, say(one.action))),
        ]
        issuer = "" if one.issuer in one.event or one.issuer == before.issuer else one.issuer
        quotation = "" if one.quotation in (one.event, before.quotation) else one.quotation
        times.append(Piece("time", sentence("", say(one.time)), rank=2))
        rest += [
            Piece("issuer", sentence(labels.issuer, say(issuer)), rank=3),
            Piece("description", sentence(labels.quotation, say(quotation)), rank=4, shrinks=True),
        ]
        before = one
    if len({one.time for one in said.told}) == 1:
        return [*kept, times[0], *rest]
    return [piece for at, time in enumerate(times) for piece in (*kept[3 * at : 3 * at + 3], time)] + rest


def limit_of(message: Message, limit: int) -> int:
    """The limit that holds for a message: alerts are fitted, orders and reports are never cut."""
    return limit if message.kind is Kind.ALERT else 0


def _order_pieces(said: Phrases) -> list[Piece]:
    """Subject and text word for word."""
    return [Piece("subject", f"{said.event}：" if said.event else ""), Piece("text", said.quotation)]


def _answer_piece(said: Phrases) -> Piece:
    if said.number and said.asks:
        return Piece("how to answer", f" 收到请回复 收到{said.number}", rank=1, short=f" {said.number}")
    return Piece("number", f" {said.number}" if said.number else "")
