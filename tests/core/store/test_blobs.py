"""Attachments by hash, and the door by which a channel reads them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import sqlite3
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from fenghuo.errors import FormatError, NotFound, NotReady, RowDamaged, Withdrawn
from fenghuo.model.attachment import Attachment
from fenghuo.model.message import Info, MessageId, MessageState, Resource
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.service.showing import message_view
from fenghuo.store import Store
from fenghuo.store.blobs import StoredBlobs, get_blob, put_blob, with_sizes
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import ChannelRow
from fenghuo.store.tables import BLOB, CHANNEL, MESSAGE, OBJECTIVE
from fenghuo.store.uploads import due
from tests.core.engine.values import content
from tests.core.engine.values import message as said
from tests.core.store.rows import message, objective, open_store

DATA = bytes(range(256)) * 100


async def kept(store: Store, state: MessageState = MessageState.ACTIVE) -> Attachment:
    """A message in force and its picture."""
    digest = await store.run(lambda tx: put_blob(tx, DATA))
    row = msgspec.structs.replace(message("m-1"), state=state)
    await store.run(lambda tx: tx.insert(MESSAGE, row))
    return Attachment(MessageId("m-1"), row.revision, digest, len(DATA), "dyke.jpg", "image/jpeg")


async def test_same_bytes_are_kept_once(store: Store) -> None:
    """The name of a blob is the SHA-256 of its bytes; a second put adds nothing."""
    names = [await store.run(lambda tx: put_blob(tx, DATA)) for _ in range(2)]
    assert [hashlib.sha256(DATA).hexdigest()] * 2 == names
    assert DATA == await store.run(lambda tx: get_blob(tx, names[0]))
    assert 1 == len(await store.find(BLOB))


async def test_unknown_name_gives_nothing(store: Store) -> None:
    """A hash that nobody put is None."""
    assert await store.run(lambda tx: get_blob(tx, "00")) is None


@pytest.mark.parametrize(("data", "says"), [(b"x" * 11, "an attachment of 11 octets; 10 are allowed"), (b"", "an attachment of no octets")])
async def test_too_much_and_nothing_are_refused(store: Store, data: bytes, says: str) -> None:
    """An attachment over the limit is refused with both sizes, an empty one as such."""
    with pytest.raises(FormatError, match=says):
        await store.run(lambda tx: put_blob(tx, data, limit=10))


async def test_a_channel_reads_it_in_ranges_up_to_its_end(store: Store) -> None:
    """What the ranges give is the whole, in order; past the end there is nothing."""
    attachment = await kept(store)
    blobs = StoredBlobs(store, "vsat")
    read = [await blobs.read(attachment, offset, 10_000) for offset in range(0, 40_000, 10_000)]
    assert [10_000, 10_000, 5_600, 0] == [len(part) for part in read]
    assert b"".join(read) == DATA


@pytest.mark.parametrize("state", [MessageState.CANCELLED, MessageState.SUPERSEDED, MessageState.EXPIRED, MessageState.HELD])
async def test_of_a_message_that_is_not_in_force_nothing_is_read(store: Store, state: MessageState) -> None:
    """A channel that was halfway through a picture learns that nobody wants the rest."""
    attachment = await kept(store, state)
    with pytest.raises(Withdrawn, match=f"the message is {state}"):
        await StoredBlobs(store, "vsat").read(attachment, 0, 10)


async def test_a_channel_that_is_taken_out_reads_nothing_meanwhile(store: Store) -> None:
    """What an operator has said of this channel holds for its attachments too, and for no other channel's."""
    attachment = await kept(store)
    row = ChannelRow("vsat", Admin.DISABLED, "duty", "maintenance", 0.0)
    await store.run(lambda tx: tx.insert(CHANNEL, row))
    with pytest.raises(NotReady, match="channel vsat is disabled"):
        await StoredBlobs(store, "vsat").read(attachment, 0, 10)
    assert DATA[:10] == await StoredBlobs(store, "vsat-b").read(attachment, 0, 10)


async def test_a_picture_goes_by_no_way_that_its_message_may_not_take(store: Store) -> None:
    """Its class of traffic and the ways that its author names hold for what goes with the text, whichever way of a share would bring it."""
    attachment = await kept(store)
    drill = msgspec.structs.replace(objective(1, "m-1"), traffic=Traffic.EXERCISE, revision=attachment.revision, via=("net", "lte"))
    await store.run(lambda tx: tx.insert(OBJECTIVE, drill))
    traffic = {"net": (Traffic.ACTUAL, Traffic.EXERCISE), "lte": (Traffic.ACTUAL,)}
    assert DATA[:10] == await StoredBlobs(store, "net", traffic=traffic).read(attachment, 0, 10)
    with pytest.raises(NotReady, match="channel lte may not carry Exercise traffic"):
        await StoredBlobs(store, "lte", traffic=traffic).read(attachment, 0, 0)
    with pytest.raises(NotReady, match="it is to go via net, lte, and not by vsat"):
        await StoredBlobs(store, "vsat", traffic=traffic).read(attachment, 0, 10)


