"""Whose a parcel is among several ways, in a time that the test sets."""

from __future__ import annotations

import msgspec

from fenghuo import Attachment
from fenghuo.model.message import MessageId
from fenghuo.plugin.context import LoneNotes
from fenghuo_vsat.depot import ABSENT_S, Depot
from fenghuo_vsat.parcels import Parcel, Parcels

PICTURE = Attachment(MessageId("m-1"), 1, "ab" * 32, 100, "堤.jpg", "image/jpeg")
PARCEL = Parcel(PICTURE, "http://10.99.0.2/files/", priority=2, traffic="Actual", at=10.0, until=4e9, share="sz", carrier="net")


async def test_it_stays_with_its_way_until_that_is_stuck_or_gone_for_long() -> None:
    """The carrier that starts late, the one that is at work, the one that cannot go on, the one that left; in one hand at a time."""
    now = [0.0]
    depot = Depot(Parcels(LoneNotes(), lambda: 20.0), lambda: now[0])
    rung: list[str] = []
    await depot.add([PARCEL])
    depot.join("lte", lambda: rung.append("lte"))

    def whose() -> list[str]:
        return [way for way in ("net", "lte") if depot.waiting(way)]

    assert (["net"], ABSENT_S) == (whose(), depot.looks_again_at("lte")), "net may start a moment later"
    depot.join("net", lambda: rung.append("net"))
    now[0] = 2 * ABSENT_S
    assert (["net"], None) == (whose(), depot.looks_again_at("lte"))
    with depot.in_hand("net", PARCEL):
        depot.stuck("net", PARCEL)
        assert ["net"] == whose(), "it is asking at this moment"
    assert (["net", "lte"], ["net", "lte"]) == (whose(), sorted(rung, reverse=True)), "the other one hears of it"
    with depot.in_hand("lte", PARCEL):
        assert ["lte"] == whose()
    depot.goes_on("net", PARCEL)
    assert ["net"] == whose()
    depot.leave("net")
    assert (["net"], 3 * ABSENT_S) == (whose(), depot.looks_again_at("lte"))
    now[0] = 3 * ABSENT_S
    assert ["net", "lte"] == whose()


async def test_what_nobody_carries_is_anybodys() -> None:
    """As a text left it that went by a way without pictures; and it is no more when it is there."""
    depot = Depot(Parcels(LoneNotes(), lambda: 20.0), lambda: 0.0)
    free = msgspec.structs.replace(PARCEL, carrier="", to="")
    await depot.add([free])
    await depot.add([PARCEL])
    assert ([free], [free], [free]) == (depot.waiting("net"), depot.waiting("lte"), depot.carried("lte"))
    await depot.put(msgspec.structs.replace(free, is_done=True))
    assert [] == depot.waiting("lte")
