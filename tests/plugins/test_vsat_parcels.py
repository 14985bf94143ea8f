"""What is still to be sent, by what a next process finds in the notes."""

from __future__ import annotations

import msgspec

from fenghuo import Attachment
from fenghuo.model.message import MessageId
from fenghuo_vsat import HttpSettings
from fenghuo_vsat.parcels import Parcel, Parcels
from tests.plugins.vsat_fakes import FakeContext

PICTURE = Attachment(MessageId("m-1"), 1, "ab" * 32, 100, "堤.jpg", "image/jpeg")
PARCEL = Parcel(PICTURE, "http://10.99.0.2/files/", priority=2, traffic="Actual", at=10.0, until=4e9)


async def _next_life(ctx: FakeContext) -> list[Parcel]:
    parcels = Parcels(ctx.notes, ctx.clock.time)
    await parcels.recall()
    return parcels.waiting()


async def test_what_is_not_there_yet_is_found_again_in_its_turn() -> None:
    """Urgent before less urgent, old before new, each as it stood; notes of others are none of ours."""
    ctx = FakeContext(HttpSettings(interface="sat0"))
    await ctx.notes.keep({"counter": "7"})
    urgent = msgspec.structs.replace(PARCEL, attachment=msgspec.structs.replace(PICTURE, message=MessageId("m-2")), priority=1, at=20.0)
    parcels = Parcels(ctx.notes, ctx.clock.time)
    await parcels.add([PARCEL, urgent])
    placed = msgspec.structs.replace(PARCEL, place="http://10.99.0.2/files/7")
    await parcels.put(placed)
    assert [urgent, placed] == await _next_life(ctx)
    await parcels.drop(urgent)
    assert [placed] == await _next_life(ctx)


async def test_a_picture_goes_to_a_far_end_once() -> None:
    """The second of ten people there adds nothing, not even after it has arrived; another far end or revision is another parcel."""
    ctx = FakeContext(HttpSettings(interface="sat0"))
    parcels = Parcels(ctx.notes, ctx.clock.time)
    await parcels.add([PARCEL])
    await parcels.put(msgspec.structs.replace(PARCEL, is_done=True))
    await parcels.add([msgspec.structs.replace(PARCEL, at=11.0)])
    assert [] == parcels.waiting()
    others = [
        msgspec.structs.replace(PARCEL, to="http://10.99.0.3/files/"),
        msgspec.structs.replace(PARCEL, attachment=msgspec.structs.replace(PICTURE, revision=2)),
    ]
    await parcels.add(others)
    assert 2 == len(await _next_life(ctx))


async def test_what_has_arrived_is_forgotten_when_its_message_is_over() -> None:
    """The notes do not grow for ever."""
    ctx = FakeContext(HttpSettings(interface="sat0"))
    parcels = Parcels(ctx.notes, ctx.clock.time)
    await parcels.add([PARCEL])
    await parcels.put(msgspec.structs.replace(PARCEL, is_done=True, until=1.0))
    await parcels.add([])
    assert {} == (await ctx.notes.recall()).values
