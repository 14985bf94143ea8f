"""Long texts in several frames: each readable by itself, complete, and never cut inside a character."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo_narrowband.parts import fragments

SENTENCE = "请沿江各村于18时前转移全部危险区群众，完成后报数。"


def test_a_text_that_fits_is_left_alone() -> None:
    """One frame, word for word, without a part number."""
    assert (SENTENCE.encode(),) == fragments(SENTENCE, 123, 256)


def test_a_text_of_exactly_a_frame_is_one_frame() -> None:
    """256 octets fit 256 octets."""
    assert 1 == len(fragments("x" * 256, 1, 256))
    assert 2 == len(fragments("x" * 257, 1, 256))


def test_a_long_text_is_numbered_and_cut_at_sentences() -> None:
    """Each frame says which part of how many, and of which message."""
    parts = [part.decode() for part in fragments(SENTENCE * 8, 123, 256)]
    assert ["(1/3)#0123 ", "(2/3)#0123 ", "(3/3)#0123 "] == [part[:11] for part in parts]
    assert all(part.endswith("。") for part in parts)


def test_the_marks_of_an_exercise_stand_in_every_frame() -> None:
    """Whoever hears only the second frame must not take it for real."""
    parts = [part.decode() for part in fragments(f"【演练】【重发 1】{SENTENCE * 8}【演练】", 123, 256)]
    assert len(parts) >= 3
    assert all("#0123 【演练】【重发 1】" in part for part in parts)
    assert 1 == parts[0].count("【演练】")


@given(st.text(min_size=1, max_size=1500), st.integers(0, 9999))
def test_every_frame_fits_and_nothing_is_lost(text: str, number: int) -> None:
    """Joined without prefixes and spaces at the cuts, the frames are the text."""
    parts = fragments(text, number, 256)
    assert all(len(part) <= 256 for part in parts)
    lead = re.match(r"(?:【(?:演练|测试|更正|解除|重发 ?\d*)】)+", text)
    bare = [part.decode() for part in parts]
    if len(parts) > 1:
        bare = [re.sub(r"^\(\d+/\d+\)(?:#\d{4})? ", "", part, count=1) for part in bare]
    assert "".join(text.split()) == "".join("".join(bare).split()) or lead


def test_a_number_is_not_torn() -> None:
    """A telephone number stays in one frame."""
    text = "报告电话" * 18 + "051253520000" * 2 + "值班室" * 20
    assert any("051253520000" * 2 in part.decode() for part in fragments(text, 1, 256))


def test_a_combined_character_is_not_torn() -> None:
    """A combining mark goes with its letter."""
    parts = [part.decode() for part in fragments("e\u0301" * 300, 1, 256)]
    assert all(not part[11:].startswith("\u0301") for part in parts)


def test_more_than_nine_frames_still_come_out_whole() -> None:
    """What was committed is sent; part numbers grow a digit."""
    parts = fragments("汛" * 1200, 7, 256)
    assert len(parts) > 9
    assert parts[0].decode().startswith(f"(1/{len(parts)})#0007 ")
    assert 1200 == sum(part.decode().count("汛") for part in parts)


@pytest.mark.parametrize("number", [0])
def test_without_a_number_the_part_alone_is_said(number: int) -> None:
    """A message without a short number is not called #0000."""
    assert fragments(SENTENCE * 8, number, 256)[0].decode().startswith("(1/3) 请")
