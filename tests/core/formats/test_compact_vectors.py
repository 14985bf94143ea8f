"""The vectors beside the specification are what this codec reads and writes: whoever meets them can talk to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.formats.compact import Bitmap, Carried, Frame, ReceiptNote, Rung, decode, decode_answer, encode, encode_answer
from fenghuo.formats.compact_bits import BitReader, BitWriter
from fenghuo.formats.compact_spelling import TextWriter
from fenghuo.formats.compact_text import TextReader
from fenghuo.formats.compact_words import dictionary
from fenghuo.model.message import Message
from fenghuo.model.traffic import Traffic

VECTORS: dict[str, list[dict[str, Any]]] = msgspec.json.decode((Path(__file__).parents[3] / "docs/compact-frame-vectors.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS["texts"], ids=lambda vector: f"{vector['text'][:8]} {vector['dictionary']}")
def test_texts(vector: dict[str, Any]) -> None:
    """A text has these octets, and these octets are this text."""
    bits = BitWriter()
    TextWriter(bits, dictionary(vector["dictionary"])).text(vector["text"])
    assert vector["octets"] == bits.octets().hex()
    assert vector["text"] == TextReader(BitReader(bytes.fromhex(vector["octets"])), dictionary(vector["dictionary"])).text()


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: vector["name"])
def test_frames(vector: dict[str, Any]) -> None:
    """A message at a rung has these octets, and they say what arrives."""
    message = msgspec.convert(vector["message"], Message)
    assert vector["octets"] == encode(message, Rung[vector["rung"]], words=vector["dictionary"]).octets().hex()
    assert msgspec.convert(vector["arrives"], Carried) == decode(Frame.from_octets(bytes.fromhex(vector["octets"])))


@pytest.mark.parametrize("vector", VECTORS["answers"], ids=lambda vector: vector["octets"])
def test_answers(vector: dict[str, Any]) -> None:
    """A receipt and a bitmap have these octets, and they say the same."""
    is_bitmap = vector["kind"] == "BITMAP"
    answer = msgspec.convert(vector["answer"], Bitmap) if is_bitmap else msgspec.convert(vector["answer"], ReceiptNote)
    assert vector["octets"] == encode_answer(answer, Traffic.ACTUAL, words=1).octets().hex()
    assert answer == decode_answer(Frame.from_octets(bytes.fromhex(vector["octets"])))
