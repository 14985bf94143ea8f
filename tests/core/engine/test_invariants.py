"""Everybody has a way, a command post has two, and the seconds in which it is not so are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pytest

from fenghuo.engine.channels import ChannelBoard, Terms
from fenghuo.engine.health import Sign
from fenghuo.engine.invariants import ONE_WAY, TWO_WAYS, Broken, Invariants, broken
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Traffic
from tests.core.engine.test_channels import instance
from tests.core.engine.values import NOW, view
from tests.core.store.rows import StillClock

DIRECTORY = Directory(
    orgs=(Org("tc", "指挥中心", "centre", 3), Org("shaxi", "沙溪镇", "town", 4), Org("empty", "无地址", "town", 4)),
    persons=(Person("wang", "王", "shaxi"),),
    contacts=(
        ContactPoint("org:tc", "callsign", "BH4TCC"),
        ContactPoint("org:tc", "msisdn", "+8619900000001"),
        ContactPoint("wang", "msisdn", "+8619900000002"),
        ContactPoint("area:mca:320585", "callsign", "BH4TCA"),
    ),
)
WITH_MAILBOX = msgspec.structs.replace(
    DIRECTORY,
    orgs=(*DIRECTORY.orgs, Org("mail", "只有邮箱", "town", 4)),
    contacts=(*DIRECTORY.contacts, ContactPoint("org:mail", "email", "x@example.org")),
)


def ids(found: dict[str, tuple[Broken, ...]]) -> tuple[list[str], list[str]]:
    return [one.org for one in found[ONE_WAY]], [one.org for one in found[TWO_WAYS]]


def test_with_both_bearers_up_both_hold() -> None:
    """Who has no address at all is nobody's to reach."""
    assert ([], []) == ids(broken(DIRECTORY, (view("a"), view("r"))))


@pytest.mark.parametrize(
    "change",
    [
        {"health": Health.DOWN},
        {"health": Health.SUSPECT},
        {"health": Health.UNKNOWN},
        {"admin": Admin.DISABLED},
        {"traffic": (Traffic.EXERCISE,)},
        {"ungraded": "its type has not passed bronze"},
        {"evidence_max": Evidence.ACCEPTED},
    ],
)
def test_a_channel_that_cannot_be_counted_on_is_no_way(change: dict[str, object]) -> None:
    """The town is cut off, the centre has one left."""
    found = broken(DIRECTORY, (view("a", **change), view("r")))
    assert (["shaxi"], ["tc"]) == ids(found)
    assert (Broken("tc", 3, "指挥中心", ("r",)),) == found[TWO_WAYS]


def test_a_loudspeaker_that_was_heard_is_a_way() -> None:
    """Somebody was near it."""
    assert ([], []) == ids(broken(DIRECTORY, (view("a", evidence_max=Evidence.AIRED), view("r"))))


def test_a_channel_on_trial_is_a_way() -> None:
    """It carries, if only for a few."""
    assert ([], []) == ids(broken(DIRECTORY, (view("a", health=Health.PROBATION), view("r"))))


def test_two_channels_on_one_mast_are_one_way_for_a_command_post() -> None:
    """SMS and radio that hang on one mains are not counted as two."""
    one_mast = (view("a", risk_groups=("opA", "mains:hq")), view("r", risk_groups=("mast", "mains:hq")))
    assert ([], ["tc"]) == ids(broken(DIRECTORY, one_mast))


class Watched:
    """Invariants over a board whose channels a test takes away."""

    def __init__(self, *, with_mailbox: bool = False, told: Mapping[str, Iterable[str]] | None = None) -> None:
        self.clock = StillClock(NOW)
        directory = WITH_MAILBOX if with_mailbox else DIRECTORY
        office = Office(node="node", clock=self.clock, rules=RuleBook(), directory=directory)
        self.board = ChannelBoard(office)
        self.board.add(instance("a"))
        radio = instance("r", terms=Terms(risk_groups=("mast",)))
        radio.address_kinds = ("callsign",)
        self.board.add(radio)
        self.invariants = Invariants(office, self.board)
        self.who: list[tuple[str, list[str]]] = []
        self.invariants.on_change = lambda name, found: self.who.append((name, [one.org for one in found]))
        self.kept: dict[str, set[str]] = {}
        self.invariants.on_told = lambda told: self.kept.update({name: set(orgs) for name, orgs in told.items()})
        self.invariants.take_back(told or {})
        self.invariants.look()

    def saw(self, name: str, sign: Sign, *, after_s: float = 0.0) -> None:
        self.clock.now += after_s
        self.board.observe(name, sign)
        self.invariants.look()

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(name, len(orgs)) for name, orgs in self.who]

    @property
    def seconds(self) -> tuple[float, float]:
        return self.invariants.seconds(ONE_WAY), self.invariants.seconds(TWO_WAYS)


