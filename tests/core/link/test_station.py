"""One post: what it takes, what it owes, and in which order the disk, the owner and the air come."""

from __future__ import annotations

import random

import msgspec
import pytest

from fenghuo.errors import FrameError, KeyUnusable
from fenghuo.link.air import Air
from fenghuo.link.counters import Grant
from fenghuo.link.events import Delivered, Event, Frame, Hostile, Measured, NotTaken, Reached, Tallied
from fenghuo.link.frame import HEAD, FrameKind, Head
from fenghuo.link.ledger import Caps, Ledger
from fenghuo.link.parcels import Parcel
from fenghuo.link.receipts import Tally
from fenghuo.link.seal import Cause, Plain
from fenghuo.link.station import Memory, Station
from fenghuo.link.window import FAR, Window
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.posts import CENTRE, GROUP, NOW, SIREN, TOWN, ring, sealer

AIR = Air()


def station(own: int, *, memory: Memory | None = None, first: int = 0, caps: Caps | None = None, is_clock_trusted: bool = True) -> Station:
    ledger, chance = Ledger(caps), random.Random(own)
    made = Station(ring(own), AIR, ledger=ledger, chance=chance, memory=memory, is_clock_trusted=is_clock_trusted)
    for wanted in made.counters.wanted():
        made.counters.grant(Grant(wanted.lane, first, first + 1024))
    return made


def settle(*stations: Station) -> None:
    """All that waits for the disk is on it."""
    for each in stations:
        each.changes()
        each.committed()


def order(number: int = 1, *, kind: FrameKind = FrameKind.DISPATCH, size: int = 20, priority: Priority = Priority.P2) -> Parcel:
    return Parcel(TOWN, kind, Traffic.EXERCISE, priority, bytes([number]) * size, NOW + 3600, f"m{number}")


def aired(sender: Station, now: float = NOW) -> Frame:
    """The frame that is due."""
    settle(sender)
    frame = sender.frame_due(now)
    assert frame is not None
    return frame


def heard(listener: Station, frame: Frame, now: float = NOW) -> list[Event]:
    return listener.receive_frame(frame.octets, now)


def delivered(events: list[Event]) -> Delivered:
    (event,) = [event for event in events if isinstance(event, Delivered)]
    return event


def test_nothing_leaves_before_the_disk_has_what_it_rests_on() -> None:
    """No frame between changes() and committed(), nor before changes()."""
    centre = station(CENTRE)
    centre.open(order(), NOW)
    assert centre.frame_due(NOW) is None
    assert centre.next_at(NOW) is None
    assert ["m1"] == [outgoing.parcel.ref for outgoing in centre.changes().outgoing]
    assert centre.frame_due(NOW) is None
    centre.committed()
    assert centre.frame_due(NOW) is not None


def test_a_message_is_acknowledged_when_its_owner_took_it_over_and_not_before() -> None:
    """Delivered, taken, committed, and only then a receipt."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(order(), NOW)
    got = delivered(heard(town, aired(centre)))
    assert (FrameKind.DISPATCH, Traffic.EXERCISE, CENTRE, order().body) == (got.kind, got.traffic, got.source, got.body)
    settle(town)
    assert town.frame_due(NOW + 5) is None
    town.taken(got)
    assert town.frame_due(NOW + 5) is None
    assert aired(town, NOW + 5).is_receipt


def test_a_message_that_nobody_took_over_is_delivered_again_after_a_crash() -> None:
    """And one that was taken over is not, whatever copies come."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(order(), NOW)
    got = delivered(heard(town, aired(centre)))
    kept = town.changes()
    again = station(TOWN, memory=Memory(kept.windows, (), kept.incoming))
    assert [got] == again.look(NOW)
    again.taken(got)
    done = again.changes()
    assert [] == station(TOWN, memory=Memory(kept.windows, (), done.incoming)).look(NOW)


