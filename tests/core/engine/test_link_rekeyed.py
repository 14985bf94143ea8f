"""A transfer number means nothing without its key and channel: no order counts as held that was not shown, none is made of two."""

from __future__ import annotations

from pathlib import Path

from fenghuo.link import Ending, Finished, FrameKind
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.store.records import TransferOutRow
from fenghuo.store.tables import TRANSFER_IN, TRANSFER_OUT
from tests.core.engine.link_posts import LinkedPost, an_order, opened_store, talk
from tests.core.link.posts import CENTRE, NOW, TOWN
from tests.core.store.rows import StillClock

ONE, TWO = b"ONE: stay inside", b"TWO: leave at once"


async def test_after_a_change_of_keys_the_first_order_is_shown_before_it_counts(tmp_path: Path) -> None:
    """The new key counts from 0 again, and the town still knows what came as number 0 under the old one; with or without frames lost."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    centre, town = await LinkedPost(CENTRE, 1).start(above), await LinkedPost(TOWN, 1).start(below)
    assert 0 == centre.station.open(an_order(ONE, "one"), NOW)
    now = await talk(centre, town, NOW)
    assert ([ONE], ["one"]) == (town.shown, centre.reached)
    for key_id, lost in ((2, 0), (3, 2)):
        centre, town = await LinkedPost(CENTRE, key_id).start(above), await LinkedPost(TOWN, key_id).start(below)
        assert 0 == centre.station.open(an_order(TWO, "two"), now)
        now = await talk(centre, town, now, is_lost=lambda number, lost=lost: number < lost)  # type: ignore[misc]  # bound early
        assert ([TWO], ["two"]) == (town.shown, centre.reached)
    await above.close()
    await below.close()


async def test_a_poll_under_a_new_key_is_not_answered_with_what_came_under_the_old(tmp_path: Path) -> None:
    """Nothing but polls gets through: then nothing is held, whatever was held as that number before."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    centre, town = await LinkedPost(CENTRE, 1).start(above), await LinkedPost(TOWN, 1).start(below)
    centre.station.open(an_order(ONE, "one"), NOW)
    now = await talk(centre, town, NOW)
    centre, town = await LinkedPost(CENTRE, 2).start(above), await LinkedPost(TOWN, 2).start(below)
    centre.station.open(an_order(TWO, "two"), now)
    # The piece, and the piece that asked once more, are lost each time; what comes between them is a poll.
    await talk(centre, town, now, is_lost=lambda number: number % 3 < 2)
    assert ([], []) == (town.shown, centre.reached)
    await above.close()
    await below.close()


async def test_pieces_under_two_keys_are_never_one_order(tmp_path: Path) -> None:
    """Half of the first order stands at the town when the keys change."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    centre, town = await LinkedPost(CENTRE, 1).start(above), await LinkedPost(TOWN, 1).start(below)
    centre.station.open(an_order(b"A" * 300, "one"), NOW)
    await talk(centre, town, NOW, is_lost=lambda number: number > 0)
    await town.settle()
    town = await LinkedPost(TOWN, 2).start(below)
    centre = await LinkedPost(CENTRE, 2, "another").start(above)
    centre.station.open(an_order(b"B" * 300, "two"), NOW + 60)
    await talk(centre, town, NOW + 60)
    assert ([b"B" * 300], ["two"]) == (town.shown, centre.reached)
    await above.close()
    await below.close()


async def test_what_was_half_sent_under_the_old_key_is_sent_whole_under_the_new(tmp_path: Path) -> None:
    """What the town said to hold it held under the old key; the row of before does not stay behind."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    centre, town = await LinkedPost(CENTRE, 1).start(above), await LinkedPost(TOWN, 1).start(below)
    centre.station.open(an_order(b"A" * 500, "one"), NOW)
    now = await talk(centre, town, NOW, is_lost=lambda number: number == 1 or number > 2)
    assert ([], []) == (town.shown, centre.reached)
    centre, town = await LinkedPost(CENTRE, 2).start(above), await LinkedPost(TOWN, 2).start(below)
    await talk(centre, town, now)
    assert ([b"A" * 500], ["one"]) == (town.shown, centre.reached)
    assert [] == await above.find(TRANSFER_OUT)
    await above.close()
    await below.close()


