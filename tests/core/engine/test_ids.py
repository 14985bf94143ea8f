"""Ids of messages."""

from __future__ import annotations

import random

from fenghuo.engine.ids import ALPHABET, message_id


def test_ids_sort_by_time() -> None:
    """A later message has a greater id, to the millisecond."""
    chance = random.Random(1)
    made = [message_id(1_795_000_000.0 + n / 1000, chance) for n in range(200)]
    assert sorted(made) == made


def test_an_id_has_26_letters_of_its_alphabet() -> None:
    """Nothing that could be mistaken when spoken: no I, L, O, U."""
    ident = message_id(1_795_000_000.0, random.Random(1))
    assert (26, set()) == (len(ident), set(ident) - set(ALPHABET))


def test_one_millisecond_holds_many_ids() -> None:
    """Eighty bits of chance keep them apart."""
    chance = random.Random(1)
    assert 5000 == len({message_id(1.0, chance) for _ in range(5000)})