def test_a_copy_is_acknowledged_and_not_shown() -> None:
    """The receipt was lost: the piece comes again under a new counter, and is answered with what is held."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(order(), NOW)
    town.taken(delivered(heard(town, aired(centre))))
    aired(town)
    copy = aired(centre, NOW + 10)
    assert [] == heard(town, copy, NOW + 10)
    assert aired(town, NOW + 12).is_receipt


def test_a_stranger_costs_nothing_and_noise_is_told() -> None:
    """Foreign frames are no news; what claims to be ours and is not, is."""
    town = station(TOWN)
    foreign = sealer().seal(SIREN, Plain(FrameKind.ALERT, Traffic.ACTUAL, b"", NOW + 60), NOW)
    assert [] == town.receive_frame(foreign, NOW)
    assert [NotTaken(Cause.MALFORMED)] == town.receive_frame(b"\x40", NOW)
    genuine = sealer().seal(TOWN, Plain(FrameKind.ALERT, Traffic.ACTUAL, b"", NOW + 60), NOW)
    assert [NotTaken(Cause.BAD_TAG, CENTRE)] == town.receive_frame(genuine[:-1] + bytes((genuine[-1] ^ 1,)), NOW)


@pytest.mark.parametrize("kind", [FrameKind.ALERT, FrameKind.RECEIPT, FrameKind.CONTROL])
def test_a_genuine_frame_that_makes_no_sense_is_told(kind: FrameKind) -> None:
    """A newer version's, perhaps; nothing is done because of it."""
    town = station(TOWN)
    assert [NotTaken(Cause.MALFORMED, CENTRE)] == town.receive_frame(
        sealer().seal(TOWN, Plain(kind, Traffic.ACTUAL, b"?", NOW + 60), NOW), NOW
    )


def test_a_hostile_link_is_alarmed_once_and_calms_down() -> None:
    """At the eleventh bad tag in a minute; after ten minutes without one."""
    town = station(TOWN)
    frame = sealer().seal(TOWN, Plain(FrameKind.RECEIPT, Traffic.ACTUAL, b"", NOW + 60), NOW)
    forged = frame[:-1] + bytes((frame[-1] ^ 1,))
    events = [event for _ in range(20) for event in town.receive_frame(forged, NOW)]
    assert [Hostile(1, CENTRE, active=True)] == [event for event in events if isinstance(event, Hostile)]
    assert [] == town.look(NOW + 599)
    assert [Hostile(1, CENTRE, active=False)] == town.look(NOW + 600)


def exchange(asker: Station, asked: Station, now: float) -> list[Event]:
    """The challenge goes out, the proof comes back."""
    heard(asked, aired(asker, now), now)
    return heard(asker, aired(asked, now + 1), now + 1)


def test_a_far_jump_is_taken_after_a_proof() -> None:
    """The piece itself is not; its repetition is, and nothing from before the jump any more."""
    town, centre = station(TOWN), station(CENTRE, first=FAR + 5)
    centre.open(order(), NOW)
    assert [NotTaken(Cause.FAR, CENTRE)] == heard(town, aired(centre))
    assert [] == exchange(town, centre, NOW + 2)
    assert order().body == delivered(heard(town, aired(centre, NOW + 20), NOW + 20)).body
    old = sealer(first=17).seal(TOWN, Plain(FrameKind.DISPATCH, Traffic.ACTUAL, b"", NOW + 60), NOW)
    assert [NotTaken(Cause.OLD, CENTRE)] == town.receive_frame(old, NOW + 20)


@pytest.mark.parametrize("days", [40, 10, -10, 20_000])
def test_a_command_waits_for_a_proof_where_there_is_no_clock(days: int) -> None:
    """Text is read without; after the proof the sender's word on the time is good for a quarter of an hour."""
    town, centre = station(TOWN), station(CENTRE)
    town.opener.is_clock_trusted = False
    wrong = NOW - days * 86_400
    centre.open(order(kind=FrameKind.COMMAND), NOW)
    assert [NotTaken(Cause.UNTIMED, CENTRE)] == heard(town, aired(centre), wrong)
    heard(centre, aired(town, wrong), NOW + 2)
    heard(town, aired(centre, NOW + 3), wrong + 3)
    assert order(kind=FrameKind.COMMAND).body == delivered(heard(town, aired(centre, NOW + 20), wrong + 20)).body
    late = sealer(first=900).seal(TOWN, Plain(FrameKind.COMMAND, Traffic.ACTUAL, b"\0\1\0\0on", NOW - 60), NOW)
    assert [NotTaken(Cause.EXPIRED, CENTRE)] == town.receive_frame(late, wrong + 30)
    later = sealer(first=950).seal(TOWN, Plain(FrameKind.COMMAND, Traffic.ACTUAL, b"\0\1\0\0on", NOW + 3600), NOW)
    assert [NotTaken(Cause.UNTIMED, CENTRE)] == town.receive_frame(later, wrong + 1000)