async def test_two_channels_of_one_town_do_not_answer_for_each_other(tmp_path: Path) -> None:
    """The same node codes on two channels, a key each, and the town restarts between the orders."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    vhf, hf = await LinkedPost(CENTRE, 1, "vhf").start(above), await LinkedPost(CENTRE, 2, "hf").start(above)
    town = await LinkedPost(TOWN, 1, "vhf").start(below)
    vhf.station.open(an_order(ONE, "one"), NOW)
    now = await talk(vhf, town, NOW)
    assert ([ONE], ["one"]) == (town.shown, vhf.reached)
    town = await LinkedPost(TOWN, 2, "hf").start(below)
    hf.station.open(an_order(TWO, "two"), now)
    await talk(hf, town, now)
    assert ([TWO], ["two"]) == (town.shown, hf.reached)
    await above.close()
    await below.close()


async def test_transfers_of_two_channels_stand_on_the_disk_beside_each_other(tmp_path: Path) -> None:
    """One number to one node code on each: neither takes the other's row, nor takes up what the other had begun."""
    store = await opened_store(tmp_path)
    for key_id, channel in ((1, "vhf"), (2, "hf")):
        post = await LinkedPost(CENTRE, key_id, channel).start(store)
        assert 0 == post.station.open(an_order(channel.encode(), channel), NOW)
        await post.settle()
    for key_id, channel in ((1, "vhf"), (2, "hf")):
        post = LinkedPost(CENTRE, key_id, channel)
        await post.start(store)
        assert [channel] == [outgoing.parcel.ref for outgoing in (await post.memory.recall(post.ring)).outgoing]
        post.station.cancel(channel)
        assert [Finished(channel, Ending.CANCELLED)] == post.station.look(NOW)
        await post.settle()
    assert [] == await store.find(TRANSFER_OUT)
    await store.close()


async def test_what_came_under_keys_long_gone_is_forgotten(tmp_path: Path) -> None:
    """And not before: until then it keeps a copy from being shown again."""
    below, above = await opened_store(tmp_path / "town", clock := StillClock(NOW)), await opened_store(tmp_path / "centre")
    centre, town = await LinkedPost(CENTRE, 1).start(above), await LinkedPost(TOWN, 1).start(below)
    centre.station.open(an_order(ONE, "one"), NOW)
    await talk(centre, town, NOW)
    for days, kept in ((22, 1), (23, 0)):
        clock.now = NOW + days * 86_400.0
        await LinkedPost(TOWN, 2).start(below)
        assert kept == len(await below.find(TRANSFER_IN))
    await above.close()
    await below.close()


async def test_what_was_under_way_before_channels_were_told_apart_goes_on_once(tmp_path: Path) -> None:
    """The first channel that can reach its far end takes it over, and says it from the beginning."""
    above, below = await opened_store(tmp_path / "centre"), await opened_store(tmp_path / "town")
    row = TransferOutRow(
        "", TOWN, 7, "", "note/a", FrameKind.REPLY, Traffic.ACTUAL, Priority.P1, ONE, 4, bytes((0,) * 7 + (1,)), NOW + 7200, NOW
    )
    await above.run(lambda tx: tx.put(TRANSFER_OUT, row))
    centre, town = await LinkedPost(CENTRE, 1, "vhf").start(above), await LinkedPost(TOWN, 1).start(below)
    other = LinkedPost(CENTRE, 2, "hf")
    await other.start(above)
    assert () == (await other.memory.recall(other.ring)).outgoing
    await talk(centre, town, NOW)
    assert ([ONE], ["note/a"]) == (town.shown, centre.reached)
    assert [] == await above.find(TRANSFER_OUT)
    await above.close()
    await below.close()