def test_the_seconds_in_which_it_was_broken_are_counted() -> None:
    """Also while it is broken, and not a second more."""
    there = Watched()
    there.saw("a", Sign.LOCAL_UP, after_s=3.0)
    there.saw("r", Sign.LOCAL_UP, after_s=4.0)
    assert (3.0, 7.0) == there.seconds
    there.saw("r", Sign.LOCAL_DOWN, after_s=100.0)
    there.clock.now += 9.0
    assert (3.0, 16.0) == there.seconds
    there.saw("r", Sign.LOCAL_UP, after_s=1.0)
    there.clock.now += 1000.0
    assert (3.0, 17.0) == there.seconds


def test_whoever_breaks_it_anew_is_told_once_and_the_end_too() -> None:
    """A start, when no channel is up yet, is no alarm. The town is cut off first, and the centre too when the radio goes."""
    there = Watched()
    for name in ("a", "r"):
        there.saw(name, Sign.LOCAL_UP)
    assert [] == there.told
    there.saw("a", Sign.LOCAL_DOWN)
    there.saw("r", Sign.LOCAL_DOWN)
    assert [(ONE_WAY, 1), (TWO_WAYS, 1), (ONE_WAY, 1)] == there.told
    there.saw("a", Sign.LOCAL_UP)
    there.saw("r", Sign.LOCAL_UP)
    assert [(ONE_WAY, 0), (TWO_WAYS, 0)] == there.told[3:]


def test_one_that_no_channel_can_ever_take_masks_no_other() -> None:
    """It has a mailbox only: it is told when the start is over, and the town all the same when its channel goes, each time."""
    there = Watched(with_mailbox=True)
    there.saw("a", Sign.LOCAL_UP)
    assert [] == there.told
    there.saw("r", Sign.LOCAL_UP)
    assert [(ONE_WAY, ["mail"])] == there.who
    for _ in range(2):
        there.saw("a", Sign.LOCAL_DOWN)
        there.saw("a", Sign.LOCAL_UP)
    assert [(ONE_WAY, ["shaxi"]), (TWO_WAYS, ["tc"]), (TWO_WAYS, [])] * 2 == there.who[1:]


def test_of_whom_a_person_was_told_before_a_start_nobody_is_told_again() -> None:
    """Unless it had its way meanwhile; whoever lost it while nobody was here is told, and the end is."""
    before = Watched(with_mailbox=True)
    for name in ("a", "r"):
        before.saw(name, Sign.LOCAL_UP)
    assert {ONE_WAY: {"mail"}, TWO_WAYS: set()} == before.kept
    there = Watched(with_mailbox=True, told=before.kept)
    there.saw("a", Sign.LOCAL_UP)
    there.saw("r", Sign.LOCAL_DOWN)
    assert [(TWO_WAYS, ["tc"])] == there.who
    there = Watched(told={ONE_WAY: {"shaxi"}, TWO_WAYS: {"tc"}, "of a later version": {"tc"}})
    for name in ("a", "r"):
        there.saw(name, Sign.LOCAL_UP)
    assert [(ONE_WAY, []), (TWO_WAYS, [])] == there.who
    there.saw("a", Sign.LOCAL_DOWN)
    assert [(ONE_WAY, ["shaxi"]), (TWO_WAYS, ["tc"])] == there.who[2:]


def test_a_start_that_never_ends_is_over_after_two_minutes() -> None:
    """A channel that says nothing of itself keeps no alarm back; it comes with the next thing that is told."""
    there = Watched()
    there.saw("a", Sign.LOCAL_UP, after_s=1.0)
    there.saw("a", Sign.SENT, after_s=118.0)
    assert [] == there.told
    there.saw("a", Sign.SENT, after_s=1.0)
    assert [(TWO_WAYS, ["tc"])] == there.who


def test_what_breaks_while_others_are_starting_is_told() -> None:
    """It had its way already."""
    there = Watched()
    there.saw("a", Sign.LOCAL_UP)
    there.saw("a", Sign.LOCAL_DOWN)
    assert [(ONE_WAY, ["shaxi", "tc"])] == [(name, sorted(orgs)) for name, orgs in there.who]


def test_a_look_without_a_change_costs_nothing() -> None:
    """It is asked after every event."""
    there = Watched()
    before = there.invariants.now
    there.invariants.look()
    assert before is there.invariants.now
