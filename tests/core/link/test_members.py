"""Who is believed for whom: a receipt counts for the post whose own key sealed it, and a group's key proves less and says so."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.errors import KeyUnusable
from fenghuo.link.events import Delivered, NotTaken, Reached
from fenghuo.link.frame import HEAD, FrameKind, Head
from fenghuo.link.parcels import Parcel
from fenghuo.link.receipts import Held, HeldList, encode_receipt
from fenghuo.link.seal import Cause, Plain
from fenghuo.link.station import Memory
from fenghuo.link.whole import digest_of
from fenghuo.model.traffic import Priority, Traffic
from tests.core.link.posts import CENTRE, GROUP, NOW, TOWN, VILLAGE, ring, sealer
from tests.core.link.test_station import aired, delivered, heard, order, station

CALL = Parcel(GROUP, FrameKind.ALERT, Traffic.ACTUAL, Priority.P0, b"text", NOW + 3600, "call")


def test_a_receipt_in_another_members_slot_counts_for_whoever_sealed_it() -> None:
    """The town answers in the slot of every member, and claims each time to hold all of it: the centre has heard of the town alone."""
    centre = station(CENTRE)
    number = centre.open(CALL, NOW)
    aired(centre)
    lane = ring(CENTRE).sending(GROUP, FrameKind.ALERT)
    all_of_it = Held(GROUP, number, digest=digest_of(lane, number, CALL.body, kind=CALL.kind, traffic=CALL.traffic))
    keys = sealer(TOWN)
    receipt = Plain(FrameKind.RECEIPT, Traffic.SYSTEM, encode_receipt(HeldList((all_of_it,))), NOW + 3600)
    events = [event for slot in range(3) for event in centre.receive_frame(keys.seal(CENTRE, receipt, NOW), NOW + 2 * slot)]
    assert [Reached("call", TOWN)] == events


def test_no_member_can_seal_a_receipt_as_another() -> None:
    """Under the group's key there is no lane for one, and under its own key another's code does not fit the tag."""
    with pytest.raises(KeyUnusable):
        ring(TOWN).sending(GROUP, FrameKind.RECEIPT)
    frame = sealer(TOWN).seal(CENTRE, Plain(FrameKind.RECEIPT, Traffic.SYSTEM, b"x", NOW + 60), NOW)
    for key_id, events in ((3, [NotTaken(Cause.BAD_TAG, VILLAGE)]), (1, []), (9, [])):
        head = msgspec.structs.replace(Head.decode(frame), source=VILLAGE, key_id=key_id)
        assert events == station(CENTRE).receive_frame(head.encode() + frame[HEAD:], NOW)


def test_what_came_under_a_groups_key_says_so_and_is_no_command() -> None:
    """Any member could have made it; the same under the post's own key is not shared, and a command is one."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(CALL, NOW)
    shared = delivered(heard(town, aired(centre)))
    assert (CENTRE, True, False) == (shared.source, shared.is_shared, shared.is_command)
    own = station(CENTRE, first=50)
    own.open(order(kind=FrameKind.COMMAND), NOW)
    mine = delivered(heard(station(TOWN), aired(own)))
    assert (False, True) == (mine.is_shared, mine.is_command)


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_command_that_lay_on_the_disk_over_a_restart_is_one_only_where_a_clock_tells_its_age(is_trusted: bool) -> None:
    """Nobody can say whether the power was away for a second or for a week: it is read, and starts nothing."""
    centre, town = station(CENTRE), station(TOWN)
    centre.open(order(kind=FrameKind.COMMAND), NOW)
    heard(town, aired(centre))
    kept = town.changes()
    (again,) = station(TOWN, memory=Memory(kept.windows, (), kept.incoming), is_clock_trusted=is_trusted).look(NOW)
    assert isinstance(again, Delivered)
    assert is_trusted is again.is_command
