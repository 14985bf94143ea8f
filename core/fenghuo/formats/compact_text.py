"""Text of the compact frame, from bits to characters. Source: docs/compact-frame.md §4.

GB18030 throughout: what no table holds is written in its octets, so every character of Unicode passes.
"""

from __future__ import annotations

from functools import lru_cache

from fenghuo.errors import FrameError
from fenghuo.formats.compact_bits import BitReader
from fenghuo.formats.compact_words import BREAK, CAPS, COPY, END, GB2312, RAW, SHIFT, SPECIAL, SWITCH, Dictionary

__all__ = [
    "COPY_LENGTH_ORDER",
    "COPY_ORDER",
    "COPY_SHORTEST",
    "MAX_CHARACTERS",
    "RAW_ORDER",
    "TextReader",
    "first_of_gb2312",
    "gb2312_index",
    "to_gb18030",
]

MAX_CHARACTERS = 65_536
"""Most characters that one frame says: eight descriptions at their limit (wire-formats.md §1.3). Copies would swell without end."""

COPY_ORDER, COPY_LENGTH_ORDER, COPY_SHORTEST = 7, 2, 3
"""A copy: how far back the first character stands (order 6), how many characters beyond the shortest (order 2)."""

RAW_ORDER = 1
"""Of the number of characters in octets, less one."""

_PLAIN_ORDER = 4
_CELLS = 94
_FIRST_ROW, _LAST_ROW = 0xB0, 0xF7


class TextReader:
    """Reads the texts of one frame, one after the other: a later one may copy from an earlier one."""

    def __init__(self, bits: BitReader, words: Dictionary | None) -> None:
        self._bits = bits
        self._words = words
        self._past = ""

    def text(self) -> str:
        """The next text. Raises: FrameError with code truncated, bad-code, bad-text, bad-value or too-long."""
        text = self._coded(self._words) if self._words else self._plain()
        self._past += text
        if len(self._past) > MAX_CHARACTERS:
            raise _too_long()
        return text

    def _plain(self) -> str:
        octets = self._bits.take_count(_PLAIN_ORDER)
        if octets * 8 > self._bits.size - self._bits.at:
            raise FrameError("the frame ends inside a text", code="truncated", where=f"bit {self._bits.at}")
        return _characters(self._bits.take(octets * 8).to_bytes(octets, "big"), None)

    def _coded(self, words: Dictionary) -> str:
        """Tokens until the end of the text."""
        bits, padded = self._bits, self._bits.padded
        is_latin = bits.take(1)
        code = words.latin if is_latin else words.han
        dress = _Dress()
        if not is_latin:
            dress.take_off()
        parts: list[str] = []
        while True:
            at = bits.at
            first = at >> 3
            token, width = code.token(int.from_bytes(padded[first : first + 3], "big") >> (8 - (at & 7)) & 0xFFFF)
            bits.at = at + width
            if bits.at > bits.size:
                raise FrameError("the frame ends inside a text", code="truncated", where=f"bit {at}")
            if token not in SPECIAL:
                parts.append(dress.put_on(token) if dress.is_worn else token)
            elif token == END:
                return "".join(parts)
            elif token == SWITCH:
                code = words.han if code is words.latin else words.latin
                dress.take_off()
            elif token in (RAW, COPY, GB2312):
                parts.append(self._escaped(token, parts))
                dress.after()
            else:
                dress.change(token)

    def _escaped(self, token: str, parts: list[str]) -> str:
        """What stands for itself: a character by its place in GB 2312, a copy, or octets."""
        if token == GB2312:
            return first_of_gb2312(self._bits.take(13))
        if token == RAW:
            return self._raw(self._bits.take_count(RAW_ORDER) + 1)
        back = self._bits.take_count(COPY_ORDER) + 1
        length = self._bits.take_count(COPY_LENGTH_ORDER) + COPY_SHORTEST
        before = self._past + "".join(parts)
        if back > len(before) or length > back:
            raise FrameError(f"a copy of {length} from {back} characters back, of {len(before)}", code="bad-value")
        if len(before) + length > MAX_CHARACTERS:
            raise _too_long()
        start = len(before) - back
        return before[start : start + length]

    def _raw(self, count: int) -> str:
        """`count` characters in GB18030: one, two or four octets each, as the first two of them say."""
        octets = bytearray()
        for _ in range(count):
            octets.append(self._bits.take(8))
            if octets[-1] < 0x80:
                continue
            octets.append(self._bits.take(8))
            if 0x30 <= octets[-1] <= 0x39:
                octets += self._bits.take(16).to_bytes(2, "big")
        return _characters(bytes(octets), count)


