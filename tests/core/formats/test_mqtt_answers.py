"""What a PUBACK means for a delivery, cell by cell, and what none does."""

from __future__ import annotations

import pytest

from fenghuo.errors import LinkBroken, LinkError, LinkTimeout
from fenghuo.formats.mqtt_answers import answer_outcome, silence_outcome
from fenghuo.model.delivery import Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.model.evidence import Evidence
from fenghuo_adapters.mqtt_session import NoPlace, NotPublished, TooLong, why_unanswered


@pytest.mark.parametrize(
    ("code", "name", "outcome"),
    [
        (0x00, "Success", Reached(Evidence.ACCEPTED, ("van1/t-1",))),
        (0x10, "No matching subscribers", Transient(Scope.RECIPIENT, "nobody-subscribed", 30.0)),
        (0x87, "Not authorized", Permanent(Scope.RECIPIENT, "not-authorized")),
        (0x90, "Topic name invalid", Permanent(Scope.RECIPIENT, "topic-name-invalid")),
        (0x99, "Payload format invalid", Permanent(Scope.MESSAGE, "payload-format-invalid")),
        (0x80, "Unspecified error", Transient(Scope.CHANNEL, "unspecified-error", 5.0)),
        (0x97, "Quota exceeded", Transient(Scope.CHANNEL, "quota-exceeded", 5.0)),
    ],
)
def test_what_the_broker_answers_is_an_outcome(code: int, name: str, outcome: Outcome) -> None:
    """ACCEPTED is the most that a PUBACK can say."""
    assert outcome == answer_outcome(code, name, "van1/t-1")


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (NoPlace("x"), Transient(Scope.MESSAGE, "window-full", 5.0)),
        (NotPublished("x"), Transient(Scope.CHANNEL, "not-connected")),
        (TooLong("x"), Permanent(Scope.MESSAGE, "too-long")),
        (LinkTimeout("x"), Unknown("no-puback")),
        (LinkBroken("x"), Unknown("link-lost")),
    ],
)
def test_what_was_not_answered_is_unsent_only_if_nothing_was_written(failure: LinkError, outcome: Outcome) -> None:
    """Else nobody knows."""
    assert outcome == silence_outcome(why_unanswered(failure))
