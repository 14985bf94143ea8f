"""Whom a node names to the level above when somebody was reached."""

from __future__ import annotations

from fenghuo.service.upward import addresses_of
from tests.core.engine.values import delivery


def test_whoever_was_reached_another_way_is_named_by_the_address_that_is_known_above() -> None:
    """A card read out to a post without a radio: its callsign is among those who have it; who was reached by nothing is not."""
    by_radio = delivery(1, "r", recipient="wang", address="BJ1T11")
    on_paper = delivery(2, "card", recipient="wang", address="十一号镇")
    nobody = delivery(3, "r", recipient="li", address="BJ1T12")
    assert {"BJ1T11", "十一号镇"} == addresses_of({"wang"}, [by_radio, on_paper, nobody])
