"""The report of the demo, from the events it is counted from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.client.socket import Control
from fenghuo.rig.town_report import SHOWN_LINES, Board


def board() -> Board:
    """A board that never asks: everything it knows comes by events."""
    return Board(Control(Path("/nowhere"), ""))


class Story:
    """Events in the order of the stream."""

    def __init__(self) -> None:
        self.board = board()

    def tell(self, kind: str, subject: str, **body: Any) -> None:
        self.board.take({"type": kind, "subject": subject, "body": body}, 1.5)

    def emitted(self, delivery: int, recipient: str, channel: str = "sms") -> None:
        self.tell("delivery.emitting", f"delivery/{delivery}", recipient=recipient, channel=channel)

    def received(self, delivery: int, level: str, channel: str = "sms", kind: str = "receipt.matched") -> None:
        self.tell(kind, f"delivery/{delivery}", channel=channel, level=level)


def test_people_are_counted_by_town_and_level() -> None:
    """One row a town: how many people, how many answered, whose device has it, and who has not got it yet."""
    story = Story()
    for number, name in enumerate(("shaxi-1", "shaxi-2", "shaxi-3", "liuhe-1")):
        story.emitted(number, name)
    story.received(0, "DEVICE")
    story.received(0, "HUMAN")
    story.received(1, "DEVICE")
    assert [("liuhe", 1, 0, 0, 1, ""), ("shaxi", 3, 1, 1, 1, "sms 2")] == story.board.rows()


def test_a_person_reached_over_two_channels_is_one_person() -> None:
    """The channels that brought something more are each named."""
    story = Story()
    story.emitted(1, "shaxi-1", "sms")
    story.emitted(2, "shaxi-1", "radio")
    story.received(1, "DEVICE")
    story.received(2, "HUMAN", "radio")
    assert [("shaxi", 1, 1, 0, 0, "radio 1, sms 1")] == story.board.rows()


def test_evidence_never_falls() -> None:
    """A device's receipt after a person's answer changes nothing."""
    story = Story()
    story.emitted(1, "shaxi-1")
    story.received(1, "HUMAN")
    story.received(1, "DEVICE", kind="receipt.late")
    assert [("shaxi", 1, 1, 0, 0, "sms 1")] == story.board.rows()


def test_only_what_an_end_confirmed_counts_as_confirmed() -> None:
    """What went on the air did not arrive for that."""
    story = Story()
    story.emitted(1, "shaxi-1")
    story.received(1, "AIRED")
    assert 0 == story.board.confirmed
    story.received(1, "DEVICE")
    assert 1 == story.board.confirmed


def test_it_is_over_when_every_objective_of_the_messages_has_ended() -> None:
    """Met, missed or waived; a message that was not planned yet is not over."""
    story = Story()
    assert not story.board.is_over(("M",))
    story.tell("objective.opened", "objective/1", message="M")
    story.tell("objective.opened", "objective/2", message="M")
    story.tell("objective.opened", "objective/3", message="other")
    story.tell("objective.met", "objective/1")
    assert not story.board.is_over(("M",))
    story.tell("alarm.objective_missed", "objective/2")
    assert (True, False) == (story.board.is_over(("M",)), story.board.is_over(("M", "other")))
    story.tell("objective.waived", "objective/3")
    assert story.board.is_over(("M", "other"))


def test_the_screen_shows_the_first_and_then_says_that_more_follow(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each of the first dozen, one for all the rest, and one for a bearer that died."""
    story = Story()
    for number in range(SHOWN_LINES + 3):
        story.emitted(number, f"shaxi-{number}")
        story.received(number, "DEVICE")
    story.tell("alarm.channel_down", "channel/sms", cause="it went away")
    lines = capsys.readouterr().out.splitlines()
    assert ("   + 1.5 s  shaxi-0", "   … and so on; the table below has everyone") == (lines[0][:19], lines[SHOWN_LINES])
    assert ("   + 1.5 s  channel/sms is DOWN: it went away", SHOWN_LINES + 2) == (lines[-1], len(lines))
