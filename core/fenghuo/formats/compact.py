"""The compact frame (压缩帧): a message in as few octets as a narrow link needs. Source: docs/compact-frame.md; wire-formats.md §9.

Pure and deterministic. Whatever the octets are, decode() gives a whole message or raises FrameError. Header, tag and counter
are the link's: this codec gives it a Frame and takes one.
"""

from __future__ import annotations

import hashlib
from math import ceil

import msgspec

from fenghuo.clock import instant
from fenghuo.errors import FrameError
from fenghuo.formats.compact_code import as_figures, put_figures, take_figures
from fenghuo.formats.compact_content import ENVELOPE, content_of, envelope_of
from fenghuo.formats.compact_event import event_code
from fenghuo.formats.compact_fields import Sink, Source
from fenghuo.formats.compact_frame import CompactKind, Frame, Rung
from fenghuo.formats.compact_receipt import Bitmap, Fault, ReceiptNote, decode_answer, encode_answer
from fenghuo.formats.compact_rungs import LEFT_OUT, at_rung
from fenghuo.formats.compact_time import Later
from fenghuo.formats.compact_words import NEWEST
from fenghuo.formats.wording import chinese_info
from fenghuo.model.message import Content, Message, MessageId
from fenghuo.model.traffic import Priority

__all__ = [
    "FULL_OCTETS",
    "NEWEST",
    "UNSAID",
    "Bitmap",
    "Carried",
    "CompactKind",
    "Fault",
    "Frame",
    "ReceiptNote",
    "Rung",
    "carried",
    "compact",
    "decode",
    "decode_answer",
    "encode",
    "encode_answer",
    "in_words",
    "message_key",
    "named",
]

UNSAID: tuple[str, ...] = ("text",)
"""What the rung of figures leaves out: whatever else was said. Text follows at a lower priority."""

FULL_OCTETS = 417
"""Up to so many octets a frame of FULL says the parameters too: half of the real alerts keep within it. Source: wire-formats.md §9."""

_CODE_REVISIONS = 64
_LATER = Later()


class Carried(msgspec.Struct, frozen=True):
    """A message as it came over the link. (key, number, revision) of one source is one message: a copy is known by it.

    `ends_at`: UTC seconds, whole; `left_out`: names of what this rung does not say (compact_rungs.LEFT_OUT, or UNSAID).
    """

    key: int
    number: int
    revision: int
    priority: Priority
    ends_at: float
    content: Content
    left_out: tuple[str, ...] = ()


def message_key(message: MessageId) -> int:
    """32 bits that stand for an id: the first four octets of its SHA-256. An Update or Cancel has the key of its original."""
    return int.from_bytes(hashlib.sha256(message.encode()).digest()[:4], "big")


def carried(message: Message, rung: Rung, *, words: int = NEWEST, whole: bool = False) -> Carried:
    """What arrives when this message is sent at this rung: decode(encode(message, rung)) is equal to it.

    Raises: FrameError, as encode().
    """
    return compact(message, rung, words=words, whole=whole)[0]


def encode(message: Message, rung: Rung = Rung.FULL, *, words: int = NEWEST, whole: bool = False) -> Frame:
    """The frame of a message at a rung, with the dictionary `words` (0: none, what any receiver reads).

    FULL says the parameters where the frame with them has at most FULL_OCTETS; `whole`: whatever they take.

    Raises: FrameError with code not-carried, bad-text, too-long or too-many for what the format cannot say.
    """
    return compact(message, rung, words=words, whole=whole)[1]


def compact(message: Message, rung: Rung, *, words: int = NEWEST, whole: bool = False) -> tuple[Carried, Frame]:
    """What arrives, and the frame that says it. Raises: FrameError, as encode()."""
    said = _said(message, rung, whole=whole)
    frame = _framed(message, said, rung, words)
    if rung is Rung.FULL and said.left_out and len(frame.octets()) <= FULL_OCTETS:
        everything = _said(message, rung, whole=True)
        try:
            larger = _framed(message, everything, rung, words)
        except FrameError:
            return said, frame  # parameters alone can be more than a frame may hold; they cost nobody the rest
        if len(larger.octets()) <= FULL_OCTETS:
            return everything, larger
    return said, frame


