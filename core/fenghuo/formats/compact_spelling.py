"""The fewest bits for a text: which tokens, which copies, which table when. A reader needs nothing of this.

A shortest path over (place in the text, state); states are the Chinese table, the Latin table, and the Latin table in capitals.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import msgspec

from fenghuo.errors import FrameError
from fenghuo.formats.compact_bits import BitWriter
from fenghuo.formats.compact_text import COPY_LENGTH_ORDER, COPY_ORDER, COPY_SHORTEST, MAX_CHARACTERS, RAW_ORDER, gb2312_index, to_gb18030
from fenghuo.formats.compact_words import BREAK, CAPS, COPY, END, GB2312, JOIN, RAW, SHIFT, SWITCH, Code, Dictionary

__all__ = ["TextWriter"]

_LONGEST_COPY = 96
_LONGEST_RAW = 64
_PLAIN_ORDER = 4
_HAN, _LATIN, _CAPITALS = 0, 1, 2
_KEY = COPY_SHORTEST
_NEAR = 24
_WINDOW = 24
"""How many earlier places with the same first characters are looked at for a copy."""


class _Step(msgspec.Struct, frozen=True, gc=False):
    """An edge of the path: `to` characters further or none, into `state`, by these (value, width) pairs."""

    to: int
    state: int
    width: int
    bits: tuple[tuple[int, int], ...]


_Link = tuple[int, int, _Step]
"""Where a place was come to from: place, state, by which step."""

_Pairs = tuple[tuple[int, int], ...]


class _Spot(msgspec.Struct, frozen=True, gc=False):
    """A place in everything said so far: whether a text begins here, and the longest copy (how far back, how long)."""

    whole: str
    at: int
    is_first: bool
    copy: tuple[int, int]


class TextWriter:
    """Writes the texts of one frame, one after the other. Deterministic: the same texts give the same bits."""

    def __init__(self, bits: BitWriter, words: Dictionary | None) -> None:
        self._bits = bits
        self._words = words
        self._past = ""
        self._places: dict[str, list[int]] = {}

    def text(self, text: str) -> None:
        """Write a text. Raises: FrameError("too-long") past what one frame may say, ("bad-text") for half a surrogate pair."""
        if len(self._past) + len(text) > MAX_CHARACTERS:
            raise FrameError(f"more than {MAX_CHARACTERS} characters in one frame", code="too-long")
        octets = to_gb18030(text)
        if self._words is None:
            self._bits.put_count(len(octets), _PLAIN_ORDER)
            self._bits.put(int.from_bytes(octets, "big"), len(octets) * 8)
            return
        self._spell(text, self._words)

    def _spell(self, text: str, words: Dictionary) -> None:
        whole = self._past + text
        start = len(self._past)
        starts_latin, steps = _shortest(whole, start, words, self._places)
        self._bits.put(int(starts_latin), 1)
        for step in steps:
            for value, width in step.bits:
                self._bits.put(value, width)
        self._past = whole


def _shortest(whole: str, start: int, words: Dictionary, places: dict[str, list[int]]) -> tuple[bool, list[_Step]]:
    """The steps of the shortest path from `start` to the end of `whole`, and whether it begins in the Latin table."""
    size = len(whole) - start
    cost = [[inf] * 3 for _ in range(size + 1)]
    came: list[list[_Link | None]] = [[None] * 3 for _ in range(size + 1)]
    states = _states(whole[start:])
    cost[0] = [0.0 if _HAN in states else inf, 0.0, inf]
    changes = [(before, step) for before, step in _changes(words) if step.state in states]
    for at in range(size):
        _relax(cost, came, at, changes)
        spot = _Spot(whole, start + at, not at, _copy(whole, start + at, places))
        for state in states:
            if cost[at][state] < inf:
                _go_on(cost, came, at, _steps(spot, state, words))
        _remember(whole, start + at, places)
    return _traced(cost[size], came, size, words)


def _states(text: str) -> tuple[int, ...]:
    """The states worth a look: English in small letters has nothing in the Chinese table, and nothing to say in capitals."""
    is_plain = text.isascii() and any(letter.isalpha() for letter in text)
    has_capitals = any("A" <= letter <= "Z" for letter in text)
    return (*(() if is_plain else (_HAN,)), _LATIN, *((_CAPITALS,) if has_capitals else ()))


def _go_on(cost: list[list[float]], came: list[list[_Link | None]], at: int, steps: list[_Step]) -> None:
    for step in steps:
        end, price = at + step.to, cost[at][step.state] + step.width
        if price < cost[end][step.state]:
            cost[end][step.state] = price
            came[end][step.state] = (at, step.state, step)


def _traced(ends: list[float], came: list[list[_Link | None]], size: int, words: Dictionary) -> tuple[bool, list[_Step]]:
    """The path backwards from its cheapest end, with the end token."""
    codes = (words.han, words.latin, words.latin)
    state = min((_HAN, _LATIN, _CAPITALS), key=lambda one: ends[one] + codes[one].bits[END][1])
    steps = [_step(0, state, codes[state].bits[END])]
    at = size
    while (link := came[at][state]) is not None:
        at, state, step = link
        steps.append(step)
    return state != _HAN, steps[::-1]


def _relax(cost: list[list[float]], came: list[list[_Link | None]], at: int, changes: list[tuple[int, _Step]]) -> None:
    """Changes of table in place. Their order is that of the only two that are ever made one after the other."""
    here = cost[at]
    for before, step in changes:
        price = here[before] + step.width
        if price < here[step.state]:
            here[step.state] = price
            came[at][step.state] = (at, before, step)


def _changes(words: Dictionary) -> list[tuple[int, _Step]]:
    return [
        (_CAPITALS, _step(0, _LATIN, words.latin.bits[CAPS])),
        (_CAPITALS, _step(0, _HAN, words.latin.bits[SWITCH])),
        (_LATIN, _step(0, _HAN, words.latin.bits[SWITCH])),
        (_HAN, _step(0, _LATIN, words.han.bits[SWITCH])),
        (_LATIN, _step(0, _CAPITALS, words.latin.bits[CAPS])),
    ]


def _steps(spot: _Spot, state: int, words: Dictionary) -> list[_Step]:
    """Every way on from a place, in one table."""
    code = words.han if state == _HAN else words.latin
    found = [_step(size, state, *bits) for size, bits in _tokens(spot, state, code)]
    back, longest = spot.copy
    if longest:
        copied = (code.bits[COPY], _count(back - 1, COPY_ORDER))
        found += [_step(size, state, *copied, _count(size - COPY_SHORTEST, COPY_LENGTH_ORDER)) for size in _sizes(longest)]
    index = gb2312_index(spot.whole[spot.at]) if state == _HAN else None
    if index is not None:
        found.append(_step(1, state, code.bits[GB2312], (index, 13)))
    if not any(step.to == 1 for step in found):
        found.append(_raw(spot.whole, spot.at, state, code))
    return found


def _sizes(longest: int) -> set[int]:
    """A copy one character shorter often meets a token that the longest one cuts."""
    return {longest, max(COPY_SHORTEST, longest - 1)}


def _tokens(spot: _Spot, state: int, code: Code) -> Iterator[tuple[int, _Pairs]]:
    """Tokens that say what stands here, and how many characters they say: as they are, or dressed."""
    if state == _HAN:
        window = spot.whole[spot.at : spot.at + _WINDOW]
        yield from ((size, (code.bits[token],)) for size, token in _matching(window, code))
        return
    for window, more, before in _windows(spot, code):
        seen = _lower(_until_small(window)) if state == _CAPITALS else window
        yield from ((size + more, (*before, code.bits[token])) for size, token in _matching(seen, code) if size + more > 0)
        place = 1 if window[:1] == " " else 0
        if state == _LATIN and "A" <= window[place : place + 1] <= "Z":
            shifted = window[:place] + window[place].lower() + window[place + 1 :]
            pairs = (*before, code.bits[SHIFT])
            yield from ((size + more, (*pairs, code.bits[token])) for size, token in _matching(shifted, code) if size > place)


def _windows(spot: _Spot, code: Code) -> Iterator[tuple[str, int, _Pairs]]:
    """What may be looked up here, the characters it says beyond its own, and the tokens before it: for a blank that is none."""
    window = spot.whole[spot.at : spot.at + _WINDOW]
    join: _Pairs = (code.bits[JOIN],)
    yield window, 0, join if spot.is_first and window[0] == " " else ()
    if window[0] == "\n" and len(window) > 1:
        yield " " + window[1:], 0, (code.bits[BREAK],)
    elif window[0] != " ":
        yield " " + window, -1, () if spot.is_first else join


def _until_small(window: str) -> str:
    return next((window[:at] for at, letter in enumerate(window) if "a" <= letter <= "z"), window)


def _matching(window: str, code: Code) -> list[tuple[int, str]]:
    """Tokens that a text begins with."""
    found: list[tuple[int, str]] = []
    beginnings, known = code.beginnings, code.bits
    for end in range(1, len(window) + 1):
        piece = window[:end]
        if piece not in beginnings:
            break
        if piece in known:
            found.append((end, piece))
    return found


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in text)


def _raw(whole: str, at: int, state: int, code: Code) -> _Step:
    """A run of characters that this table does not hold, in their octets."""
    end = at + 1
    while (
        end < len(whole)
        and end - at < _LONGEST_RAW
        and whole[end] not in code.beginnings
        and (state != _HAN or gb2312_index(whole[end]) is None)
    ):
        end += 1
    octets = to_gb18030(whole[at:end])
    return _step(end - at, state, code.bits[RAW], _count(end - at - 1, RAW_ORDER), (int.from_bytes(octets, "big"), len(octets) * 8))


def _copy(whole: str, at: int, places: dict[str, list[int]]) -> tuple[int, int]:
    """How far back and how long the longest copy is; (0, 0) for none. It never overlaps what it makes."""
    best = (0, 0)
    for place in places.get(whole[at : at + _KEY], [])[-_NEAR:]:
        most = min(_LONGEST_COPY, at - place, len(whole) - at)
        length = 0
        while length < most and whole[place + length] == whole[at + length]:
            length += 1
        if length >= max(best[1], COPY_SHORTEST):
            best = (at - place, length)
    return best


def _remember(whole: str, at: int, places: dict[str, list[int]]) -> None:
    if at + _KEY <= len(whole):
        places.setdefault(whole[at : at + _KEY], []).append(at)


def _step(to: int, state: int, *bits: tuple[int, int]) -> _Step:
    width = bits[0][1]
    for _, more in bits[1:]:
        width += more
    return _Step(to, state, width, bits)


def _count(value: int, order: int) -> tuple[int, int]:
    """An Exp-Golomb figure as one (value, width) pair."""
    raised = value + (1 << order)
    return raised, 2 * raised.bit_length() - 1 - order
