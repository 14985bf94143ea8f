"""What a siren is told of a message: to sound or to stop, and nothing else."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo import Action, Budget, Traffic
from fenghuo_siren.rendition import order_of, siren_rendition
from tests.core.engine.values import message

ACTIONS = [(Action.NEW, b"sound"), (Action.UPDATE, b"sound"), (Action.CANCEL, b"stop"), (Action.ACK, b"stop"), (Action.ERROR, b"stop")]


@pytest.mark.parametrize(("action", "word"), ACTIONS)
def test_an_end_stops_and_everything_else_sounds(action: Action, word: bytes) -> None:
    """Whatever the message says."""
    said = message()
    said = msgspec.structs.replace(said, content=msgspec.structs.replace(said.content, action=action))
    made = siren_rendition(said, Budget())
    assert word + b" M" == made.data
    assert (word, "M") == order_of(made.data)
    assert ("every word: a siren has none",) == made.left_out


def test_the_text_is_for_people_and_says_that_it_is_an_exercise() -> None:
    """It stands in the plan."""
    said = message()
    said = msgspec.structs.replace(said, content=msgspec.structs.replace(said.content, traffic=Traffic.EXERCISE))
    assert siren_rendition(said, Budget()).text.startswith("【演练】鸣响警报")
