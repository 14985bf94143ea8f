"""Ids of messages: 128 bits, ordered by time, 26 characters of Crockford's base 32 (a ULID)."""

from __future__ import annotations

import random

from fenghuo.model.message import MessageId

__all__ = ["message_id"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80


def message_id(at: float, chance: random.Random) -> MessageId:
    """A new id. `at`: UTC seconds; the upper 48 bits are its milliseconds, the rest is chance. Source: the ULID specification."""
    value = (int(at * 1000) << RANDOM_BITS) | chance.getrandbits(RANDOM_BITS)
    return MessageId("".join(ALPHABET[(value >> shift) & 31] for shift in range(125, -5, -5)))
