"""Characters that nobody sees: taken out of texts and recorded, refused in names, whatever the format."""

from __future__ import annotations

import pytest

from fenghuo.formats.decode import decode
from fenghuo.formats.hidden import without_hidden
from fenghuo.formats.message_json import read_message
from tests.core.formats.alerts import GOOD, content_of


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"], ids=lambda char: f"{ord(char):04x}")
def test_a_hidden_character_is_taken_out_of_an_order_and_recorded(char: str) -> None:
    written = f"\\u{ord(char):04x}"
    decoded = read_message(f'{{"to":["org:a"],"text":"请{written}转移","subject":"{written}撤离"}}'.encode())
    assert decoded.content is not None, decoded.error
    assert [(info.headline, info.description) for info in decoded.content.infos] == [("撤离", "请转移")]
    assert decoded.repairs == ("hidden-character at $.subject", "hidden-character at $.text")


def test_an_override_of_direction_is_taken_out_of_a_cap_headline() -> None:
    (decoded,) = decode(GOOD.replace("<headline>", "<headline>\u202e").encode())
    (plain,) = decode(GOOD.encode())
    assert decoded.content == plain.content
    assert decoded.repairs == (*plain.repairs, "hidden-character at /alert/info[1]/headline")


@pytest.mark.parametrize("field", ["to", "via", "sender", "identifier", "reference"])
def test_a_name_with_a_hidden_character_is_refused(field: str) -> None:
    value = '["org:a\\u202e"]' if field in {"to", "via"} else '"a\\u202e"'
    other = "" if field == "to" else '"to":["org:a"],'
    error = read_message(f'{{{other}"text":"请转移","action":"New","{field}":{value}}}'.encode()).error
    assert error is not None
    assert (error.code, "U+202E" in error.message) == ("hidden-character", True)


def test_an_identifier_of_cap_with_a_hidden_character_is_refused() -> None:
    (decoded,) = decode(GOOD.replace("<identifier>", "<identifier>\u202e").encode())
    assert decoded.error is not None
    assert (decoded.error.code, decoded.error.where) == ("hidden-character", "/alert/identifier")


def test_a_text_of_hidden_characters_alone_is_no_text() -> None:
    error = read_message(b'{"to":["org:a"],"text":"\\u0000 "}').error
    assert error is not None
    assert (error.code, error.where) == ("bad-field", "$.text")


def test_line_breaks_joiners_and_marks_stay() -> None:
    """Uyghur and emoji are written with joiners and marks; a text has lines."""
    content = content_of('{"to":["org:a"],"text":"一\\n二\\t\u200d\u200e\u061c👨\u200d👩"}'.encode())
    assert without_hidden(content) == (content, ())