def test_a_proof_that_nobody_asked_for_moves_nothing() -> None:
    """Recorded from another exchange, and played to a post that has been restarted."""
    town, centre = station(TOWN), station(CENTRE, first=FAR + 5)
    centre.open(order(), NOW)
    heard(town, aired(centre))
    heard(centre, aired(town, NOW + 2), NOW + 2)
    proof = aired(centre, NOW + 3)
    other = station(TOWN)
    assert [NotTaken(Cause.FAR, CENTRE)] == heard(other, proof, NOW + 4)
    lane = ring(TOWN).hearing(Head.decode(proof.octets))
    assert lane is not None
    assert Window() == other.opener.window(lane)


def test_telemetry_is_one_frame_and_no_receipt() -> None:
    """With the short tag."""
    centre, town = station(CENTRE), station(TOWN)
    town.measure(CENTRE, b"4.17 m", traffic=Traffic.ACTUAL, ends_at=NOW + 60)
    frame = aired(town)
    assert [Measured(TOWN, Traffic.ACTUAL, b"4.17 m")] == heard(centre, frame)
    assert 6 + 11 + 3 == len(frame.octets)
    settle(centre)
    assert centre.frame_due(NOW + 5) is None


def test_a_tally_goes_up_as_one_receipt_for_the_whole_group() -> None:
    """Eight of ten at DEVICE, about the transfer as its sender numbered it."""
    centre, town = station(CENTRE), station(TOWN)
    tally = Tally(centre.open(order(), NOW), Evidence.DEVICE, 10, 0x0FF)
    town.tally(CENTRE, tally)
    assert [Tallied(TOWN, tally)] == heard(centre, aired(town))


def test_receipts_go_before_messages_and_several_in_one_frame() -> None:
    """Keying is paid once."""
    centre, town = station(CENTRE), station(TOWN)
    for number in (1, 2, 3):
        centre.open(order(number, priority=Priority(number)), NOW)
        town.taken(delivered(heard(town, aired(centre, NOW + 2.5 * number), NOW + 2.5 * number)))
    town.open(Parcel(CENTRE, FrameKind.REPORT, Traffic.ACTUAL, Priority.P0, b"0", NOW + 600, "r"), NOW)
    first, second = aired(town, NOW + 20), aired(town, NOW + 30)
    assert (True, 7 + 3 + 1 + 3 * 7 + 4) == (first.is_receipt, len(first.octets))
    assert "r" == second.ref


