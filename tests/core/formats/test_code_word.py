"""The code word on a sheet."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FormatError
from fenghuo.formats.code_word import ALPHABET, code_of, read_code, shown, symbol_of
from fenghuo.model.delivery import Token

TOKEN = Token("6f1d2c5e-7a43-5b0e-9c1f-3d8e0a4b6c72")
_CODES = st.builds(lambda value: code_of(Token(str(value))), st.uuids())


def test_a_token_has_one_code_word_for_good() -> None:
    """A restart, and a copy of the sheet, must not change it."""
    assert ("BRZR1EK5", "BRZR-1EK5", "FH1:BRZR1EK5") == (code_of(TOKEN), shown(code_of(TOKEN)), symbol_of(code_of(TOKEN)))


def test_ten_thousand_sheets_have_ten_thousand_code_words() -> None:
    """35 bits are enough for all sheets that lie about at one time."""
    tokens = [Token(str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))) for number in range(10_000)]
    assert 10_000 == len({code_of(token) for token in tokens})


@given(code=_CODES)
def test_a_code_is_read_as_people_type_it(code: str) -> None:
    """Scanned, with or without the hyphen, small, and with the letters that look like figures."""
    typed = code.replace("0", "o").replace("1", "l").lower()
    assert [code] * 4 == [read_code(way) for way in (symbol_of(code), shown(code), f" {typed}\n", f"{typed[:4]} {typed[4:]}")]


@given(code=_CODES, place=st.integers(0, 6), other=st.sampled_from(ALPHABET[:31]))
def test_one_wrong_letter_is_known(code: str, place: int, other: str) -> None:
    """A slip of the keyboard never answers for another sheet."""
    if {code[place], other} == {code[place]} or (ALPHABET.index(code[place]) - ALPHABET.index(other)) % 31 == 0:
        return
    with pytest.raises(FormatError, match="does not fit together"):
        read_code(code[:place] + other + code[place + 1 :])


@given(code=_CODES, place=st.integers(0, 5))
def test_two_letters_changed_about_are_known(code: str, place: int) -> None:
    """The commonest slip after the first."""
    first, second = code[place], code[place + 1]
    if (ALPHABET.index(first) - ALPHABET.index(second)) % 31 == 0:
        return
    with pytest.raises(FormatError, match="does not fit together"):
        read_code(code[:place] + second + first + code[place + 2 :])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("K7Q", "the code 'K7Q' has 3 letters and figures; the one on a sheet has 8"),
        ("", "the code '' has 0 letters and figures; the one on a sheet has 8"),
        ("K7QD3M2U", "the code 'K7QD3M2U' holds 'U', which is on no sheet; look again"),
        ("BRZR1EK6", "the code BRZR-1EK6 does not fit together: one letter or figure is wrong; type it again"),
    ],
)
def test_a_wrong_code_gets_a_sentence(typed: str, says: str) -> None:
    """Whoever types it in the night must know what to do."""
    with pytest.raises(FormatError) as refusal:
        read_code(typed)
    assert ("bad-code", says) == (refusal.value.code, str(refusal.value))
