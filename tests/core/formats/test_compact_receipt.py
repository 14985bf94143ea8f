"""Receipts and bitmaps: who got what, how far, and what was wrong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact_frame import CompactKind, Frame, Rung
from fenghuo.formats.compact_receipt import MAX_SLOTS, Bitmap, Fault, ReceiptNote, decode_answer, encode_answer
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from tests.core.formats.compact_values import texts

DEVICE = ReceiptNote(0x559AEAD0, 123, 1, Evidence.DEVICE, at_s=4)
keys, numbers, revisions = st.integers(0, 2**32 - 1), st.integers(0, 9999), st.integers(1, 1000)
levels = st.sampled_from(Evidence)
notes = st.builds(ReceiptNote, keys, numbers, revisions, levels, st.sampled_from(Fault), st.none() | st.integers(0, 10**7), texts)
bitmaps = st.builds(Bitmap, keys, numbers, revisions, levels, st.integers(0, 5000), st.lists(st.booleans(), max_size=60).map(tuple))


@given(notes | bitmaps, st.sampled_from(Traffic), st.sampled_from((0, 1)))
def test_any_answer_comes_back(answer: ReceiptNote | Bitmap, traffic: Traffic, words: int) -> None:
    """Receipts with and without words, bitmaps of any length."""
    frame = encode_answer(answer, traffic, words=words)
    assert (answer, traffic, Rung.FULL) == (decode_answer(frame), frame.traffic, frame.rung)


def test_a_receipt_is_nine_octets() -> None:
    """What ten stations send in their slots: twenty octets when sealed with a short tag."""
    assert 9 == len(encode_answer(DEVICE, Traffic.ACTUAL, words=1).octets())


def test_a_bitmap_of_ten_stations_is_as_short() -> None:
    """One aggregate for all of them."""
    bitmap = Bitmap(0x559AEAD0, 123, 1, Evidence.DEVICE, 0, (True,) * 9 + (False,))
    assert 10 == len(encode_answer(bitmap, Traffic.ACTUAL, words=1).octets())


@pytest.mark.parametrize("kind", [kind for kind in CompactKind if kind.is_message])
def test_a_message_is_no_answer(kind: CompactKind) -> None:
    """Each reader refuses the other's frames."""
    frame = encode_answer(DEVICE, Traffic.ACTUAL, words=1)
    with pytest.raises(FrameError) as caught:
        decode_answer(msgspec.structs.replace(frame, kind=kind))
    assert "unknown-kind" == caught.value.code


@pytest.mark.parametrize("rung", [rung for rung in Rung if rung is not Rung.FULL])
def test_the_other_rungs_of_answers_are_kept_free(rung: Rung) -> None:
    """Nobody sends them yet, so nobody takes them."""
    frame = encode_answer(DEVICE, Traffic.ACTUAL, words=1)
    with pytest.raises(FrameError, match=f"at rung {rung.name} is no answer"):
        decode_answer(msgspec.structs.replace(frame, rung=rung))


def test_more_slots_than_a_bitmap_holds_are_refused() -> None:
    """On both sides."""
    with pytest.raises(FrameError) as caught:
        encode_answer(Bitmap(1, 1, 1, Evidence.DEVICE, 0, (True,) * (MAX_SLOTS + 1)), Traffic.ACTUAL, words=1)
    assert "too-many" == caught.value.code


@given(st.sampled_from([CompactKind.RECEIPT, CompactKind.BITMAP]), st.binary(max_size=60))
def test_any_octets_are_an_answer_or_refused(kind: CompactKind, body: bytes) -> None:
    """Nothing but the codec's own error; what is taken is the same when sent again."""
    try:
        answer = decode_answer(Frame(kind, Traffic.ACTUAL, Rung.FULL, body))
    except FrameError as error:
        refusal = error.code
    else:
        refusal = ""
        assert answer == decode_answer(encode_answer(answer, Traffic.ACTUAL, words=1))
    assert refusal or body
