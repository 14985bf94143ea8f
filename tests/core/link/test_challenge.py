"""Questions and proofs of being live."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.link.challenge import EVERY_S, GOOD_S, Challenge, Challenger, Proof, decode_control
from fenghuo.link.frame import Purpose
from tests.core.link.posts import CENTRE, TOWN


def asked(challenger: Challenger, now: float = 0.0) -> Challenge:
    challenge = challenger.ask(CENTRE, 1, Purpose.COMMAND, now)
    assert challenge is not None
    return challenge


def proof(challenge: Challenge) -> Proof:
    return Proof(challenge.key_id, challenge.purpose, challenge.nonce, 5, 29_400_000)


@pytest.mark.parametrize(
    "control", [Challenge(1, Purpose.COMMAND, bytes(range(8))), Proof(1, Purpose.MESSAGE, bytes(8), 2**32 - 1, 29_400_000)]
)
def test_both_come_back(control: Challenge | Proof) -> None:
    """Decoding undoes encoding."""
    assert control == decode_control(control.encode())


@given(st.binary(max_size=24))
def test_no_octets_break_the_decoder(octets: bytes) -> None:
    """Something that is known, or a FrameError."""
    try:
        control = decode_control(octets)
    except FrameError:
        return
    assert octets == control.encode()


def test_a_proof_answers_one_question_once() -> None:
    """Its nonce, from whom it was asked, for what it was asked."""
    challenger = Challenger(random.Random(1))
    challenge = asked(challenger)
    assert not challenger.accepts(TOWN, proof(challenge), 1.0)
    assert not challenger.accepts(CENTRE, proof(Challenge(1, Purpose.COMMAND, bytes(8))), 1.0)
    assert not challenger.accepts(CENTRE, proof(Challenge(1, Purpose.MESSAGE, challenge.nonce)), 1.0)
    assert challenger.accepts(CENTRE, proof(challenge), 1.0)
    assert not challenger.accepts(CENTRE, proof(challenge), 1.0)


def test_a_late_proof_is_none() -> None:
    """Recorded, kept back, played later."""
    challenger = Challenger(random.Random(1))
    assert not challenger.accepts(CENTRE, proof(asked(challenger)), GOOD_S + 1)


def test_a_lane_is_asked_once_in_ten_seconds() -> None:
    """Whoever plays recorded frames does not make a post talk."""
    challenger = Challenger(random.Random(1))
    first = asked(challenger)
    assert challenger.ask(CENTRE, 1, Purpose.COMMAND, EVERY_S - 1) is None
    assert first.nonce != asked(challenger, EVERY_S).nonce
