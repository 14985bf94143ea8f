"""What a voice says: speech to one listener at a post or a telephone, and the loudspeaker (大喇叭) to a village.

The exercise is said before everything else and after it. Source: wire-formats.md §10.
"""

from __future__ import annotations

import re

from fenghuo.errors import FormatError
from fenghuo.formats.fitting import Piece, fit
from fenghuo.formats.pieces import Labels, alert_pieces, limit_of, sentence
from fenghuo.formats.spoken import CHARACTERS_PER_S, link_free, spoken, spoken_s, unsaid
from fenghuo.formats.wording import FALSE_ALERT, Phrases, phrases
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.model.traffic import Action, Kind, Traffic

__all__ = ["SPOKEN_FORMS", "loudspeaker_text", "speech_text", "spoken_copy"]

SPOKEN_FORMS = frozenset({"speech", "loudspeaker"})
LINKS = "web addresses"
"""Named as left out where the source gave one: no voice can say it."""

_NO_BUDGET = Budget()
_LABELS = Labels(area="区域，", action="请这样做，", issuer="发布单位，")
_OPENINGS = {
    Traffic.EXERCISE: "演练，演练，这是一次演练。",
    Traffic.TEST: "测试，测试，这是一次测试。",
    Traffic.SYSTEM: "这是一条系统消息。",
}
_CLOSINGS = {Traffic.EXERCISE: "以上是演练。", Traffic.TEST: "以上是测试。", Traffic.SYSTEM: "以上是系统消息。"}
_ACTIONS = {Action.UPDATE: "更正。", Action.CANCEL: "解除。"}
_COPY = re.compile(r"重发\s*([0-9]+)")
_OCTETS = 3.0
"""UTF-8 octets of a Han character: what a channel that limits octets leaves for a voice."""


def speech_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """What is read aloud once to whoever is asked for an answer; `budget.seconds`, or octets of UTF-8, limit it.

    Orders and reports are never cut. Raises: FormatError("too-long") if what must be said does not fit; FormatError("unspeakable").
    """
    said = phrases(message)
    number = spoken(said.number)
    asks = f"{number}，收到请回复。" if number and said.asks else ""
    answer = Piece("how to answer", asks, 1, short=f"{number}。") if asks else Piece("number", f"{number}。" if number else "")
    return _fitted("speech", message, [*_body(message, said), answer], budget)


def loudspeaker_text(message: Message, budget: Budget = _NO_BUDGET) -> Rendition:
    """What a whole village hears: a call to listen, the message, and the essentials once more; nobody is asked for an answer.

    Raises: FormatError("too-long") if what must be said does not fit; FormatError("unspeakable"), as _lost().
    """
    said = phrases(message)
    body = _body(message, said)
    essentials = "".join(piece.text for piece in body if not piece.rank)
    again = Piece("repetition", f"再播一遍。{essentials}" if message.kind is Kind.ALERT else "", rank=5)
    return _fitted("loudspeaker", message, [Piece("call", "请注意，请注意。", rank=6), *body, again], budget)


def spoken_copy(text: str, mark: str) -> str:
    """A spoken text that says, behind what is said of an exercise, that it is a repetition: 重发 2."""
    lead = next((known for known in _OPENINGS.values() if text.startswith(known)), "")
    said = spoken(_COPY.sub(r"第\1次重发", mark))
    return f"{lead}{said}。{text[len(lead) :]}"


def _fitted(form: str, message: Message, body: list[Piece], budget: Budget) -> Rendition:
    said = phrases(message)
    lost = _lost(message, said)
    pieces = [
        Piece("mark", _OPENINGS.get(message.traffic, "")),
        Piece("action mark", f"{'误报更正。' if FALSE_ALERT in said.action_mark else ''}{_ACTIONS.get(message.action, '')}"),
        *body,
        Piece("closing mark", _CLOSINGS.get(message.traffic, "")),
    ]
    text, left_out = fit(pieces, limit_of(message, _characters(budget)), lambda words: round(spoken_s(words) * CHARACTERS_PER_S))
    links = () if all(link_free(f"{one.quotation} {one.action} {one.event}") for one in said.told) else (LINKS,)
    return Rendition(form, text, text.encode(), left_out=(*left_out, *links, *lost))


def _lost(message: Message, said: Phrases) -> tuple[str, ...]:
    """What no voice can say of the issuer's words, by its characters. Raises: FormatError("unspeakable") where it is part of the event,
    the area or what to do, or anywhere in an order: half of that is not said."""
    is_alert = message.kind is Kind.ALERT
    never_cut = "\n".join(f"{one.event}\n{one.area}\n{one.action}" if is_alert else f"{one.event}\n{one.quotation}" for one in said.told)
    if characters := unsaid(never_cut):
        raise FormatError(f"no voice can say {characters}, which stands in what may never be left out", code="unspeakable")
    characters = unsaid("\n".join(f"{one.issuer}\n{one.quotation}" for one in said.told))
    return (f"what no voice can say: {characters}",) if characters else ()


def _characters(budget: Budget) -> int:
    """The limit in characters, at least one where there is any limit; pauses cost a voice no more than the speed already counts."""
    limits = [limit for limit in (budget.seconds * CHARACTERS_PER_S, budget.octets / _OCTETS) if limit]
    return max(1, int(min(limits))) if limits else 0


def _body(message: Message, said: Phrases) -> list[Piece]:
    if message.kind is not Kind.ALERT:
        return [Piece("subject", _say(said.event)), Piece("text", _say(said.quotation))]
    return alert_pieces(said, _LABELS, spoken)


def _say(words: str) -> str:
    return sentence("", spoken(words))
