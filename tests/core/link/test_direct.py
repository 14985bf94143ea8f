"""Messages to one device over a lossy half-duplex medium: all arrive, none twice, at a bounded price; crashes lose nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from fenghuo.link.air import Air
from fenghuo.link.events import Finished, Frame, Reached, Unreached
from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.parcels import Ending, Parcel
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.ether import Ether, Radio
from tests.core.link.loss import bit_errors
from tests.core.link.posts import CENTRE, NOW, SIREN, TOWN

# Two pieces of 150 octets, the last with a digest, and one receipt, each keyed up and down.
FAST = Air(bitrate=9600, keying_s=0.08, access_s=0.1, turnaround_s=0.1)
MINIMUM_S = Air().airtime_s(172) + Air().airtime_s(175) + Air().airtime_s(22)


def parcel(destination: int, number: int, *, size: int = 300, priority: Priority = Priority.P2, life_s: float = 86_400.0) -> Parcel:
    body = random.Random(number).randbytes(size)
    return Parcel(destination, FrameKind.DISPATCH, Traffic.ACTUAL, priority, body, NOW + life_s, f"m{number}")


def ended(radio: Radio) -> list[Finished]:
    return [event for event in radio.events if isinstance(event, Finished)]


def dialogue(seed: int, loss: float | Callable[[Frame], float], count: int = 20) -> tuple[Ether, Radio, Radio]:
    """Each sends `count` messages of 300 octets to the other at once."""
    ether = Ether(seed, loss=loss)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    for number in range(count):
        centre.station.open(parcel(TOWN, number), NOW)
        town.station.open(parcel(CENTRE, 1000 + number), NOW)
    ether.run(lambda: len(ended(centre)) == len(ended(town)) == count, limit_s=7200)
    return ether, centre, town


@pytest.mark.parametrize("loss", [0.2, bit_errors], ids=["dice", "noise"])
@pytest.mark.parametrize("seed", range(5))
def test_all_arrive_once_though_a_fifth_is_lost(loss: float | Callable[[Frame], float], seed: int) -> None:
    """Twenty messages each way, in order, none shown twice, within 1.6 times the airtime of the same without loss."""
    ether, centre, town = dialogue(seed, loss)
    assert [parcel(TOWN, number).body for number in range(20)] == [delivered.body for delivered in town.shown]
    assert [parcel(CENTRE, 1000 + number).body for number in range(20)] == [delivered.body for delivered in centre.shown]
    without, *_ = dialogue(seed, 0.0)
    assert sum(ether.air_s.values()) <= 1.6 * sum(without.air_s.values())


def test_without_loss_a_message_costs_its_pieces_and_one_receipt() -> None:
    """No poll, no frame twice."""
    ether = Ether(1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    for number in range(20):
        centre.station.open(parcel(TOWN, number), NOW)
    ether.run(lambda: len(ended(centre)) == 20)
    assert 20 * MINIMUM_S == pytest.approx(sum(ether.air_s.values()))
    assert (40, 20) == (len(centre.sent), len(town.sent))


def test_a_hundred_messages_one_way_stay_near_the_price_of_the_loss() -> None:
    """By noise, with receipts and repetitions: within 1.6 times pieces and one receipt each."""
    ether = Ether(7, loss=bit_errors)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    for number in range(100):
        centre.station.open(parcel(TOWN, number), NOW)
    ether.run(lambda: len(ended(centre)) == 100, limit_s=7200)
    assert [parcel(TOWN, number).body for number in range(100)] == [delivered.body for delivered in town.shown]
    assert sum(ether.air_s.values()) <= 1.6 * 100 * MINIMUM_S


@pytest.mark.parametrize("seed", [4, 7, 8, 9])
def test_the_turn_passes_with_the_receipt(seed: int) -> None:
    """Ten messages each way on a fast link: a receipt and the next message share a keying, so that nobody has to guess who is next."""
    ether = Ether(seed)
    centre, town = ether.join(CENTRE, FAST), ether.join(TOWN, FAST)
    for number in range(10):
        centre.station.open(parcel(TOWN, number), NOW)
        town.station.open(parcel(CENTRE, 1000 + number), NOW)
    ether.run(lambda: len(ended(centre)) == len(ended(town)) == 10)
    keyings = sum(not frame.is_chained for radio in (centre, town) for _, frame in radio.sent)
    assert keyings <= 28, "20 messages; 40 keyings if each receipt had its own"


def test_only_what_is_missing_is_said_again() -> None:
    """A receipt names the deleted pieces (EN 50159, deletion): of four pieces the second and third, once more and no other."""
    lost = iter([False, True, True, False])
    ether = Ether(1, loss=lambda frame: float(next(lost, False)))
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1, size=700), NOW)
    ether.run(lambda: len(ended(centre)) == 1)
    assert ["DISPATCH"] * 6 == [Head.decode(frame.octets).kind.name for _, frame in centre.sent]
    assert 2 == len(town.sent)
    assert [parcel(TOWN, 1, size=700).body] == [delivered.body for delivered in town.shown]


def test_the_sender_hears_that_the_device_has_it() -> None:
    """Evidence DEVICE, and then that nothing more goes out."""
    ether = Ether(1)
    centre, _ = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1), NOW)
    ether.run(lambda: bool(ended(centre)))
    assert [Reached("m1", TOWN), Finished("m1", Ending.HELD)] == centre.events


@pytest.mark.parametrize("waiting", range(6))
def test_a_p0_waits_for_one_fragment_and_no_more(waiting: int) -> None:
    """A thousand P4 are queued, one of them is on the air: the P0 starts behind this frame."""
    ether = Ether(waiting, loss=0.1, persist=1.0)
    centre, _, _ = ether.join(CENTRE), ether.join(TOWN), ether.join(SIREN)
    for number in range(1000):
        centre.station.open(parcel(TOWN, number, size=150, priority=Priority.P4), NOW)
    ether.run(lambda: len(centre.sent) == 4 + waiting and bool(ether.is_sending(centre)))
    asked_at = ether.now
    centre.station.open(parcel(SIREN, 5000, size=38, priority=Priority.P0), asked_at)
    ether.run(lambda: any("m5000" == frame.ref for _, frame in centre.sent))
    assert ether.now - asked_at <= centre.air.fragment_s + centre.air.turnaround_s + 0.1


def test_a_more_urgent_message_goes_between_two_pieces_and_the_other_is_resumed() -> None:
    """Pre-emption at the border of a fragment; nothing of the long one is said twice."""
    ether = Ether(3)
    centre, town, siren = ether.join(CENTRE), ether.join(TOWN), ether.join(SIREN)
    centre.station.open(parcel(TOWN, 1, size=1500, priority=Priority.P4), NOW)
    ether.run(lambda: len(centre.sent) == 3)
    centre.station.open(parcel(SIREN, 2, size=38, priority=Priority.P0), ether.now)
    ether.run(lambda: len(ended(centre)) == 2)
    assert ["m2", "m1"] == [finished.ref for finished in ended(centre)]
    assert (8, 1) == tuple(sum(frame.ref == ref for _, frame in centre.sent) for ref in ("m1", "m2"))
    assert (1, 1) == (len(town.shown), len(siren.shown))


@pytest.mark.parametrize("after", range(1, 9))
@pytest.mark.parametrize("who", ["sender", "receiver", "both"])
def test_a_crash_in_mid_message_loses_and_doubles_nothing(after: int, who: str) -> None:
    """After any frame: taken up by the bitmap on the disk, shown once."""
    ether = Ether(after, loss=0.1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1, size=1000), NOW)
    ether.run(lambda: len(centre.sent) + len(town.sent) >= after)
    for radio in {"sender": [centre], "receiver": [town], "both": [centre, town]}[who]:
        ether.crash(radio)
    ether.run(lambda: bool(ended(centre)), limit_s=600)
    assert [Finished("m1", Ending.HELD)] == ended(centre)
    assert [parcel(TOWN, 1, size=1000).body] == [delivered.body for delivered in town.shown]


def test_a_sender_that_comes_back_says_only_what_the_far_end_lacks() -> None:
    """It asks first: of six pieces the four that were not sent before the crash."""
    ether = Ether(1)
    centre, _ = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1, size=1100), NOW)
    ether.run(lambda: len(centre.sent) == 2 and not ether.is_sending(centre))
    ether.crash(centre)
    ether.run(lambda: bool(ended(centre)))
    assert ["DISPATCH"] * 2 + ["RECEIPT"] + ["DISPATCH"] * 4 == [Head.decode(frame.octets).kind.name for _, frame in centre.sent]


def test_a_caller_that_comes_back_finds_its_message_under_way() -> None:
    """The same ref is the same transfer, also after a crash."""
    ether = Ether(1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    number = centre.station.open(parcel(TOWN, 1), NOW)
    ether.run(lambda: len(centre.sent) == 1)
    ether.crash(centre)
    assert number == centre.station.open(parcel(TOWN, 1), ether.now)
    ether.run(lambda: bool(ended(centre)))
    assert 1 == len(town.shown)


def test_who_never_answers_is_given_up_and_told() -> None:
    """Twelve polls, ever farther apart; a person must know."""
    ether = Ether(1)
    centre = ether.join(CENTRE)
    centre.station.open(parcel(TOWN, 1), NOW)
    ether.run(lambda: bool(ended(centre)))
    assert [Unreached("m1", TOWN), Finished("m1", Ending.SILENT)] == centre.events
    assert 120 < ether.now - NOW < 600
    assert 2 + 12 == len(centre.sent)


def test_what_expires_is_sent_no_more() -> None:
    """Between two frames, whatever is left."""
    ether = Ether(1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1, size=3000, life_s=20.0), NOW)
    ether.run(lambda: bool(ended(centre)))
    assert [Finished("m1", Ending.EXPIRED)] == ended(centre)
    assert max(at for at, _ in centre.sent) <= NOW + 20
    assert [] == town.shown
    assert {} == centre.disk.outgoing


def test_what_is_cancelled_stops_between_two_pieces() -> None:
    """And the next parcel to the same device goes on."""
    ether = Ether(1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    for number in (1, 2):
        centre.station.open(parcel(TOWN, number, size=1000), NOW)
    ether.run(lambda: len(centre.sent) == 2)
    centre.station.cancel("m1")
    ether.run(lambda: len(ended(centre)) == 2)
    assert [Finished("m1", Ending.CANCELLED), Finished("m2", Ending.HELD)] == ended(centre)
    assert [parcel(TOWN, 2, size=1000).body] == [delivered.body for delivered in town.shown]


def test_nothing_is_left_on_the_disk_when_all_is_done() -> None:
    """The sender forgets what was held; the receiver keeps a mark until the message has expired."""
    ether = Ether(1)
    centre, town = ether.join(CENTRE), ether.join(TOWN)
    centre.station.open(parcel(TOWN, 1, life_s=600.0), NOW)
    ether.run(lambda: bool(ended(centre)))
    ether.run(limit_s=1.0)
    assert ({}, [True]) == (centre.disk.outgoing, [incoming.done for incoming in town.disk.incoming.values()])
    town.pump(NOW + 700.0)
    assert {} == town.disk.incoming
