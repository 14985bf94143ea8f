"""Answers in the compact frame: one receipt, or a bitmap of many. Source: docs/compact-frame.md §7."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from fenghuo.errors import FrameError
from fenghuo.formats.compact_fields import Sink, Source
from fenghuo.formats.compact_frame import CompactKind, Frame, Rung
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic

__all__ = ["Bitmap", "Fault", "ReceiptNote", "decode_answer", "encode_answer"]

MAX_SLOTS = 1024
_LEVELS = 3


class Fault(IntEnum):
    """Why a frame could not be used: what an Error receipt says, and what the sender does about it."""

    NONE = 0
    UNKNOWN_DICTIONARY = 1
    """Send it again with dictionary 0."""
    UNREADABLE = 2
    """Opened, and still no frame of this format."""
    WRONG_TRAFFIC = 3
    EXPIRED = 4
    NOT_FOR_US = 5
    UNKNOWN_ORIGINAL = 6
    """An Update or Cancel of something that never came: send the whole."""
    REFUSED = 7
    """Read, and not taken: the text says why."""


class ReceiptNote(msgspec.Struct, frozen=True, gc=False):
    """What became of one message at its far end. `key`, `number`, `revision`: as its frame named it; `at_s`: seconds since it was sent."""

    key: int
    number: int
    revision: int
    level: Evidence
    fault: Fault = Fault.NONE
    at_s: int | None = None
    text: str = ""


class Bitmap(msgspec.Struct, frozen=True, gc=False):
    """Which of the slots of a group call answered, or which parts came. Slot `first` + n answered if `slots[n]`."""

    key: int
    number: int
    revision: int
    level: Evidence
    first: int
    slots: tuple[bool, ...]


def encode_answer(answer: ReceiptNote | Bitmap, traffic: Traffic, *, words: int) -> Frame:
    """The frame of an answer. Raises: FrameError for figures that no field holds."""
    sink = Sink()
    bits = sink.bits
    bits.put(answer.key, 32)
    bits.put(answer.number, 14)
    bits.put_count(answer.revision, 1)
    bits.put(answer.level, _LEVELS)
    if isinstance(answer, Bitmap):
        _put_slots(sink, answer)
        return Frame(CompactKind.BITMAP, traffic, Rung.FULL, bits.octets())
    bits.put_count(answer.fault, 0)
    bits.put(int(answer.at_s is not None), 1)
    if answer.at_s is not None:
        bits.put_count(answer.at_s, 6)
    bits.put(int(bool(answer.text)), 1)
    if answer.text:
        sink.speak(words)
        sink.texts.text(answer.text)
    return Frame(CompactKind.RECEIPT, traffic, Rung.FULL, bits.octets())


def decode_answer(frame: Frame) -> ReceiptNote | Bitmap:
    """The answer in a frame. Raises: FrameError, whatever the octets are."""
    if frame.kind.is_message or frame.rung is not Rung.FULL:
        raise FrameError(f"a frame of kind {frame.kind.name} at rung {frame.rung.name} is no answer", code="unknown-kind")
    source = Source(frame.body)
    bits = source.bits
    key, number, revision = bits.take(32), bits.take(14), bits.take_count(1)
    level = bits.take(_LEVELS)
    if level > Evidence.DONE:
        raise FrameError(f"evidence {level} is not known", code="bad-value")
    if frame.kind is CompactKind.BITMAP:
        first, slots = _taken_slots(source)
        bits.end()
        return Bitmap(key, number, revision, Evidence(level), first, slots)
    fault = bits.take_count(0)
    if fault > max(Fault):
        raise FrameError(f"fault {fault} is not known", code="bad-value")
    at_s = bits.take_count(6) if bits.take(1) else None
    text = ""
    if bits.take(1):
        source.listen()
        text = source.texts.text()
    bits.end()
    return ReceiptNote(key, number, revision, Evidence(level), Fault(fault), at_s, text)


def _put_slots(sink: Sink, answer: Bitmap) -> None:
    """First slot, number of slots, one bit each."""
    if len(answer.slots) > MAX_SLOTS:
        raise FrameError(f"{len(answer.slots)} slots; at most {MAX_SLOTS} stand in one bitmap", code="too-many")
    sink.bits.put_count(answer.first, 3)
    sink.bits.put_count(len(answer.slots), 4)
    for answered in answer.slots:
        sink.bits.put(int(answered), 1)


def _taken_slots(source: Source) -> tuple[int, tuple[bool, ...]]:
    first, count = source.bits.take_count(3), source.bits.take_count(4)
    if count > MAX_SLOTS:
        raise FrameError(f"{count} slots; at most {MAX_SLOTS} stand in one bitmap", code="too-many")
    field = source.bits.take(count)
    return first, tuple(bool(field >> (count - 1 - at) & 1) for at in range(count))
