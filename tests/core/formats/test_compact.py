"""The compact frame as its users see it: what goes in comes out, at every rung; what is no frame is refused."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.formats.compact import (
    FULL_OCTETS,
    NEWEST,
    UNSAID,
    CompactKind,
    Frame,
    Rung,
    carried,
    decode,
    decode_answer,
    encode,
    in_words,
    message_key,
    named,
)
from fenghuo.formats.wording import told_infos
from fenghuo.model.message import AffectedArea, Geocode, Message, MessageId, Parameter, Reference
from fenghuo.model.traffic import Action, Traffic
from tests.core.formats.compact_values import SENT, SHAXI, content, info, message, messages, order

OPENING = 14
"""Octets of a tag and a head that a seal takes for a message, less the octet that ours has too (security.md §4)."""


def judged(frame: Frame, reader: Callable[[Frame], object]) -> str:
    """What came of a frame: the name of the value, or the code of the refusal. Any other error goes through."""
    try:
        return type(reader(frame)).__name__
    except FrameError as error:
        return error.code


def _says_all(sent: Message, rung: Rung) -> bool:
    """Figures refuse several instructions; every other rung says them all."""
    return rung is not Rung.CODE or len(told_infos(sent)) < 2


@settings(max_examples=50, deadline=None)
@given(messages(), st.sampled_from(Rung), st.sampled_from((0, NEWEST)))
def test_whatever_is_sent_arrives_as_its_rung_says(sent: Message, rung: Rung, words: int) -> None:
    """Any message at any rung, with or without a dictionary, is read back as what carried() promises."""
    assume(_says_all(sent, rung))
    frame = encode(sent, rung, words=words)
    assert carried(sent, rung, words=words) == decode(frame)
    assert frame == encode(sent, rung, words=words)


@settings(max_examples=30, deadline=None)
@given(messages())
def test_the_whole_of_a_message_passes(sent: Message) -> None:
    """With parameters nothing is lost: rings to four places are what they were."""
    got = decode(encode(sent, Rung.FULL, whole=True))
    assert (sent.content, ()) == (got.content, got.left_out)


def test_parameters_are_said_where_the_frame_stays_short() -> None:
    """Up to FULL_OCTETS with them; past that without, and the reader is told that there are some."""
    few, many = (message(content(infos=(info(parameters=_parameters(count)),))) for count in (3, 40))
    assert (few.content, ()) == (decode(encode(few)).content, decode(encode(few)).left_out)
    assert (((),), ("details",)) == (
        tuple(one.parameters for one in decode(encode(many)).content.infos),
        decode(encode(many)).left_out,
    )
    assert len(encode(many).octets()) < FULL_OCTETS < len(encode(many, whole=True).octets())
    assert len(encode(few).octets()) <= FULL_OCTETS


def test_more_parameters_than_a_frame_may_hold_cost_nobody_the_rest() -> None:
    """Past the bounds of the format they are left out like others that are too long."""
    sent = message(content(infos=(info(parameters=_parameters(1_001)),)))
    assert ("details",) == decode(encode(sent)).left_out
    with pytest.raises(FrameError, match="1001"):
        encode(sent, whole=True)


def _parameters(count: int) -> tuple[Parameter, ...]:
    return tuple(Parameter(f"layer:x:{number}", f"{number * 7919:05d}") for number in range(count))


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 255), st.binary(max_size=300))
def test_octets_that_are_no_frame_are_refused(head: int, body: bytes) -> None:
    """Any octets give a whole message, a whole answer, or the codec's own error."""
    frame = Frame.from_head(head, body)
    assert judged(frame, decode)
    assert judged(frame, decode_answer)


@settings(max_examples=50, deadline=None)
@given(messages(), st.sampled_from(Rung), st.data())
def test_a_frame_with_a_wrong_bit_is_refused_or_whole(sent: Message, rung: Rung, data: st.DataObject) -> None:
    """One bit turned gives another whole message or FrameError: never another error, never half a message."""
    assume(_says_all(sent, rung))
    body = bytearray(encode(sent, rung).body)
    at = data.draw(st.integers(0, len(body) * 8 - 1))
    body[at >> 3] ^= 1 << (at & 7)
    assert judged(Frame.from_head(data.draw(st.integers(0, 255)), bytes(body)), decode)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 255), st.integers(0, 200), st.binary(max_size=256))
