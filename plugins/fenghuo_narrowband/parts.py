"""Cutting a long text into frames that a person can read one by one: `(2/3)#0123 【演练】…`. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["MAX_PARTS", "Size", "cut", "fragments", "utf8_octets", "utf16_units"]

Size = Callable[[str], int]
"""How a medium counts a text."""

# A part number stays one digit, so that the prefix has one length; nine frames are twenty seconds on air at 1200 bit/s.
MAX_PARTS = 9

# Marks that open a text (【演练】, 【重发 2】, 【解除】) are said again in each frame: whoever hears only the second must know.
_LEAD = re.compile(r"(?:【(?:演练|测试|误报更正|更正|解除|重发 ?\d*)】)+")
# Best places to cut, each just behind the match; an answer form or a number is never torn because no class matches inside it.
_PLACES = (re.compile(r"[。；！？\n]|[.;!?] "), re.compile(r"[，、：,]\s?| "))
# A cut may leave at most this share of a frame empty for the sake of a sentence; a shorter frame costs airtime that others need.
_SLACK = 0.4


def fragments(text: str, number: int, octets: int) -> tuple[bytes, ...]:
    """The text as UTF-8 in one frame if it fits `octets`, else in numbered frames, each complete in its characters.

    A text that would take more than MAX_PARTS frames still comes out whole, in more: what was committed is sent.
    """
    return tuple(part.encode() for part in cut(text, number, octets, utf8_octets))


def cut(text: str, number: int, room: int, size: Size) -> tuple[str, ...]:
    """As fragments(), each within `room` as `size` counts a text."""
    if size(text) <= room:
        return (text,)
    match = _LEAD.match(text)
    lead = match[0] if match else ""
    name = f"#{number:04d} " if number else " "
    chunks = _numbered(text[len(lead) :], room - size(f"{name}{lead}"), size)
    return tuple(f"({index}/{len(chunks)}){name}{lead}{chunk}" for index, chunk in enumerate(chunks, 1))


def utf8_octets(text: str) -> int:
    """What a text takes on packet radio."""
    return len(text.encode())


def utf16_units(text: str) -> int:
    """What a text takes where each character is two octets, those beyond the first 65,536 four."""
    return len(text) + sum(char > "\uffff" for char in text)


def _numbered(text: str, room: int, size: Size, width: int = 1) -> list[str]:
    """Chunks that leave room for `(i/n)` with as many digits as their count needs."""
    chunks = _chunks(text, room - len("(/)") - 2 * width, size)
    return chunks if len(chunks) < 10**width else _numbered(text, room, size, width + 1)


def _chunks(text: str, room: int, size: Size) -> list[str]:
    chunks: list[str] = []
    while text:
        end = _cut(text, room, size)
        chunk, text = text[:end].rstrip(), text[end:].lstrip()
        if chunk:
            chunks.append(chunk)
    return chunks


def _cut(text: str, room: int, size: Size) -> int:
    """How many characters go into this frame: up to a sentence, a phrase, a word, or as many whole characters as fit."""
    most = _fitting(text, room, size)
    if most == len(text):
        return most
    least = int(most * (1 - _SLACK))
    for place in _PLACES:
        ends = [found.end() for found in place.finditer(text, 0, most) if found.end() >= least]
        if ends:
            return ends[-1]
    return _between_words(text, most, least)


def _fitting(text: str, room: int, size: Size) -> int:
    """How many characters fit `room`; never fewer than one, so that the work ends."""
    used = 0
    for count, char in enumerate(text):
        used += size(char)
        if used > room:
            return max(1, count)
    return len(text)


def _between_words(text: str, most: int, least: int) -> int:
    """The last place that is not inside a number, a Latin word or a combined character."""
    for end in range(most, max(least, 1), -1):
        before, after = text[end - 1], text[end]
        is_inside_word = before.isascii() and after.isascii() and not before.isspace()
        if not is_inside_word and not unicodedata.combining(after):
            return end
    return most
