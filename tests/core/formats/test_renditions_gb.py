"""Texts in octets of a Chinese character set."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError
from fenghuo.formats.renditions import marked, sms_text
from fenghuo.formats.renditions_gb import COPY_MARK_OCTETS, gb2312_text, gb_text
from fenghuo.model.rendition import Budget
from fenghuo.model.traffic import Traffic
from tests.core.formats.test_renditions import MUST, alert, order


def test_a_cell_of_140_octets_keeps_what_must_be_said() -> None:
    """Two octets a character: details and time go, and that is said."""
    made = gb_text(alert(), Budget(octets=140))
    assert (True, "#0123", "gb", ("description", "time")) == (made.text.startswith(MUST), made.text[-5:], made.form, made.left_out)
    assert (made.text.encode("gb18030"), True, "text/plain; charset=gb18030") == (made.data, len(made.data) <= 140, made.media_type)


def test_octets_are_counted_after_encoding() -> None:
    """A character beyond the old set takes four octets, and the limit is of octets."""
    size = len(gb_text(alert(headline="𠮷暴雨橙色预警")).data) + COPY_MARK_OCTETS
    assert () == gb_text(alert(headline="𠮷暴雨橙色预警"), Budget(octets=size)).left_out
    assert ("description",) == gb_text(alert(headline="𠮷暴雨橙色预警"), Budget(octets=size - 1)).left_out


def test_without_a_budget_it_says_what_every_text_says() -> None:
    """Only the octets differ."""
    assert sms_text(alert(traffic=Traffic.EXERCISE)).text == gb_text(alert(traffic=Traffic.EXERCISE)).text


def test_an_order_is_never_cut() -> None:
    """Word for word whatever the budget."""
    assert "请立即转移低洼地区群众" in gb_text(order(), Budget(octets=20)).text


def test_an_old_device_gets_a_character_that_says_the_same() -> None:
    """〇 is not in GB/T 2312, and 零 is."""
    made = gb2312_text(alert(headline="二〇二六年㎡橙色预警"))
    assert ("二零二六年平方米橙色预警。", made.data) == (made.text.partition("区域")[0], made.text.encode("gb2312"))


def test_what_an_old_device_does_not_have_stops_the_rendition() -> None:
    """A rare place name never becomes a question mark."""
    with pytest.raises(FormatError) as refusal:
        gb2312_text(alert(headline="𠮷村暴雨橙色预警"))
    says = "the character 𠮷 (U+20BB7) is not in GB/T 2312, and a device of that kind would show something else"
    assert ("charset", says) == (refusal.value.code, str(refusal.value))


def test_a_budget_that_is_too_small_is_an_error() -> None:
    """Never a shorter order."""
    with pytest.raises(FormatError) as refusal:
        gb_text(alert(), Budget(octets=40))
    assert "too-long" == refusal.value.code


def test_a_copy_still_fits_and_is_in_the_same_character_set() -> None:
    """The mark of a copy is put on after the text was fitted."""
    octets = 140
    made = marked(gb_text(alert(), Budget(octets=octets)), "重发 99")
    assert (True, made.text) == (len(made.data) <= octets, made.data.decode("gb18030"))
