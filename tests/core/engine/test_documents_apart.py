"""A document is kept once whatever is in it, and neither a start nor a list reads it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from fenghuo.engine.backlog import PAGE_OCTETS, Backlog
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.store.blobs import put_blob
from fenghuo.store.documents import BESIDE_OCTETS, LARGE_ROWS, document_of, move_out
from fenghuo.store.tables import BLOB, MESSAGE, META, REFUSAL
from fenghuo.store.uploads import expire
from tests.core.engine.house import House, opened
from tests.core.store.rows import message

_ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>met</sender>
<sent>2026-07-15T08:00:00+08:00</sent><status>{status}</status><msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language>
<category>Met</category><event>w</event><urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty>
<headline>{name}</headline></info></alert>"""


def _feed(*names: str, last: str = "Actual", padding: int = 0) -> bytes:
    alerts = "".join(f"<entry>{_ALERT.format(name=name, status=last if name == names[-1] else 'Actual')}</entry>" for name in names)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{alerts}<!--{" " * padding}--></feed>'.encode()


async def test_a_feed_is_kept_once_for_all_that_is_in_it(tmp_path: Path) -> None:
    """Also for what of it was refused; each of them still gives the octets as they came."""
    feed = _feed("F-1", "F-2", "F-3", last="Draft", padding=100_000)
    async with opened(tmp_path) as house:
        answers = await _bring(house, feed)
        assert [Accepted, Accepted, Refused] == [type(answer) for answer in answers]
        kept = [row.raw for row in await house.store.find(MESSAGE)] + [row.raw for row in await house.store.find(REFUSAL)]
        assert 3 == len(kept)
        assert max(map(len, kept)) < 100
        assert {feed} == {await document_of(house.store, raw) for raw in kept}
        assert [len(feed)] == [row.size for row in await house.store.find(BLOB)]
        assert [] == await house.store.find(META, "name LIKE 'upload.%'")  # and it is never taken for an upload nobody named


async def test_what_is_long_is_kept_apart_and_what_is_short_beside_its_message(tmp_path: Path) -> None:
    """Octets that begin as the name of a document does are octets all the same."""
    async with opened(tmp_path) as house:
        for raw in (_feed("S-1"), _feed("L-1", padding=BESIDE_OCTETS)):
            await _bring(house, raw)
        short, long = await house.store.find(MESSAGE, "1 = 1 ORDER BY identifier DESC")
        assert (_feed("S-1"), True) == (short.raw, len(long.raw) < 100)
        row = await _refused(house, long.raw)
        assert (long.raw, True) == (await document_of(house.store, row), row != long.raw)


async def test_octets_that_were_uploaded_before_are_not_forgotten_with_the_upload(tmp_path: Path) -> None:
    """Somebody uploaded the same document to attach it, and never did."""
    feed = _feed("U-1", "U-2")
    async with opened(tmp_path) as house:
        digest = await house.store.run(lambda tx: put_blob(tx, feed))
        assert 1 == len(await house.store.find(META, "name LIKE 'upload.%'"))
        await _bring(house, feed)
        house.clock.now += 86_400
        assert not await house.store.run(lambda tx: expire(tx, digest, 1.0, is_named=False))
        assert [digest] == [row.hash for row in await house.store.find(BLOB)]


async def test_a_start_reads_no_more_octets_at_once_than_it_may(tmp_path: Path) -> None:
    """Of a store of before, where each of 150 alerts holds the whole of its feed; and what a look moves out is small from then on."""
    async with opened(tmp_path) as house:
        large = b"x" * (PAGE_OCTETS // 3)
        rows = [msgspec.structs.replace(message(f"M{n:03}"), raw=large + str(n).encode()) for n in range(20)]
        await house.store.run(lambda tx: tx.insert_all(MESSAGE, rows))
        pages = [page async for page in Backlog(house.store).messages(())]
        assert [row.id for row in rows] == sorted(kept.row.id for page in pages for kept in page)
        assert max(sum(len(kept.row.raw) for kept in page) for page in pages) <= PAGE_OCTETS
        for rowid in msgspec.json.decode(str(await house.store.scalar(LARGE_ROWS))):
            await house.store.run(partial(move_out, rowid=rowid))
        after = await house.store.find(MESSAGE, "1 = 1 ORDER BY id")
        assert [row.raw for row in rows] == [await document_of(house.store, row.raw) for row in after]
        assert max(len(row.raw) for row in after) < 100


async def _bring(house: House, raw: bytes) -> tuple[Accepted | Refused, ...]:
    answers = await house.room.intake.accept(Submission(raw, Origin("met")))
    await house.settle()
    return answers


async def _refused(house: House, raw: bytes) -> bytes:
    await _bring(house, raw)
    return (await house.store.find(REFUSAL))[-1].raw