def test_who_was_asked_first_answers_first_and_is_not_asked_again_in_vain() -> None:
    """Both asked, and the town could not have heard us: our receipt waits as long as its own would take, and then our message goes with
    it once more, under one keying."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(order(), NOW)
    lost = aired(centre)
    town.open(msgspec.structs.replace(order(2), destination=CENTRE), NOW)
    came_at = NOW + 3.0
    (event,) = heard(centre, aired(town, came_at - 1.0), came_at)
    assert isinstance(event, Delivered)
    centre.taken(event)
    settle(centre)
    assert centre.frame_due(came_at) is None
    now = came_at + AIR.answer_s()
    assert now == pytest.approx(centre.next_at(came_at))
    receipt = aired(centre, now)
    repeat = aired(centre, now)
    assert (True, False, True) == (receipt.is_receipt, receipt.is_chained, repeat.is_chained)
    assert [len(lost.octets)] == [len(repeat.octets)]
    assert [Reached("m2", CENTRE)] == [event for event in heard(town, receipt, now + 1.0) if isinstance(event, Reached)]
    assert delivered(heard(town, repeat, now + 2.0)).body == order().body


def test_receipts_take_a_tenth_of_the_air_and_no_more() -> None:
    """When their share is used up the station says when it will go on, and messages still go."""
    caps = Caps(span_s=60.0, receipts=0.02)
    centre, town = station(CENTRE), station(TOWN, caps=caps)
    for number in (1, 2):
        centre.open(order(number, priority=Priority(number)), NOW)
        town.taken(delivered(heard(town, aired(centre, NOW + 5 * number), NOW + 5 * number)))
        settle(town)
        frame = town.frame_due(NOW + 5 * number + 3)
        assert (number == 1) == (frame is not None)
    assert NOW + 68 == town.next_at(NOW + 20)
    town.open(Parcel(CENTRE, FrameKind.REPORT, Traffic.ACTUAL, Priority.P0, b"0", NOW + 600, "r"), NOW)
    assert "r" == aired(town, NOW + 20).ref
    assert aired(town, NOW + 68.5).is_receipt


def test_above_the_soft_cap_routine_waits_and_urgent_goes() -> None:
    """The ledger belongs to the medium."""
    caps = Caps(span_s=60.0, soft=0.01, hard=1.0)
    centre = station(CENTRE, caps=caps)
    centre.open(order(1, priority=Priority.P4), NOW)
    settle(centre)
    assert centre.frame_due(NOW) is None
    centre.open(order(2, priority=Priority.P1), NOW)
    assert "m2" == aired(centre).ref


def test_only_what_was_asked_for_is_given() -> None:
    """One send() of the core asks for its own parcel; the scheduler of the medium decides whose turn it is."""
    centre = station(CENTRE)
    centre.open(order(1, priority=Priority.P0), NOW)
    centre.open(order(2, priority=Priority.P4), NOW)
    settle(centre)
    assert "m2" == getattr(centre.frame_due(NOW, ref="m2"), "ref", None)


def test_without_a_key_nothing_is_begun() -> None:
    """No such device; a command to a group; a key that is stale; a body that is too long."""
    centre = station(CENTRE)
    with pytest.raises(KeyUnusable, match="1>77"):
        centre.open(Parcel(77, FrameKind.ALERT, Traffic.ACTUAL, Priority.P2, b"", NOW, "x"), NOW)
    with pytest.raises(KeyUnusable, match="no key to send COMMAND"):
        centre.open(Parcel(GROUP, FrameKind.COMMAND, Traffic.ACTUAL, Priority.P2, b"", NOW, "x"), NOW)
    with pytest.raises(FrameError, match="more than 64 pieces"):
        centre.open(order(size=64 * 194 + 1), NOW)
    centre.counters.grant(Grant(ring(CENTRE).sending(TOWN, FrameKind.ALERT).name, 0, 0, stale=True))
    with pytest.raises(KeyUnusable, match="stale"):
        centre.open(order(), NOW)
    assert not centre.changes()


def test_a_number_that_came_round_is_a_new_message() -> None:
    """After 65,536 counters the same number, under another end: shown, though the mark of the old one is still kept."""
    town = station(TOWN)
    for life_s in (3600.0, 7200.0):
        centre = station(CENTRE, first=0 if life_s == 3600.0 else 65_536)
        centre.open(Parcel(TOWN, FrameKind.REPORT, Traffic.ACTUAL, Priority.P2, b"again", NOW + life_s, "m"), NOW)
        town.taken(delivered(heard(town, aired(centre))))


def test_counters_that_run_out_hold_the_frame_back() -> None:
    """And it goes when the disk has given more."""
    centre = Station(ring(CENTRE), AIR, ledger=Ledger(), chance=random.Random(1))
    name = ring(CENTRE).sending(TOWN, FrameKind.DISPATCH).name
    centre.counters.grant(Grant(name, 0, 1))
    centre.open(order(size=300), NOW)
    aired(centre)
    settle(centre)
    assert centre.frame_due(NOW + 5) is None
    assert name in [wanted.lane for wanted in centre.counters.wanted()]
    centre.counters.grant(Grant(name, 1024, 2048))
    assert 1024 == Head.decode(aired(centre, NOW + 6).octets).counter


def test_a_frame_is_no_longer_than_its_air_allows() -> None:
    """Whatever the medium: each frame within its octets and its seconds."""
    for air in (AIR, Air(bitrate=600.0, keying_s=0.5), Air(bitrate=9600.0), Air(mtu=60, fragment_s=20.0)):
        centre = Station(ring(CENTRE), air, ledger=Ledger(), chance=random.Random(1))
        for wanted in centre.counters.wanted():
            centre.counters.grant(Grant(wanted.lane, 0, 1024))
        centre.open(order(size=300), NOW)
        frame = aired(centre)
        assert len(frame.octets) <= air.mtu
        assert frame.airtime_s <= air.fragment_s + 0.01
        assert HEAD < len(frame.octets)


def test_a_forged_frame_costs_no_commit() -> None:
    """Whoever floods the air with them wears out no disk; one that counts as heard is kept."""
    town = station(TOWN)
    settle(town)
    frame = bytearray(sealer().seal(TOWN, Plain(FrameKind.ALERT, Traffic.ACTUAL, b"", NOW + 60), NOW))
    frame[-1] ^= 1
    assert [NotTaken(Cause.BAD_TAG, CENTRE)] == town.receive_frame(bytes(frame), NOW)
    assert not town.changes()
    frame[-1] ^= 1
    assert [NotTaken(Cause.EXPIRED, CENTRE)] == town.receive_frame(bytes(frame), NOW + 3600)
    assert town.changes().windows
