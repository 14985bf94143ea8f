"""Proof that a sender is live: asked for when a counter jumps far ahead, or when a command comes and there is no clock to judge it.

1 || key id 8 || purpose 8 || nonce 64                                        challenge, from the receiver
2 || key id 8 || purpose 8 || nonce 64 || counter 32 || minutes since 1970 32    proof, from the sender; 0 minutes: it has no clock
"""

from __future__ import annotations

import random

import msgspec

from fenghuo.errors import FrameError
from fenghuo.link.frame import Purpose

__all__ = ["EVERY_S", "GOOD_S", "Challenge", "Challenger", "Proof", "decode_control"]

# One question in ten seconds for each lane: recorded frames played again must not make a post talk.
EVERY_S = 10.0
# A proof that comes later than this is no proof of being live.
GOOD_S = 120.0
_NONCE = 8
_CHALLENGE, _PROOF = 1, 2


class Challenge(msgspec.Struct, frozen=True):
    """Prove that you are live in the lane of `key_id` and `purpose`. `nonce`: 8 octets of chance, used once."""

    key_id: int
    purpose: Purpose
    nonce: bytes

    def encode(self) -> bytes:
        return bytes((_CHALLENGE, self.key_id, self.purpose)) + self.nonce


class Proof(msgspec.Struct, frozen=True):
    """The answer: the nonce, the next counter of that lane, and the minute it is, 0 if its sender does not know the time either."""

    key_id: int
    purpose: Purpose
    nonce: bytes
    counter: int
    minute: int

    def encode(self) -> bytes:
        head = bytes((_PROOF, self.key_id, self.purpose)) + self.nonce
        return head + self.counter.to_bytes(4, "big") + self.minute.to_bytes(4, "big")


def decode_control(payload: bytes) -> Challenge | Proof:
    """What a CONTROL frame says. Raises: FrameError."""
    kinds = {(3 + _NONCE, _CHALLENGE), (3 + _NONCE + 8, _PROOF)}
    if not payload or (len(payload), payload[0]) not in kinds or payload[2] not in Purpose.__members__.values():
        raise FrameError(f"a control frame of {len(payload)} octets says nothing that is known here", code="control", where="0")
    key_id, purpose, nonce = payload[1], Purpose(payload[2]), payload[3 : 3 + _NONCE]
    if payload[0] == _CHALLENGE:
        return Challenge(key_id, purpose, nonce)
    return Proof(key_id, purpose, nonce, int.from_bytes(payload[11:15], "big"), int.from_bytes(payload[15:19], "big"))


class _Asked(msgspec.Struct, frozen=True):
    nonce: bytes
    at: float


class Challenger:
    """What was asked of whom. `chance`: unpredictable in service, seeded in simulation."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._asked: dict[tuple[int, int, Purpose], _Asked] = {}

    def ask(self, source: int, key_id: int, purpose: Purpose, now: float) -> Challenge | None:
        """A question for `source`; None: it was asked just now."""
        key = (source, key_id, purpose)
        asked = self._asked.get(key)
        if asked is not None and now - asked.at < EVERY_S:
            return None
        nonce = self._chance.randbytes(_NONCE)
        self._asked[key] = _Asked(nonce, now)
        return Challenge(key_id, purpose, nonce)

    def accepts(self, source: int, proof: Proof, now: float) -> bool:
        """Whether this answers what we asked, in time; once."""
        key = (source, proof.key_id, proof.purpose)
        asked = self._asked.get(key)
        if asked is None or asked.nonce != proof.nonce or now - asked.at > GOOD_S:
            return False
        del self._asked[key]
        return True
