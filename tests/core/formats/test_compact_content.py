"""The records of a message: nothing of the model is forgotten."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from fenghuo.errors import FrameError
from fenghuo.formats.compact_content import ENVELOPE, INFO, content_of, envelope_of
from fenghuo.formats.compact_fields import Sink, Source
from fenghuo.model.message import Content, Info
from tests.core.formats.compact_values import content, contents, infos


def test_every_field_of_the_model_has_its_place() -> None:
    """A field that the model gets and the frame does not know would be lost in silence."""
    assert set(Info.__struct_fields__) == {name for name, _ in INFO.fields}
    assert set(Content.__struct_fields__) - {"kind", "action", "traffic"} == {name for name, _ in ENVELOPE.fields}


@settings(max_examples=60, deadline=None)
@given(contents())
def test_any_content_comes_back(said: Content) -> None:
    """With what the head says it is the content again."""
    sink = Sink()
    sink.speak(1)
    ENVELOPE.put(sink, envelope_of(said))
    source = Source(sink.bits.octets())
    source.listen()
    assert said == content_of(ENVELOPE.take(source), (said.kind, said.action), said.traffic)


@settings(max_examples=40, deadline=None)
@given(infos)
def test_a_second_info_that_says_the_same_costs_little(info: Info) -> None:
    """Two bits a field at most: languages of one alert share times, codes and shapes."""

    def bits(*series: Info) -> int:
        sink = Sink()
        sink.speak(1)
        ENVELOPE.put(sink, envelope_of(content(infos=series)))
        return len(sink.bits.octets()) * 8

    assert bits(info, info) - bits(info) <= 2 * len(INFO.fields) + 8


def test_evidence_that_is_none_is_refused() -> None:
    """`needed` is a closed set here as in the model's own JSON."""
    sink = Sink()
    sink.speak(1)
    with pytest.raises(FrameError, match="is no evidence"):
        ENVELOPE.put(sink, envelope_of(msgspec.structs.replace(content(), needed="SOON")))