class _Dress:
    """How the next token is to look: in capitals, with a capital, with another blank before it. A Latin text begins without a blank."""

    def __init__(self) -> None:
        self.is_worn = True
        self._is_caps = self._is_shifted = False
        self._blank = ""

    def change(self, token: str) -> None:
        """CAPS, SHIFT, BREAK or JOIN; a second JOIN brings the blank back."""
        if token == CAPS:
            self._is_caps = not self._is_caps
        elif token == SHIFT:
            self._is_shifted = True
        else:
            self._blank = "\n" if token == BREAK else "" if self._blank == " " else " "
        self.is_worn = True

    def put_on(self, token: str) -> str:
        """The token as it looks; what is for one token only is over then."""
        if token[0] == " ":
            token = self._blank + token[1:]
        if self._is_caps:
            token = _upper(token)
        elif self._is_shifted:
            at = 1 if token[:1] in _BLANKS else 0
            token = token[:at] + _upper(token[at : at + 1]) + token[at + 1 :]
        self.after()
        return token

    def after(self) -> None:
        """Something was said."""
        self._is_shifted = False
        self._blank = " "
        self.is_worn = self._is_caps

    def take_off(self) -> None:
        """The other table begins plain."""
        self._is_caps = False
        self.after()


_BLANKS = (" ", "\n")


def first_of_gb2312(index: int) -> str:
    """The character at (row - 16) × 94 + cell, rows 16 to 87 of GB 2312. Raises: FrameError("bad-text") where there is none."""
    row, cell = divmod(index, _CELLS)
    return _characters(bytes((_FIRST_ROW + min(row, 0x4F), 0xA1 + cell)), 1) if row <= _LAST_ROW - _FIRST_ROW else _characters(b"\xff", 1)


@lru_cache(maxsize=8192)
def gb2312_index(character: str) -> int | None:
    """The place of a character in rows 16 to 87 of GB 2312; None if it has none."""
    octets = to_gb18030(character)
    if len(octets) != 2 or not (_FIRST_ROW <= octets[0] <= _LAST_ROW and octets[1] >= 0xA1):
        return None
    return (octets[0] - _FIRST_ROW) * _CELLS + octets[1] - 0xA1


def to_gb18030(text: str) -> bytes:
    """The octets of a text. Raises: FrameError("bad-text") for half a surrogate pair, which is no character."""
    try:
        return text.encode("gb18030")
    except UnicodeEncodeError as error:
        raise FrameError("a text holds half a surrogate pair", code="bad-text") from error


def _characters(octets: bytes, count: int | None) -> str:
    try:
        text = octets.decode("gb18030")
    except UnicodeDecodeError as error:
        raise FrameError(f"octets that are no GB18030: {octets[:8].hex()}", code="bad-text") from error
    if count is not None and len(text) != count:
        raise FrameError(f"{len(text)} characters where {count} were said", code="bad-text")
    return text


def _upper(token: str) -> str:
    """Capital letters of ASCII; the rest as it is, so that no table of Unicode is needed."""
    return "".join(letter.upper() if "a" <= letter <= "z" else letter for letter in token)


def _too_long() -> FrameError:
    return FrameError(f"more than {MAX_CHARACTERS} characters in one frame", code="too-long")
