"""What a person's answer says of itself: which message it names, and whether it accepts, refuses or reports the end. Pure.

People report figures: a number is a name only where our own forms put one (docs/reference/radio-text.md), and where it could as well be a
figure only if there is such an order. What is done is said in a form that says nothing else: a figure, a question or a promise is none;
whoever says that it cannot be done, or calls for help, has read the order and does not carry it out. Source: domain.md §3.5.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

import msgspec

from fenghuo.model.evidence import Evidence

__all__ = ["Named", "Verb", "level_of", "named", "verb_of"]

_FORM = re.compile(
    r"\s*(?:(?:收到|完成|回复|ACK|DONE)?\s*[#№＃]\s*(?P<signed>[0-9]{1,4})(?![0-9])"
    r"|ACK\s*(?P<typed>[0-9]{4})\s*$"
    r"|(?:收到)?\s*(?P<bare>0[0-9]{3})\s*$)",
    re.IGNORECASE,
)
"""What an order asks for: `收到#0123`, `ACK 0123`, and what people make of that. No figure begins with a zero."""
_MAYBE = re.compile(r"^\s*(?:(?:收到|完成|回复|DONE)\s*)?([0-9]{4})(?![0-9])|[#№＃回号]\s*([0-9]{1,4})(?![0-9])", re.IGNORECASE)

_SEP = r"[\s,.;:!。、~…-]*"
_NAME = r"(?:(?:#|no\.?)\s*)?[0-9]{1,4}(?![0-9/%])"
_GOT = r"(?:已?收到|收悉|回复|ack|ok|received)"
_FINISHED = r"(?:任务|命令|指令)?(?:已经?|都)?(?:全部)?完成(?:任务)?(?:了|啦|完毕)?|(?:all\s+)?(?:done|completed?|finished)"
_OF = r"(?:(?:已经?)?(?:转移|撤离|疏散|relocated|evacuated)\s*)?(?P<part>[0-9]+)\s*/\s*(?P<whole>[0-9]+)\s*(?:人|户|名|people)?"
_DONE = re.compile(f"{_SEP}(?:{_GOT}{_SEP})?(?:{_NAME}{_SEP})?(?:{_FINISHED}){_SEP}(?:{_NAME}{_SEP})?(?:{_OF}{_SEP})?")
_ACCEPTED = (
    "已?收到了?|收悉|已阅|知道了?|明白了?|好的?|行|可以|是的?|遵命|照办|(?:立即|马上)(?:执行|出发|到|去)|接受|同意|回复|没(?:有)?问题|谢谢"
    r"|ack|ok|okay|roger|copy|copied|received|accept(?:ed)?|yes|y|understood|wilco|no problem|thanks"
)
_ACKNOWLEDGED = re.compile(f"{_SEP}(?:(?:{_ACCEPTED}|{_NAME}){_SEP})*")
_HARMLESS = re.compile(r"没(?:有)?问题|没事|没意见|不客气|不用谢|不(?:需要|用)支援|not? a? ?problem|no problem|not only")
_REFUSED = re.compile(
    r"不[能了到行去会]|不可|[没未]有?收|收不|[没无]法|没有?办法|没有?看到|拒绝|来不及|[办做完去走出看听]不|[没未]有?完|尚未|还没|不(?:执行|接受|同意|知道|清楚|明白)"
    r"|(?:请求|需要|急需)(?:支援|增援|救援)|求[救援]|救命"
    r"|\b(?:not|cannot|cant|can't|won't|don't|didn't|doesn't|isn't|haven't|unable|impossible|refused?|declined?|help|sos|mayday)\b"
    rf"|^{_SEP}(?:不|否|no){_SEP}$"
)


class Verb(StrEnum):
    """What a person says of an order. OTHER: words that are no form of ours; a person reads them."""

    ACKNOWLEDGE = "acknowledge"
    DECLINE = "decline"
    DONE = "done"
    OTHER = "other"


class Named(msgspec.Struct, frozen=True):
    """The short numbers an answer may name. `surely`: in a form that says nothing else; it is about that message or about none of ours."""

    numbers: tuple[int, ...] = ()
    surely: bool = False


def named(text: str) -> Named:
    """Which message an answer names, if any."""
    form = _FORM.match(text)
    if form is not None:
        return Named((int(form[form.lastgroup or 0]),), surely=True)
    found = (int(first or second) for first, second in _MAYBE.findall(text))
    return Named(tuple(dict.fromkeys(found)))


def verb_of(text: str) -> Verb:
    """What an answer says. A refusal anywhere in it counts; the end of the action only where nothing else is said."""
    said = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    if _REFUSED.search(_HARMLESS.sub(" ", said)):
        return Verb.DECLINE
    done = _DONE.fullmatch(said)
    if done is not None and done["part"] == done["whole"]:
        return Verb.DONE
    return Verb.ACKNOWLEDGE if _ACKNOWLEDGED.fullmatch(said) else Verb.OTHER


def level_of(verb: Verb) -> Evidence:
    """A person has read it, whatever they say of it; or says that the action is finished."""
    return Evidence.DONE if verb is Verb.DONE else Evidence.HUMAN
