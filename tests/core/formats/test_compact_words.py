"""The dictionary: a code that is complete, and a place for every token."""

from __future__ import annotations

import hashlib

import pytest

from fenghuo.errors import FrameError
from fenghuo.formats.compact_dictionary_1_han import HAN
from fenghuo.formats.compact_dictionary_1_latin import LATIN
from fenghuo.formats.compact_words import LONGEST_CODE, SPECIAL, Code, dictionary

TABLES = {"HAN": HAN, "LATIN": LATIN}


@pytest.mark.parametrize("name", TABLES)
def test_any_bits_begin_with_one_token(name: str) -> None:
    """Both codes are complete and no token stands twice, so that every 16 bits begin with exactly one."""
    code = Code(TABLES[name])
    assert code.is_complete
    assert len(code.bits) == sum(len(line.split("␟")) for _, line in TABLES[name])
    for ahead in range(0, 1 << LONGEST_CODE, 7):
        token, length = code.token(ahead)
        assert (ahead >> (LONGEST_CODE - length), length) == code.bits[token]


@pytest.mark.parametrize("name", TABLES)
def test_a_token_is_text_or_a_sign(name: str) -> None:
    """What is no sign is at least a character, and none of the signs' own."""
    for token in Code(TABLES[name]).bits:
        assert token
        assert token in SPECIAL or not SPECIAL & set(token)


@pytest.mark.parametrize(("name", "digest"), [("HAN", "8472877ba42ff2f7"), ("LATIN", "d518df61882360e4")])
def test_a_dictionary_never_changes(name: str, digest: str) -> None:
    """Frames on the air name dictionary 1: with another token or length in it they would say something else."""
    tokens = [(length, token) for length, line in TABLES[name] for token in line.split("␟")]
    assert digest == hashlib.sha256(repr(tokens).encode()).hexdigest()[:16]


def test_codes_are_canonical() -> None:
    """Counted up within a length, with a zero behind where the length grows."""
    code = Code(((1, "a"), (3, "b␟c"), (3, "d"), (4, "e␟f")))
    assert {"a": "0", "b": "100", "c": "101", "d": "110", "e": "1110", "f": "1111"} == {
        token: f"{bits:0{length}b}" for token, (bits, length) in code.bits.items()
    }
    assert code.is_complete


def test_an_incomplete_code_refuses_what_it_lacks() -> None:
    """Bits that begin with no token are an error of the codec's own."""
    code = Code(((2, "a␟b"),))
    assert not code.is_complete
    with pytest.raises(FrameError) as caught:
        code.token(0xFFFF)
    assert "bad-code" == caught.value.code


def test_dictionaries_have_numbers() -> None:
    """0 is none, 1 is there, and another is not known here."""
    assert dictionary(0) is None
    assert dictionary(1) is dictionary(1)
    with pytest.raises(FrameError, match="dictionary 2 is not known here; known are 0 to 1"):
        dictionary(2)


def test_towns_and_villages_of_the_directory_are_words() -> None:
    """The names that orders here hold take a token each."""
    words = dictionary(1)
    assert words is not None
    assert {"太仓市", "沙溪镇", "浏河镇", "璜泾镇"} <= words.han.bits.keys()
