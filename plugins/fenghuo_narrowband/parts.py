"""Cutting a long text into frames that a person can read one by one: `(2/3)#0123 【演练】…`. Pure."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MAX_PARTS", "fragments"]

# A part number stays one digit, so that the prefix has one length; nine frames are twenty seconds on air at 1200 bit/s.
MAX_PARTS = 9

# Marks that open a text (【演练】, 【重发 2】, 【解除】) are said again in each frame: whoever hears only the second must know.
_LEAD = re.compile(r"(?:【(?:演练|测试|更正|解除|重发 ?\d*)】)+")
# Best places to cut, each just behind the match; an answer form or a number is never torn because no class matches inside it.
_PLACES = (re.compile(r"[。；！？\n]|[.;!?] "), re.compile(r"[，、：,]\s?| "))
# A cut may leave at most this share of a frame empty for the sake of a sentence; a shorter frame costs airtime that others need.
_SLACK = 0.4


def fragments(text: str, number: int, octets: int) -> tuple[bytes, ...]:
    """The text as UTF-8 in one frame if it fits `octets`, else in numbered frames, each complete in its characters.

    A text that would take more than MAX_PARTS frames still comes out whole, in more: what was committed is sent.
    """
    whole = text.encode()
    if len(whole) <= octets:
        return (whole,)
    match = _LEAD.match(text)
    lead = match[0] if match else ""
    name = f"#{number:04d} " if number else " "
    chunks = _numbered(text[len(lead) :], octets - len(f"{name}{lead}".encode()))
    return tuple(f"({index}/{len(chunks)}){name}{lead}{chunk}".encode() for index, chunk in enumerate(chunks, 1))


def _numbered(text: str, octets: int, width: int = 1) -> list[str]:
    """Chunks that leave room for `(i/n)` with as many digits as their count needs."""
    chunks = _chunks(text, octets - len("(/)") - 2 * width)
    return chunks if len(chunks) < 10**width else _numbered(text, octets, width + 1)


def _chunks(text: str, room: int) -> list[str]:
    chunks: list[str] = []
    while text:
        end = _cut(text, room)
        chunk, text = text[:end].rstrip(), text[end:].lstrip()
        if chunk:
            chunks.append(chunk)
    return chunks


def _cut(text: str, room: int) -> int:
    """How many characters go into this frame: up to a sentence, a phrase, a word, or as many whole characters as fit."""
    most = _fitting(text, room)
    if most == len(text):
        return most
    least = int(most * (1 - _SLACK))
    for place in _PLACES:
        ends = [found.end() for found in place.finditer(text, 0, most) if found.end() >= least]
        if ends:
            return ends[-1]
    return _between_words(text, most, least)


def _fitting(text: str, room: int) -> int:
    """How many characters fit `room` octets of UTF-8; never fewer than one, so that the work ends."""
    used = 0
    for count, char in enumerate(text):
        used += len(char.encode())
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
