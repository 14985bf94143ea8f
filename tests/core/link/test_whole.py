"""Both ends mean the same whole, or nothing is held."""

from __future__ import annotations

import itertools
import random

import pytest

from fenghuo.link.air import Air
from fenghuo.link.counters import Grant
from fenghuo.link.events import Delivered, Reached
from fenghuo.link.frame import FrameKind
from fenghuo.link.ledger import Ledger
from fenghuo.link.parcels import Parcel
from fenghuo.link.pieces import cut
from fenghuo.link.receipts import Held
from fenghuo.link.station import Memory, Station
from fenghuo.link.whole import Whole, digest_of
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.ether import Ether, Radio
from tests.core.link.posts import CENTRE, NOW, SIREN, TOWN, ring

WHOLE = Whole((b"ab", b"c"), b"123")


@pytest.mark.parametrize(
    ("held", "known", "then"),
    [
        (Held(TOWN, 0, digest=b"123"), 0, 0b11),
        (Held(TOWN, 0, digest=b"124"), 0b01, 0),
        (Held(TOWN, 0, 2, 0b10), 0b01, 0b10),
        (Held(TOWN, 0, 2, 0b11), 0b01, 0b01),
        (Held(TOWN, 0, 3, 0b001), 0b11, 0),
        (Held(TOWN, 0), 0b01, 0),
    ],
    ids=["all of it", "all of something else", "the other piece", "all, but of what?", "another size", "nothing"],
)
def test_only_the_digest_says_that_all_is_held(held: Held, known: int, then: int) -> None:
    """What a far end says replaces what was known, except that pieces alone never make a whole."""
    assert then == WHOLE.told(held, known)


def test_a_digest_stands_for_key_ends_number_kind_traffic_and_body() -> None:
    """Each of them makes another one; the other end's view of the lane makes the same."""
    lane, other = ring(CENTRE).sending(TOWN, FrameKind.ALERT), ring(CENTRE).sending(SIREN, FrameKind.ALERT)
    kind, traffic = FrameKind.ALERT, Traffic.ACTUAL
    digests = [
        digest_of(lane, 7, b"body", kind=kind, traffic=traffic),
        digest_of(other, 7, b"body", kind=kind, traffic=traffic),
        digest_of(lane, 8, b"body", kind=kind, traffic=traffic),
        digest_of(lane, 7, b"Body", kind=kind, traffic=traffic),
        digest_of(lane, 7, b"body", kind=FrameKind.DISPATCH, traffic=traffic),
        digest_of(lane, 7, b"body", kind=kind, traffic=Traffic.EXERCISE),
    ]
    assert 6 == len(set(digests))
    heard = ring(TOWN).hearing_by(1, CENTRE, lane.purpose)
    assert heard is not None
    assert digests[0] == digest_of(heard, 7, b"body", kind=kind, traffic=traffic)


def an_order(number: int, body: bytes) -> Parcel:
    return Parcel(TOWN, FrameKind.DISPATCH, Traffic.ACTUAL, Priority.P1, body, NOW + 7200, f"m{number}")


def renumbered(ether: Ether, centre: Radio) -> None:
    """The centre has lost what it knew of its transfers, and gives the number of the first order to the next."""
    centre.disk.outgoing.clear()
    keys = ring(CENTRE)
    centre.station = Station(keys, centre.air, ledger=Ledger(), chance=random.Random(2), memory=Memory())
    for wanted in centre.station.counters.wanted():
        centre.station.counters.grant(Grant(wanted.lane, 0x10000, 0x20000))
    assert 0 == centre.station.open(an_order(2, SECOND), ether.now)


FIRST, SECOND = b"A" * 300, b"B" * 300


@pytest.mark.parametrize("lost", [(), (0,), (1,)], ids=["all of it", "its first piece", "its last piece"])
@pytest.mark.parametrize("held", [0b11, 0b01, 0b10], ids=["whole", "half", "other half"])
def test_a_number_that_came_round_within_one_key_is_another_order(held: int, lost: tuple[int, ...]) -> None:
    """Same key, number, size, kind, traffic and end, the town has all or half of the first one, and a piece of the second is lost: what is
    shown was said, and only what was shown is held."""
    heard = itertools.count()
    renumbered_at = float("inf")
    ether = Ether(3, loss=lambda frame: float(frame.destination == TOWN and ether.now >= renumbered_at and next(heard) in lost))
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    if held == 0b11:
        centre.station.open(an_order(1, FIRST), NOW)
        ether.run(lambda: Reached("m1", TOWN) in centre.events)
    else:
        half_of_the_first(centre, town, held)
    renumbered(ether, centre)
    town.events.clear()
    renumbered_at = ether.now
    ether.run(lambda: Reached("m2", TOWN) in centre.events, limit_s=600)
    assert [SECOND] == [event.body for event in town.events if isinstance(event, Delivered)]
    assert Reached("m2", TOWN) in centre.events


def half_of_the_first(centre: Radio, town: Radio, held: int) -> None:
    assert 2 == len(cut(FIRST, Air().room(FrameKind.DISPATCH)))
    assert 0 == centre.station.open(an_order(1, FIRST), NOW)
    now = NOW
    for index in range(2):
        frame = None
        while frame is None:
            centre.disk.keep(centre.station.changes())
            centre.station.committed()
            frame = centre.station.frame_due(now)
            now += 0.5
        if held >> index & 1:
            town.hear(frame.octets, NOW)
    town.queue.clear()
    town.attempt_at = None