def test_a_frame_that_goes_on_as_noise_is_refused_or_whole(head: int, kept: int, noise: bytes) -> None:
    """However far it was a frame of ours, the noise behind it raises the codec's own error or makes a whole message."""
    frame = Frame.from_head(head, encode(message(), Rung(head & 3)).body[:kept] + noise)
    assert judged(frame, decode)


@settings(max_examples=50, deadline=None)
@given(messages(), st.sampled_from(Rung), st.data())
def test_a_frame_cut_short_is_refused(sent: Message, rung: Rung, data: st.DataObject) -> None:
    """No beginning of a frame is a frame: nothing is accepted in part."""
    assume(_says_all(sent, rung))
    frame = encode(sent, rung)
    size = data.draw(st.integers(0, len(frame.body) - 1))
    with pytest.raises(FrameError):
        decode(msgspec.structs.replace(frame, body=frame.body[:size]))


@given(st.sampled_from(Rung), st.binary(min_size=1, max_size=4))
def test_octets_behind_the_end_are_refused(rung: Rung, more: bytes) -> None:
    """What stands behind the last field is somebody else's, so the frame is not ours."""
    frame = encode(message(), rung)
    with pytest.raises(FrameError) as caught:
        decode(msgspec.structs.replace(frame, body=frame.body + more))
    assert "trailing" == caught.value.code


@pytest.mark.parametrize("rung", Rung)
@pytest.mark.parametrize("traffic", Traffic)
def test_whether_it_is_real_stands_in_the_open(rung: Rung, traffic: Traffic) -> None:
    """【演练】 and 【测试】 are in the head of every rung, outside what is coded."""
    frame = encode(message(content(traffic=traffic)), rung)
    assert (traffic, traffic) == (frame.traffic, decode(Frame.from_octets(frame.octets())).content.traffic)
    assert frame.body == encode(message(), rung).body


@pytest.mark.parametrize("rung", Rung)
@pytest.mark.parametrize(("instruction", "responses"), [("关好门窗。", ()), ("", ("Evacuate",)), ("关好门窗。", ("Shelter", "Avoid"))])
def test_what_to_do_is_never_lost(rung: Rung, instruction: str, responses: tuple[str, ...]) -> None:
    """At every rung the reader is told what to do, in words or by CAP's code for it."""
    (got,) = decode(encode(message(content(infos=(info(instruction=instruction, response_types=responses),))), rung)).content.infos
    assert responses == got.response_types
    assert instruction == got.instruction or (responses and rung in (Rung.LINE, Rung.CODE))


@pytest.mark.parametrize("rung", Rung)
@pytest.mark.parametrize(
    "areas",
    [
        (AffectedArea("沙溪镇", geocodes=(SHAXI,)),),
        (AffectedArea("沙溪镇", geocodes=(SHAXI,)), AffectedArea("浏河镇", geocodes=(Geocode("mca", "320585111"),))),
        (AffectedArea("浏河闸下游"),),
        (AffectedArea("", geocodes=(Geocode("SAME", "006037"),)),),
        (AffectedArea("", polygons=(((31.5, 121.0), (31.6, 121.0), (31.6, 121.2), (31.5, 121.0)),)),),
    ],
    ids=["code", "two codes", "name", "a foreign code", "a ring"],
)
def test_the_area_is_never_lost(rung: Rung, areas: tuple[AffectedArea, ...]) -> None:
    """At every rung each area is told, by our code, by name, by a foreign code or by a circle that holds it."""
    (got,) = decode(encode(message(content(infos=(info(areas=areas),))), rung)).content.infos
    assert len(areas) == len(got.areas)
    for asked, told in zip(areas, got.areas, strict=True):
        assert set(asked.geocodes) <= set(told.geocodes) or asked.description == told.description or told.circles or told.polygons


@pytest.mark.parametrize("rung", Rung)
def test_the_text_of_an_order_is_never_cut(rung: Rung) -> None:
    """An order is its text: it is whole at every rung."""
    (got,) = decode(encode(message(order()), rung)).content.infos
    assert order().infos[0].description == got.description


def test_figures_alone_take_38_octets_on_air() -> None:
    """An alert with a known event, one town and a coded action is 23 octets, and 38 when sealed."""
    frame = encode(message(content(infos=(info(),))), Rung.CODE)
    assert (23, 38) == (len(frame.octets()), len(frame.octets()) + OPENING + 1)
    got = decode(frame)
    assert ("大风", "Blue", ("Prepare",), (AffectedArea("", geocodes=(SHAXI,)),)) == (
        got.content.infos[0].event,
        got.content.infos[0].colour,
        got.content.infos[0].response_types,
        got.content.infos[0].areas,
    )
    assert UNSAID == got.left_out


