"""Posts whose clocks are wrong: who is asked for the time, what is taken meanwhile, and who hears that clocks differ."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fenghuo.link.air import Air
from fenghuo.link.counters import Grant
from fenghuo.link.events import Apart, Delivered, Event, Frame, NotTaken, Reached
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.ledger import Ledger
from fenghuo.link.parcels import Parcel
from fenghuo.link.seal import Cause, Plain
from fenghuo.link.station import Station
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.posts import CENTRE, GROUP, NOW, SIREN, TOWN, VILLAGE, ring, sealer

HOUR_S, DAY_S = 3600.0, 86_400.0
AT_BOOT = -NOW  # a clock that begins in 1970


@dataclass
class Post:
    """A station whose clock is `off_s` ahead of the truth; `at` is the truth."""

    own: int
    off_s: float = 0.0
    is_trusted: bool = True
    heard: list[Event] = field(default_factory=list)
    said: list[tuple[float, Frame]] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = {"ledger": Ledger(), "chance": random.Random(self.own)}
        self.station = Station(ring(self.own), Air(), is_clock_trusted=self.is_trusted, **clock)  # type: ignore[arg-type]
        for wanted in self.station.counters.wanted():
            self.station.counters.grant(Grant(wanted.lane, 0, 1024))

    def open(self, kind: FrameKind = FrameKind.DISPATCH, *, to: int = 0, at: float = NOW, life_s: float = 2 * HOUR_S) -> None:
        to, now = to or (TOWN if self.own == CENTRE else CENTRE), at + self.off_s
        self.station.open(Parcel(to, kind, Traffic.ACTUAL, Priority.P0, b"leave", now + life_s, f"{kind}{at}"), now)

    def due(self, at: float) -> Frame | None:
        self._settle()
        self.heard += self.station.look(at + self.off_s)
        self._settle()
        frame = self.station.frame_due(at + self.off_s)
        self.said += [(at, frame)] if frame is not None else []
        return frame

    def hear(self, octets: bytes, at: float) -> None:
        events = self.station.receive_frame(octets, at + self.off_s)
        self._settle()
        for event in events:
            if isinstance(event, Delivered):
                self.station.taken(event)
        self.heard += events

    @property
    def shown(self) -> list[bytes]:
        return [event.body for event in self.heard if isinstance(event, Delivered)]

    @property
    def apart(self) -> list[tuple[int, float]]:
        """Whose clock is how many hours ahead."""
        return [(event.source, round(event.ahead_s / HOUR_S)) for event in self.heard if isinstance(event, Apart)]

    @property
    def refused(self) -> set[Cause]:
        return {event.cause for event in self.heard if isinstance(event, NotTaken)}

    @property
    def is_done(self) -> bool:
        return any(isinstance(event, Reached) for event in self.heard)

    def _settle(self) -> None:
        self.station.changes()
        self.station.committed()


def talk(one: Post, other: Post, *, for_s: float = 200.0, at: float = NOW, lost: Callable[[Frame], bool] = lambda frame: False) -> None:
    """Both on one air, as long as it takes; what is `lost` nobody hears."""
    until = at + for_s
    while at < until:
        at += 0.25
        for post, listener in ((one, other), (other, one)):
            frame = post.due(at)
            at += frame.airtime_s if frame is not None else 0.0
            if frame is not None and not lost(frame):
                listener.hear(frame.octets, at)


WRONG = pytest.mark.parametrize("off_s", [AT_BOOT, -10 * HOUR_S, -3 * HOUR_S, 3 * DAY_S, 400 * DAY_S])


@WRONG
def test_an_order_reaches_a_post_without_a_clock_and_its_sender_hears_so(off_s: float) -> None:
    """Shown once, though the first three receipts are lost, and late by no clock that nobody vouches for; how wrong that is is told."""
    centre, town = Post(CENTRE), Post(TOWN, off_s, is_trusted=False)
    receipts = iter(range(100))
    centre.open()
    talk(
        centre, town, lost=lambda frame: frame.is_receipt and len(frame.octets) < 33 and frame.destination == CENTRE and next(receipts) < 3
    )
    assert ([b"leave"], True) == (town.shown, centre.is_done)
    assert (set(), set()) == (town.refused, centre.refused)
    assert [(CENTRE, round(-off_s / HOUR_S))] == town.apart


@WRONG
def test_a_receipt_without_a_date_counts_where_nobody_says_what_time_it_is(off_s: float) -> None:
    """Every question, or every answer to one, is lost: the order is shown and its sender hears so all the same."""
    centre, town = Post(CENTRE), Post(TOWN, off_s, is_trusted=False)
    centre.open()
    talk(centre, town, lost=lambda frame: Head.decode(frame.octets).kind is FrameKind.CONTROL)
    assert ([b"leave"], True, set(), []) == (town.shown, centre.is_done, centre.refused, town.apart)


@WRONG
def test_what_a_post_without_a_clock_says_is_dated_by_whom_it_is_for(off_s: float) -> None:
    """It asks before its report goes out: the centre would take it for over, or for one from the future."""
    centre, town = Post(CENTRE), Post(TOWN, off_s, is_trusted=False)
    town.open(FrameKind.REPORT)
    talk(centre, town)
    assert ([b"leave"], True, set()) == (centre.shown, town.is_done, centre.refused)


@WRONG
def test_a_post_that_is_called_with_others_answers_in_its_slot_and_asks_nothing(off_s: float) -> None:
    """All of them would ask at once; its receipt has no date and counts."""
    centre, town = Post(CENTRE), Post(TOWN, off_s, is_trusted=False)
    centre.open(to=GROUP)
    talk(centre, town, for_s=5.0)
    assert ([b"leave"], True) == (town.shown, centre.is_done)
    assert [FrameKind.RECEIPT] == [Head.decode(frame.octets).kind for _, frame in town.said]


@WRONG
def test_a_head_without_a_clock_asks_one_of_those_it_calls(off_s: float) -> None:
    """A second chance for each of a group: the one that is there is asked in its turn, and the call is in time for it."""
    centre, town = Post(CENTRE, off_s, is_trusted=False), Post(TOWN)
    centre.open(to=GROUP)
    talk(centre, town)
    questions = [frame.destination for _, frame in centre.said if Head.decode(frame.octets).kind is FrameKind.CONTROL]
    assert ([b"leave"], True) == (town.shown, centre.is_done)
    assert {TOWN, SIREN, VILLAGE} >= set(questions)
    assert 1 <= len(questions) <= 4


def test_who_is_asked_for_the_time_and_has_none_holds_nothing_up() -> None:
    """Two posts after a night without power: neither judges what it cannot, and each hears the other at once."""
    centre, town = Post(CENTRE, AT_BOOT, is_trusted=False), Post(TOWN, -10 * HOUR_S, is_trusted=False)
    centre.open()
    town.open(FrameKind.REPORT)
    talk(centre, town, for_s=25.0)
    assert ([b"leave"], [b"leave"]) == (town.shown, centre.shown)
    assert ([], []) == (town.apart, centre.apart)


def test_a_post_that_never_answers_is_asked_for_half_a_minute_and_then_told() -> None:
    """Nobody says what time it is: the report goes out by the clock that there is, for it may be right enough."""
    town, nobody = Post(TOWN, -10 * 60.0, is_trusted=False), Post(CENTRE)
    town.open(FrameKind.REPORT)
    talk(town, nobody, lost=lambda frame: True)
    first = next(at for at, frame in town.said if frame.ref)
    assert 30.0 <= first - NOW < 40.0
    assert 3 <= sum(not frame.ref for at, frame in town.said if at < first) <= 4


def test_a_command_to_a_post_without_a_clock_waits_for_the_word_of_a_post_that_has_one() -> None:
    """Who does not know the time proves to be live, and no command is obeyed on that."""
    centre, town = Post(CENTRE, AT_BOOT, is_trusted=False), Post(TOWN, AT_BOOT, is_trusted=False)
    centre.open(FrameKind.COMMAND)
    talk(centre, town)
    assert ([], {Cause.UNTIMED}) == (town.shown, town.refused)


def test_text_is_judged_by_the_time_that_was_told_as_long_as_the_process_lives() -> None:
    """Recorded, jammed, played hours later, when the word on the time is too old for a command."""
    centre, town = Post(CENTRE), Post(TOWN, AT_BOOT, is_trusted=False)
    centre.open()
    talk(centre, town)
    jammed = sealer(first=900).seal(TOWN, Plain(FrameKind.DISPATCH, Traffic.ACTUAL, b"\0\1\0\0go", NOW + HOUR_S), NOW)
    town.hear(jammed, NOW + 2 * HOUR_S)
    assert ([b"leave"], {Cause.EXPIRED}) == (town.shown, town.refused)


@pytest.mark.parametrize(("off_s", "hours"), [(-10 * HOUR_S, 10), (DAY_S, -24)])
def test_clocks_that_both_claim_to_be_right_and_differ_are_told_once_at_whoever_refuses(off_s: float, hours: int) -> None:
    """Slow by ten hours: its receipts are over for the centre. A day ahead: the order is over for it. Nothing of that is silent."""
    centre, town = Post(CENTRE), Post(TOWN, off_s)
    for minute in range(3):
        centre.open(at=NOW + 60.0 * minute)
        talk(centre, town, at=NOW + 60.0 * minute, for_s=60.0)
    refusing, other = (centre, TOWN) if off_s < 0 else (town, CENTRE)
    assert ({Cause.EXPIRED}, [(other, -hours if refusing is centre else hours)]) == (refusing.refused, refusing.apart)


def test_what_is_only_late_is_no_quarrel_of_clocks() -> None:
    """A jammed frame comes after its end: its sender is asked, says the same time as we, and nobody is told anything."""
    centre, town = Post(CENTRE), Post(TOWN)
    town.hear(sealer(first=7).seal(TOWN, Plain(FrameKind.DISPATCH, Traffic.ACTUAL, b"\0\1\0\0go", NOW - HOUR_S), NOW - 2 * HOUR_S), NOW)
    talk(centre, town, for_s=20.0)
    assert ({Cause.EXPIRED}, [], []) == (town.refused, town.apart, centre.apart)
    assert 2 == len(town.said) + len(centre.said)


def test_the_mark_of_what_was_shown_outlives_a_clock_that_cannot_tell_its_end() -> None:
    """The same transfer comes again after days, under a new counter: as a copy."""
    centre, town = Post(CENTRE), Post(TOWN, AT_BOOT, is_trusted=False)
    centre.open(life_s=20 * DAY_S)
    talk(centre, town, lost=lambda frame: frame.destination == CENTRE)
    talk(centre, town, at=NOW + 10 * DAY_S)
    assert ([b"leave"], True) == (town.shown, centre.is_done)