def _said(message: Message, rung: Rung, *, whole: bool) -> Carried:
    """The content as the rung says it. Raises: FrameError("not-carried") where CODE cannot say the time, or not all instructions."""
    ends_at = float(ceil(message.expires_at))
    if rung is Rung.CODE:
        line, _ = at_rung(message, Rung.LINE)
        left_out = UNSAID
        if len(line.infos) > 1:
            raise FrameError(f"{len(line.infos)} different instructions; figures say one, and never one for all", code="not-carried")
        info = chinese_info(message)
        content, ends_at = as_figures(line, ends_at, event_code(info) if info else "")
    else:
        content, left_out = at_rung(message, rung, whole=whole)
    return Carried(message_key(message.id), message.number, message.revision, message.priority, ends_at, content, left_out)


def _framed(message: Message, said: Carried, rung: Rung, words: int) -> Frame:
    return Frame(CompactKind.of(message.kind, message.action), message.traffic, rung, _body(said, rung, words))


def _body(said: Carried, rung: Rung, words: int) -> bytes:
    sink = Sink()
    sink.bits.put(said.key, 32)
    sink.bits.put(said.number, 14)
    if rung is Rung.CODE:
        _put_code(sink, said, words)
    else:
        _put_body(sink, said, rung, words)
    return sink.bits.octets()


def in_words(frame: Frame, words: int) -> Frame:
    """The same message told with another dictionary, for a reader that lacks the first. Raises: FrameError, as decode() and encode()."""
    return msgspec.structs.replace(frame, body=_body(decode(frame), frame.rung, words))


def named(frame: Frame) -> tuple[int, int, int]:
    """Key, number and revision of a message, which stand before whatever a reader may not know. Raises: FrameError."""
    bits = Source(frame.body).bits
    return bits.take(32), bits.take(14), bits.take(6) if frame.rung is Rung.CODE else bits.take_count(1)


def decode(frame: Frame) -> Carried:
    """The message in a frame. Raises: FrameError, whatever the octets are; "unknown-kind" for an answer, which decode_answer() reads."""
    meaning = frame.kind.meaning
    if meaning is None:
        raise FrameError(f"a frame of kind {frame.kind.name} is no message", code="unknown-kind")
    source = Source(frame.body)
    key, number = source.bits.take(32), source.bits.take(14)
    if frame.rung is Rung.CODE:
        revision, priority = source.bits.take(6), source.bits.take(3)
        envelope, ends_at = take_figures(source)
        left_out = UNSAID
    else:
        revision, priority = source.bits.take_count(1), source.bits.take(3)
        left_out = tuple(name for name in _names_at(frame.rung) if source.bits.take(1))
        source.listen()
        envelope = ENVELOPE.take(source)
        ends_at = _taken_end(source, content_of(envelope, meaning, frame.traffic))
    source.bits.end()
    if priority > Priority.P4:
        raise FrameError(f"priority {priority} is not known", code="bad-value")
    return Carried(key, number, revision, Priority(priority), ends_at, content_of(envelope, meaning, frame.traffic), left_out)


def _put_code(sink: Sink, said: Carried, words: int) -> None:
    if said.revision >= _CODE_REVISIONS:
        raise FrameError(f"revision {said.revision}; figures tell up to {_CODE_REVISIONS - 1}", code="not-carried")
    sink.bits.put(said.revision, 6)
    sink.bits.put(said.priority, 3)
    put_figures(sink, said.content, said.ends_at, words)


def _put_body(sink: Sink, said: Carried, rung: Rung, words: int) -> None:
    """Revision, priority, what is left out, the dictionary, the content, and when it ends if the content does not say so."""
    sink.bits.put_count(said.revision, 1)
    sink.bits.put(said.priority, 3)
    for name in _names_at(rung):
        sink.bits.put(int(name in said.left_out), 1)
    sink.speak(words)
    ENVELOPE.put(sink, envelope_of(said.content))
    ends = instant(said.ends_at)
    is_told = said.content.expires == ends
    sink.bits.put(int(not is_told), 1)
    if not is_told:
        _LATER.put(sink, ends)


def _names_at(rung: Rung) -> tuple[str, ...]:
    """What a rung may leave out, a bit for each: at FULL the details alone."""
    return ("details",) if rung is Rung.FULL else LEFT_OUT


def _taken_end(source: Source, content: Content) -> float:
    """When the message ends: as its content says, or as told."""
    if source.bits.take(1):
        return _LATER.take(source).timestamp()
    if content.expires is None:
        raise FrameError("nothing says when the message ends", code="bad-value")
    return content.expires.timestamp()