async def test_what_is_given_up_stands_beside_its_message(store: Store) -> None:
    """A far end refused it for good, a small copy of it too: whoever looks at the message sees which, by which way, to whom and why."""
    attachment = await kept(store)
    named = Resource("dyke.jpg", "image/jpeg", blob=attachment.digest, size=attachment.size)
    (row,) = await store.find(MESSAGE)
    shown = said(content(infos=(Info(resources=(named,)),)))
    row = msgspec.structs.replace(row, body=msgspec.msgpack.encode(shown))
    await store.run(lambda tx: tx.update(MESSAGE, row))
    blobs = StoredBlobs(store, "vsat")
    await blobs.given_up(attachment, "https://site/files/", "413")
    small = msgspec.structs.replace(attachment, digest="ab" * 32, thumbnail_of=attachment.digest)
    await blobs.given_up(small, "https://site/files/", "422")
    (one,) = (await message_view(store, row))["attachments"]
    told = [(lost["channel"], lost["to"], lost["reason"], lost["is_small"]) for lost in one["given_up"]]
    assert [("vsat", "https://site/files/", "413", False), ("vsat", "https://site/files/", "422", True)] == told


async def test_octets_that_are_gone_or_of_an_unknown_message_are_said_to_be(store: Store) -> None:
    """Neither is an empty picture."""
    attachment = await kept(store)
    blobs = StoredBlobs(store, "vsat")
    with pytest.raises(Withdrawn, match="not known here"):
        await blobs.read(msgspec.structs.replace(attachment, revision=9), 0, 10)
    with pytest.raises(NotFound, match=f"attachment {'00' * 32} is not here"):
        await blobs.read(msgspec.structs.replace(attachment, digest="00" * 32), 0, 10)


async def test_octets_that_are_not_as_they_came_are_not_given(tmp_path: Path) -> None:
    """A changed octet anywhere in the row is alarmed before the first range of it leaves."""
    store = await open_store(tmp_path)
    attachment = await kept(store)
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE blob SET data = zeroblob(25600)")
    store = await open_store(tmp_path)
    with pytest.raises(RowDamaged):
        await StoredBlobs(store, "vsat").read(attachment, 0, 10)
    await store.close()


async def test_a_message_gets_the_size_of_what_it_names(store: Store) -> None:
    """By the store and not by its author; what was never uploaded is a sentence that says what to do."""
    attachment = await kept(store)
    named = content(
        infos=(
            Info(
                resources=(
                    Resource("dyke.jpg", blob=attachment.digest),
                    Resource("far", uri="http://x/"),
                    Resource("c", size=7, blob="bb"),
                ),
            ),
        )
    )
    whole = await with_sizes(named, store)
    assert [len(DATA), None, 7] == [resource.size for resource in whole.infos[0].resources]
    with pytest.raises(NotFound, match=r"attachment aa \(b.jpg\) is not here; upload its octets first"):
        await with_sizes(content(infos=(Info(resources=(Resource("b.jpg", blob="aa"),)),)), store)


async def test_a_picture_has_a_small_copy_that_can_be_read_like_it_and_stays(store: Store) -> None:
    """Made once however many ask, also in another life; what is no picture has none, and what its message must not bring is not made."""
    written = io.BytesIO()
    Image.frombytes("RGB", (300, 200), random.Random(1).randbytes(180_000)).resize((1500, 1000)).save(written, "JPEG", quality=95)
    digest = await store.run(lambda tx: put_blob(tx, written.getvalue()))
    plain = await kept(store)
    attachment = msgspec.structs.replace(plain, digest=digest, size=len(written.getvalue()))
    small = await StoredBlobs(store, "vsat").thumbnail(attachment)
    assert small is not None
    assert (True, digest, "dyke.jpg") == (small.size <= 20_000, small.thumbnail_of, small.name)
    assert small == await StoredBlobs(store, "net").thumbnail(attachment)
    assert small.size == len(await StoredBlobs(store, "vsat").read(small, 0, 30_000))
    due_, _ = await store.run(lambda tx: due(tx, -1.0))
    assert (False, True) == (small.digest in due_, digest in due_), "nobody's time is over for what was made here"
    assert None is await StoredBlobs(store, "vsat").thumbnail(plain)
    await store.run(lambda tx: tx.put(CHANNEL, ChannelRow("vsat", Admin.DISABLED, "anna", "", 0.0)))
    with pytest.raises(NotReady):
        await StoredBlobs(store, "vsat").thumbnail(attachment)
