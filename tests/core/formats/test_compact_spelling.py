"""Spelling: as short as tables and copies allow, and always the same."""

from __future__ import annotations

import pytest

from fenghuo.formats.compact_bits import BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_words import END, SHIFT, dictionary


def bits_of(*said: str) -> str:
    """The bits of some texts behind each other."""
    bits = BitWriter()
    writer = TextWriter(bits, dictionary(1))
    for text in said:
        writer.text(text)
    octets = bits.octets()
    return f"{int.from_bytes(octets, 'big'):0{len(octets) * 8}b}"


def spelt(start: int, *tokens: str) -> str:
    """These tokens in one table, as bits."""
    words = dictionary(1)
    assert words is not None
    code = words.latin if start else words.han
    return str(start) + "".join(f"{code.bits[token][0]:0{code.bits[token][1]}b}" for token in tokens)


@pytest.mark.parametrize(
    ("text", "start", "tokens"),
    [
        ("太仓市", 0, ("太仓市", END)),
        ("water", 1, (" water", END)),
        ("Water", 1, (SHIFT, " water", END)),
        ("the water", 1, (" the", " water", END)),
    ],
)
def test_known_words_are_tokens(text: str, start: int, tokens: tuple[str, ...]) -> None:
    """A word at the beginning takes the token that has a blank before it, with a sign for its capital."""
    expected = spelt(start, *tokens)
    assert expected == bits_of(text)[: len(expected)]


def test_a_repeated_name_is_a_copy() -> None:
    """What no table holds is spelt once and copied then."""
    once, twice = len(bits_of("Xqzvkw7")), len(bits_of("Xqzvkw7", "Xqzvkw7"))
    assert twice - once < once // 2


def test_the_same_texts_have_the_same_bits() -> None:
    """Nothing of chance, clock or earlier frames is in it."""
    assert bits_of("风雨 Wind", "风雨 Wind") == bits_of("风雨 Wind", "风雨 Wind")


def test_a_long_text_is_spelt_in_time() -> None:
    """Time grows with the text, not with its square: eight thousand characters that no table holds are spelt."""
    assert len(bits_of("".join(chr(0x1000 + at % 700) for at in range(4_000)))) > 4_000
