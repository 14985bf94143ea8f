"""One message to ten towns: called once, answered in slots, the missing ones polled (scenarios.md S9)."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import mean

import pytest

from fenghuo.link.events import Finished, Frame, Reached, Tallied, Unreached
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.parcels import Ending, Parcel
from fenghuo.link.receipts import Tally
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.ether import Ether, Radio
from tests.core.link.loss import bit_errors
from tests.core.link.posts import ALL, CITY, COUNTY, NOW, TEN, TOWNS

BODY = random.Random(9).randbytes(300)
ORDER = Parcel(ALL, FrameKind.DISPATCH, Traffic.ACTUAL, Priority.P1, BODY, NOW + 7200, "order")


Loss = float | Callable[[Frame], float]


class Call:
    """The county calls, and when it knew what of whom. A silent town has no radio at all."""

    def __init__(self, seed: int, *, loss: Loss = 0.0, silent: tuple[int, ...] = (), persist: float = 1.0) -> None:
        self.ether = Ether(seed, loss=loss, persist=persist)
        self.county = self.ether.join(COUNTY, roots=TEN)
        self.towns = [self.ether.join(code, roots=TEN) for code in TOWNS if code not in silent]
        self.reached_s: dict[int, float] = {}
        self.county.station.open(ORDER, NOW)

    def run(self) -> Call:
        self.ether.run(self._is_over, limit_s=900)
        return self

    def _is_over(self) -> bool:
        for event in self.county.events:
            if isinstance(event, Reached):
                self.reached_s.setdefault(event.member, self.ether.now - NOW)
        return any(isinstance(event, Finished) for event in self.county.events)

    @property
    def unreached(self) -> set[int]:
        return {event.member for event in self.county.events if isinstance(event, Unreached)}


def kinds(radio: Radio) -> list[str]:
    return [Head.decode(frame.octets).kind.name for _, frame in radio.sent]


def test_ten_towns_answer_in_their_slots() -> None:
    """One call of two frames, ten answers in order, no collision, all within twenty seconds."""
    call = Call(1).run()
    assert list(TOWNS) == sorted(call.reached_s) == list(call.reached_s)
    assert (["DISPATCH"] * 2, [["RECEIPT"]] * 10) == (kinds(call.county), [kinds(town) for town in call.towns])
    assert 0.0 == call.ether.collision_s
    assert max(call.reached_s.values()) < 20.0
    assert [[BODY]] * 10 == [[delivered.body for delivered in town.shown] for town in call.towns]
    assert [Finished("order", Ending.HELD)] == [event for event in call.county.events if isinstance(event, Finished)]


def test_the_usual_persistence_costs_no_collision() -> None:
    """63 of 256 for all that chance must keep apart; in a slot of its own a modem takes the channel at its first look."""
    calls = [Call(seed, persist=63 / 256).run() for seed in range(10)]
    assert 0.0 == sum(call.ether.collision_s for call in calls)
    assert [True] * 100 == [frame.is_slotted for call in calls for town in call.towns for _, frame in town.sent]
    assert not any(frame.is_slotted for call in calls for _, frame in call.county.sent)


def test_with_a_tenth_lost_nine_are_reached_in_45_seconds() -> None:
    """In each of a dozen runs; the rest follows, or is told, within three minutes."""
    calls = [Call(seed, loss=0.1).run() for seed in range(12)]
    assert all(sorted(call.reached_s.values())[8] <= 45.0 for call in calls)
    assert all(call.ether.now - NOW <= 180.0 for call in calls)


@pytest.mark.parametrize("loss", [0.2, bit_errors], ids=["dice", "noise"])
def test_with_a_fifth_lost_everybody_is_reached_or_told(loss: Loss) -> None:
    """Nobody is shown anything twice, nobody is forgotten; where a fifth of the fragments is lost the airtime at most doubles."""
    calls = [Call(seed, loss=loss).run() for seed in range(12)]
    for call in calls:
        assert set(TOWNS) == set(call.reached_s) | call.unreached
        assert not set(call.reached_s) & call.unreached
        assert all(len(town.shown) <= 1 for town in call.towns)
        assert 0.0 == call.ether.collision_s
        assert call.ether.now - NOW <= 180.0
    clear_s = sum(Call(1).run().ether.air_s.values())
    assert mean(sum(call.ether.air_s.values()) for call in calls) <= (2.0 if loss is bit_errors else 2.25) * clear_s


def test_towns_that_are_off_are_polled_twice_each_and_told() -> None:
    """Two of ten: no second call for so few, two polls each, then a person reads them a script."""
    call = Call(1, silent=(4, 9)).run()
    assert {4, 9} == call.unreached
    assert ["DISPATCH"] * 2 + ["RECEIPT"] * 4 == kinds(call.county)
    assert [Finished("order", Ending.SILENT)] == [event for event in call.county.events if isinstance(event, Finished)]
    assert call.ether.now - NOW <= 45.0


def test_a_town_that_lacks_a_piece_gets_it_in_a_second_call() -> None:
    """Only the missing piece, and only that town answers again."""
    call = Call(1)
    call.ether.deafen(call.towns[3], 1)
    call.run()
    assert ["DISPATCH"] * 3 == kinds(call.county)
    assert [1, 1, 1, 2, 1, 1, 1, 1, 1, 1] == [len(town.sent) for town in call.towns]


def test_nobody_speaks_into_the_slots_unless_lives_hang_on_it() -> None:
    """A town with a routine report waits until the last slot is over; a P0 does not."""
    for priority, is_held in ((Priority.P4, True), (Priority.P0, False)):
        call = Call(1)
        call.ether.run(lambda call=call: bool(call.towns[0].sent))  # type: ignore[misc]  # bound in the loop
        at = call.ether.now
        call.towns[0].station.open(Parcel(COUNTY, FrameKind.REPORT, Traffic.ACTUAL, priority, b"0", NOW + 600, "r"), at)
        call.ether.run(lambda call=call: any("r" == frame.ref for _, frame in call.towns[0].sent), limit_s=60)  # type: ignore[misc]
        assert is_held == (call.ether.now - at > 9 * 1.4)


@pytest.mark.parametrize("after", range(1, 14, 2))
def test_a_county_killed_in_mid_call_goes_on(after: int) -> None:
    """What towns said before is kept; nobody is shown the order twice."""
    call = Call(after)
    call.ether.run(lambda: len(call.county.sent) + sum(len(town.sent) for town in call.towns) >= after)
    call.ether.crash(call.county)
    call.run()
    assert [[BODY]] * 10 == [[delivered.body for delivered in town.shown] for town in call.towns]
    assert {code for code, town in zip(TOWNS, call.towns, strict=True) if town.shown} == set(TOWNS)
    assert [Ending.HELD] == [event.ending for event in call.county.events if isinstance(event, Finished)]


def test_a_town_killed_in_mid_call_is_reached_all_the_same() -> None:
    """It comes back with its pieces, misses its slot, and is polled."""
    call = Call(1)
    call.ether.run(lambda: len(call.county.sent) == 2 and not call.ether.is_sending(call.county))
    call.ether.crash(call.towns[5])
    call.run()
    assert set(TOWNS) == set(call.reached_s)
    assert [BODY] == [delivered.body for delivered in call.towns[5].shown]


def test_an_order_goes_down_two_levels_and_one_tally_comes_up() -> None:
    """City to county, county to ten towns by one call, and one receipt with ten bits back: all on one frequency, in a minute."""
    ether = Ether(4)
    city, county = ether.join(CITY, roots=TEN), ether.join(COUNTY, roots=TEN)
    for code in TOWNS:
        ether.join(code, roots=TEN)
    number = city.station.open(Parcel(COUNTY, FrameKind.DISPATCH, Traffic.ACTUAL, Priority.P1, BODY[:198], NOW + 7200, "down"), NOW)
    ether.run(lambda: bool(county.shown))
    assert number == county.shown[0].transfer
    county.station.open(ORDER, ether.now)
    ether.run(lambda: any(event == Finished("order", Ending.HELD) for event in county.events))
    reached = {event.member for event in county.events if isinstance(event, Reached)}
    tally = Tally.of(county.shown[0].transfer, Evidence.DEVICE, TOWNS, reached)
    county.station.tally(CITY, tally)
    ether.run(lambda: any(isinstance(event, Tallied) for event in city.events))
    assert [Tallied(COUNTY, Tally(number, Evidence.DEVICE, 10, 0x3FF))] == [event for event in city.events if isinstance(event, Tallied)]
    assert ether.now - NOW <= 60.0