def test_a_later_revision_has_the_key_of_the_first() -> None:
    """An Update and a Cancel are known by their original's key, a later revision, and their kind."""
    first = message()
    cancel = message(content(action=Action.CANCEL, infos=(), references=(Reference("x"),), note="误发"), revision=2)
    frame = encode(cancel, Rung.CODE)
    got = decode(frame)
    assert (CompactKind.ALERT_CANCEL, message_key(first.id), 2, "误发") == (frame.kind, got.key, got.revision, got.content.note)


def test_another_message_has_another_key() -> None:
    """The key follows from the id alone."""
    assert message_key(MessageId("A")) != message_key(MessageId("B"))
    assert 0x559AEAD0 == message_key(MessageId("A"))


def test_when_it_ends_is_always_told() -> None:
    """Where the source gave no end the assumed one is in the frame, up to the next whole second."""
    sent = message(content(infos=(info(expires=None),)), expires_at=SENT.timestamp() + 3600.25)
    assert SENT.timestamp() + 3601 == decode(encode(sent, Rung.CORE)).ends_at
    assert SENT.timestamp() + 61 * 60 == decode(encode(sent, Rung.CODE)).ends_at


def test_a_receiver_without_the_dictionary_says_so() -> None:
    """An unknown dictionary is an error of its own: the sender repeats with dictionary 0."""
    frame = encode(message(), Rung.CORE, words=0)
    octets = int.from_bytes(frame.body, "big")
    # The number of the dictionary stands behind key 32, number 14, revision 1 of order 1 (2 bits), priority 3 and left out 8.
    place = len(frame.body) * 8 - 32 - 14 - 2 - 3 - 8 - 8
    with pytest.raises(FrameError, match="dictionary 9 is not known") as caught:
        decode(msgspec.structs.replace(frame, body=(octets | 9 << place).to_bytes(len(frame.body), "big")))
    assert "unknown-dictionary" == caught.value.code


@pytest.mark.parametrize("rung", Rung)
def test_the_same_message_can_be_told_in_other_words(rung: Rung) -> None:
    """Whoever lacks the dictionary is told in none, out of the very frame; and back again it is that frame."""
    frame = encode(message(), rung)
    plain = in_words(frame, 0)
    assert (encode(message(), rung, words=0), decode(frame), frame) == (plain, decode(plain), in_words(plain, NEWEST))


@pytest.mark.parametrize("rung", Rung)
def test_a_frame_has_its_name_before_what_a_reader_may_not_know(rung: Rung) -> None:
    """Key, number and revision are there where the rest is cut off."""
    frame = encode(message(revision=3), rung)
    said = decode(frame)
    assert (said.key, said.number, said.revision) == named(msgspec.structs.replace(frame, body=frame.body[:7]))
    with pytest.raises(FrameError):
        named(msgspec.structs.replace(frame, body=frame.body[:3]))


@pytest.mark.parametrize(
    ("sent", "rung", "code"),
    [
        (message(revision=64), Rung.CODE, "not-carried"),
        (message(content(sent=SENT - timedelta(days=365 * 30))), Rung.CODE, "not-carried"),
        (message(content(infos=(info(headline="\ud800"),))), Rung.FULL, "bad-text"),
        (message(content(infos=(info(description="啊" * 65_537),))), Rung.FULL, "too-long"),
        (message(order(action=Action.ACK)), Rung.FULL, "not-carried"),
        (message(number=16_384), Rung.FULL, "bad-value"),
    ],
    ids=["revision", "before 2000", "half a pair", "too long", "ack of an order", "number"],
)
def test_what_the_format_cannot_say_is_refused_when_sent(sent: Message, rung: Rung, code: str) -> None:
    """The encoder raises rather than say something else."""
    with pytest.raises(FrameError) as caught:
        encode(sent, rung)
    assert code == caught.value.code


def test_a_bad_frame_costs_less_than_a_millisecond() -> None:
    """Octets of one radio frame are judged in a millisecond of processor time, however far they are a frame of ours."""
    good = encode(message(), Rung.FULL)
    chance = random.Random(3)
    bad = (good.body[:kept] + chance.randbytes(256 - kept) for kept in range(len(good.body)) for _ in range(3))
    assert max(min(_judging_s(msgspec.structs.replace(good, body=body)) for _ in range(5)) for body in bad) < 0.001


def _judging_s(frame: Frame) -> float:
    start = time.process_time()
    try:
        decode(frame)
    except FrameError:
        pass
    return time.process_time() - start
