"""Attachments, kept under the hash of their bytes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec

from fenghuo.errors import FormatError, NotFound, NotReady, Withdrawn
from fenghuo.formats.thumbnail import MOST_OCTETS as MOST_THUMBNAIL
from fenghuo.formats.thumbnail import thumbnail_of
from fenghuo.model.attachment import MOST_OCTETS, Attachment
from fenghuo.model.delivery import Objective
from fenghuo.model.message import Content, Info, MessageState, Resource
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.store.records import BlobRow
from fenghuo.store.store import Store
from fenghuo.store.tables import BLOB, OBJECTIVE
from fenghuo.store.transaction import Tx
from fenghuo.store.uploads import keep, note

__all__ = ["GIVEN_UP", "StoredBlobs", "get_blob", "put_blob", "with_sizes"]

MOST_REMEMBERED = 100
"""Small copies of which the digest is known without a look: one picture goes to many people."""
NEVER_S = 86_400.0
"""The same of one that may not carry this message at all: another may, or it can again after a change of the settings."""
GIVEN_UP = "attachment.given_up"
"""The event that tells of an attachment whose text arrived and that never will."""
ASK_AGAIN_S = 60.0
"""How soon a channel that is taken out may ask again whether it is still so."""


def put_blob(tx: Tx, data: bytes, *, limit: int = MOST_OCTETS) -> str:
    """Keep `data` and return its SHA-256 (hex). The same bytes are kept once, until a message names them or
    their time is over. Raises: FormatError: none, or more than `limit` octets."""
    if not data:
        raise FormatError("an attachment of no octets; there is nothing to send", code="empty", where="raw")
    if len(data) > limit:
        raise FormatError(f"an attachment of {len(data)} octets; {limit} are allowed", code="too-large", where="raw")
    name = hashlib.sha256(data).hexdigest()
    is_new = tx.scalar(BLOB.exists_sql, name) is None
    if is_new:
        tx.insert(BLOB, BlobRow(name, len(data), data))
    note(tx, name, is_new=is_new)
    return name


def get_blob(tx: Tx, name: str) -> bytes | None:
    """The bytes under a hash, if they are here. Raises: RowDamaged."""
    row = tx.get(BLOB, name)
    return None if row is None else row.data


async def with_sizes(content: Content, store: Store) -> Content:
    """The content with the size of each attachment that it names by its hash. One that brings its size along comes from another node,
    and its octets may come later or never. Raises: NotFound: one was not uploaded."""
    if not any(_is_unsized(resource) for info in content.infos for resource in info.resources):
        return content
    return msgspec.structs.replace(content, infos=tuple([await _sized_info(info, store) for info in content.infos]))


async def _sized_info(info: Info, store: Store) -> Info:
    return msgspec.structs.replace(info, resources=tuple([await _sized(resource, store) for resource in info.resources]))


async def _sized(resource: Resource, store: Store) -> Resource:
    if not _is_unsized(resource):
        return resource
    size = await store.scalar("SELECT size FROM blob WHERE hash = ?", resource.blob)
    if size is None:
        raise NotFound(f"attachment {resource.blob} ({resource.description}) is not here; upload its octets first")
    return msgspec.structs.replace(resource, size=size)


def _is_unsized(resource: Resource) -> bool:
    return bool(resource.blob) and resource.size is None


class StoredBlobs:
    """The attachments that the channel instance `channel` may read; fills the port Blobs. `traffic`: the classes that each channel may
    carry, by its name; one that is not there may carry any. `apart` does what takes tens of milliseconds beside the loop."""

    def __init__(
        self,
        store: Store,
        channel: str,
        *,
        traffic: Mapping[str, Collection[str]] | None = None,
        apart: Callable[[Callable[[bytes], bytes | None], bytes], Awaitable[bytes | None]] = asyncio.to_thread,
    ) -> None:
        self._traffic = frozenset((traffic or {}).get(channel, Traffic))
        self._store = store
        self._channel = channel
        self._apart = apart
        self._sound: set[str] = set()
        self._small: dict[str, tuple[str, int]] = {}

    async def read(self, attachment: Attachment, offset: int, octets: int) -> bytes:
        """Raises: NotReady, Withdrawn, NotFound, RowDamaged, StoreError, see the port."""
        await self._may(attachment)
        if attachment.digest not in self._sound:
            await self._check(attachment.digest)
        found = await self._store.scalar("SELECT substr(data, ?, ?) FROM blob WHERE hash = ?", offset + 1, octets, attachment.digest)
        if not isinstance(found, bytes):
            raise NotFound(f"attachment {attachment.digest} is not here")
        return found

    async def thumbnail(self, attachment: Attachment) -> Attachment | None:
        """Raises: as read()."""
        if not attachment.is_picture or attachment.size <= MOST_THUMBNAIL:
            return None
        await self._may(attachment)
        if attachment.digest not in self._small:
            if len(self._small) >= MOST_REMEMBERED:
                self._small.clear()
            self._small[attachment.digest] = await self._made(attachment.digest)
        digest, size = self._small[attachment.digest]
        if not digest:
            return None
        return msgspec.structs.replace(attachment, digest=digest, size=size, media_type="image/jpeg", thumbnail_of=attachment.digest)

    async def given_up(self, attachment: Attachment, to: str, reason: str) -> None:
        """Raises: StoreError."""
        what = {"digest": attachment.thumbnail_of or attachment.digest, "name": attachment.name, "is_small": bool(attachment.thumbnail_of)}
        body = {"revision": attachment.revision, **what, "octets": attachment.size, "channel": self._channel, "to": to, "reason": reason}
        await self._store.run(lambda tx: tx.event(GIVEN_UP, f"message/{attachment.message}", **body))

    async def _made(self, digest: str) -> tuple[str, int]:
        """Digest and size of a small copy that is kept from now on; empty where there can be none."""
        row = await self._store.get(BLOB, digest)
        if row is None:
            raise NotFound(f"attachment {digest} is not here")
        small = await self._apart(thumbnail_of, row.data)
        if small is None:
            return "", 0

        def put(tx: Tx) -> str:
            name = put_blob(tx, small)
            keep(tx, name)
            return name

        return await self._store.run(put), len(small)

    async def _may(self, attachment: Attachment) -> None:
        admin = await self._store.scalar("SELECT admin FROM channel WHERE name = ?", self._channel)
        if admin not in (None, Admin.ENABLED):
            raise NotReady(f"channel {self._channel} is {admin!s}", retry_after_s=ASK_AGAIN_S)
        of = (attachment.message, attachment.revision)
        state = await self._store.scalar("SELECT state FROM message WHERE id = ? AND revision = ?", *of)
        if state != MessageState.ACTIVE:
            raise Withdrawn(f"the message is {state!s}" if state else "the message is not known here")
        for objective in await self._store.find(OBJECTIVE, "message = ? AND revision = ?", *of):
            self._may_carry(objective)

    def _may_carry(self, objective: Objective) -> None:
        """What holds for the text of a message holds for what goes with it, by whichever way of a share. Raises: NotReady."""
        if objective.traffic not in self._traffic:
            raise NotReady(f"channel {self._channel} may not carry {objective.traffic} traffic", retry_after_s=NEVER_S)
        if objective.via and self._channel not in objective.via:
            raise NotReady(f"it is to go via {', '.join(objective.via)}, and not by {self._channel}", retry_after_s=NEVER_S)

    async def _check(self, digest: str) -> None:
        """The whole row, once: a range cannot be compared with the digest of its row."""
        if await self._store.get(BLOB, digest) is None:
            raise NotFound(f"attachment {digest} is not here")
        self._sound.add(digest)
