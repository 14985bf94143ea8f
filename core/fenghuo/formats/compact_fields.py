"""Kinds of fields of the compact frame, each with its two directions side by side. Source: docs/compact-frame.md §3.

A field writes a value as bits and takes it back; a record is its fields one after the other, in an order that is the format.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Generic, Protocol, TypeVar

from fenghuo.errors import FrameError
from fenghuo.formats.compact_bits import BitReader, BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_text import TextReader
from fenghuo.formats.compact_words import dictionary

__all__ = ["Count", "Field", "Figure", "Flag", "Many", "Record", "Sink", "Source", "Text", "Word", "Words"]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sink:
    """Where fields are written: bits, texts, and the instant that times are told from. Texts may stand behind speak() only."""

    def __init__(self) -> None:
        self.bits = BitWriter()
        self.sent = _EPOCH

    def speak(self, words: int) -> None:
        """Write the number of the dictionary (8 bits); the texts that follow are told by it. Raises: FrameError("unknown-dictionary")."""
        self.texts = TextWriter(self.bits, dictionary(words))
        self.bits.put(words, 8)


class Source:
    """Where fields are taken from: the counterpart of Sink."""

    def __init__(self, octets: bytes) -> None:
        self.bits = BitReader(octets)
        self.sent = _EPOCH

    def listen(self) -> None:
        """Take the number of the dictionary. Raises: FrameError("unknown-dictionary")."""
        self.texts = TextReader(self.bits, dictionary(self.bits.take(8)))


class Field(Protocol[T]):
    """One value as bits and back. Both raise FrameError: put() for what the field cannot say, take() for what says nothing."""

    def put(self, sink: Sink, value: T) -> None: ...

    def take(self, source: Source) -> T: ...


class Flag:
    """One bit."""

    def put(self, sink: Sink, value: bool) -> None:
        sink.bits.put(int(value), 1)

    def take(self, source: Source) -> bool:
        return bool(source.bits.take(1))


class Count:
    """A figure from 0, small ones in few bits; at most `most`."""

    def __init__(self, order: int, most: int) -> None:
        self._order = order
        self._most = most

    def put(self, sink: Sink, value: int) -> None:
        sink.bits.put_count(self._checked(value), self._order)

    def take(self, source: Source) -> int:
        return self._checked(source.bits.take_count(self._order))

    def _checked(self, value: int) -> int:
        if value > self._most:
            raise FrameError(f"{value} where at most {self._most} may stand", code="too-many")
        return value


class Text:
    """Characters, by the dictionary of the frame."""

    def put(self, sink: Sink, value: str) -> None:
        sink.texts.text(value)

    def take(self, source: Source) -> str:
        return source.texts.text()


class Word:
    """A word of a closed set as its number; all bits set: a stranger, as text."""

    def __init__(self, known: Sequence[str], width: int) -> None:
        self._known = tuple(known)
        self._numbers = {word: number for number, word in enumerate(self._known)}
        self._width = width
        self._stranger = (1 << width) - 1

    def put(self, sink: Sink, value: str) -> None:
        number = self._numbers.get(value, self._stranger)
        sink.bits.put(number, self._width)
        if number == self._stranger:
            sink.texts.text(value)

    def take(self, source: Source) -> str:
        number = source.bits.take(self._width)
        if number == self._stranger:
            return source.texts.text()
        if number >= len(self._known):
            raise FrameError(f"word {number} of a set of {len(self._known)}", code="bad-value")
        return self._known[number]


class Many(Generic[T]):
    """Items one after the other, their number first."""

    def __init__(self, item: Field[T], *, order: int = 0, most: int) -> None:
        self._item = item
        self._count = Count(order, most)

    def put(self, sink: Sink, value: tuple[T, ...]) -> None:
        self._count.put(sink, len(value))
        for one in value:
            self._item.put(sink, one)

    def take(self, source: Source) -> tuple[T, ...]:
        return tuple(self._item.take(source) for _ in range(self._count.take(source)))


def Words(known: Sequence[str], width: int) -> Many[str]:
    """Words of a closed set, in their order."""
    return Many(Word(known, width), most=64)


class Figure:
    """A number with a point: decimals (3 bits) and all digits as one figure; 7: no decimal of six places, IEEE 754 as it is."""

    _IEEE = 7

    def put(self, sink: Sink, value: float) -> None:
        if not isfinite(value):
            raise FrameError(f"{value} is no figure", code="bad-value")
        for decimals in range(self._IEEE):
            digits = round(value * 10**decimals) if abs(value) < 1e6 else 0
            if digits / 10**decimals == value:
                sink.bits.put(decimals, 3)
                sink.bits.put_signed(digits, 6)
                return
        sink.bits.put(self._IEEE, 3)
        sink.bits.put(int.from_bytes(struct.pack(">d", value), "big"), 64)

    def take(self, source: Source) -> float:
        decimals = source.bits.take(3)
        if decimals != self._IEEE:
            return float(source.bits.take_signed(6) / 10**decimals)
        (value,) = struct.unpack(">d", source.bits.take(64).to_bytes(8, "big"))
        if not isfinite(value):
            raise FrameError(f"{value} is no figure", code="bad-value")
        return float(value)


class Record(Generic[T]):
    """A frozen struct: a bit for each field that is not as usual, then those fields; in a series also "as in the one before".

    `fields` are (name, field) in their order on air; what is usual is the struct's default, or empty.
    """

    def __init__(self, make: Callable[..., T], usual: T, fields: Sequence[tuple[str, Field[Any]]]) -> None:
        self._make = make
        self._usual = usual
        self.fields = tuple(fields)

    def put(self, sink: Sink, value: T) -> None:
        self.put_after(sink, value, None)

    def take(self, source: Source) -> T:
        return self.take_after(source, None)

    def put_after(self, sink: Sink, value: T, before: T | None) -> None:
        """Write a value of a series."""
        for name, field in self.fields:
            said = getattr(value, name)
            is_usual = said == getattr(self._usual, name)
            sink.bits.put(int(not is_usual), 1)
            if is_usual:
                continue
            if before is not None:
                is_repeated = said == getattr(before, name)
                sink.bits.put(int(is_repeated), 1)
                if is_repeated:
                    continue
            field.put(sink, said)

    def take_after(self, source: Source, before: T | None) -> T:
        """Take a value of a series."""
        said: dict[str, Any] = {}
        for name, field in self.fields:
            if not source.bits.take(1):
                said[name] = getattr(self._usual, name)
            elif before is not None and source.bits.take(1):
                said[name] = getattr(before, name)
            else:
                said[name] = field.take(source)
        return self._make(**said)
