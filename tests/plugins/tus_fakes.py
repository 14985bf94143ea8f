"""A far end of texts and of uploads by tus 1.0 in the test's own loop, that answers what a test tells it to; and the core's store of
attachments as far as a channel sees it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from fenghuo import Attachment, Priority
from fenghuo.model.message import MessageId
from tests.plugins.vsat_fakes import FakeJob

__all__ = ["FakeBlobs", "UploadSite", "job_with", "picture_of", "upload_site"]


def picture_of(octets: bytes, message: str = "m-1") -> Attachment:
    """An attachment as a licence names it."""
    return Attachment(MessageId(message), 1, hashlib.sha256(octets).hexdigest(), len(octets), "堤.jpg", "image/jpeg")


def job_with(url: str, *attachments: Attachment, token: str = "t-1", priority: Priority = Priority.P2) -> FakeJob:
    """A delivery with something that goes with it."""
    job = FakeJob(url, token=token)
    job.priority = priority
    job.emission.payload = msgspec.structs.replace(job.emission.payload, attachments=attachments)
    return job


@dataclass
class FakeBlobs:
    """Octets by digest; `refusals` are raised first, one for each read; `small`: the copy of a picture, by its digest; `told`: of what was
    given up."""

    octets: dict[str, bytes] = field(default_factory=dict)
    refusals: list[Exception] = field(default_factory=list)
    small: dict[str, bytes] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)

    async def read(self, attachment: Attachment, offset: int, octets: int) -> bytes:
        if self.refusals:
            raise self.refusals.pop(0)
        return self.octets[attachment.digest][offset : offset + octets]

    async def given_up(self, attachment: Attachment, to: str, reason: str) -> None:
        self.told.append((attachment.digest, reason))

    async def thumbnail(self, attachment: Attachment) -> Attachment | None:
        small = self.small.get(attachment.digest)
        if small is None:
            return None
        digest = hashlib.sha256(small).hexdigest()
        self.octets[digest] = small
        return msgspec.structs.replace(attachment, digest=digest, size=len(small), thumbnail_of=attachment.digest)


@dataclass
class Upload:
    """One upload at the far end."""

    size: int
    octets: bytearray = field(default_factory=bytearray)
    about: dict[str, str] = field(default_factory=dict)


async def _nothing() -> None:
    """Until a test wants something to happen."""


class UploadSite:
    """`log`: what came, in order: TEXT token, POST files, HEAD n, PATCH n offset. `statuses`: what uploads are answered instead, one
    each. `during_patch`, `during_text`: awaited before such a request is answered. It listens at `url` and at `url_2`; at an address in
    `cut` each connection is lost; `octets_at`: of uploads, by address."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.uploads: list[Upload] = []
        self.statuses: list[int] = []
        self.received = 0
        self.during_patch: Callable[[], Awaitable[None]] = _nothing
        self.during_text: Callable[[], Awaitable[None]] = _nothing
        self.url = ""
        self.url_2 = ""
        self.cut: set[str] = set()
        self.octets_at: Counter[str] = Counter()

    @property
    def whole(self) -> list[bytes]:
        return [bytes(upload.octets) for upload in self.uploads if len(upload.octets) == upload.size]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if f"http://{request.host}" in self.cut:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if request.path.startswith("/to/"):
            self.log.append(f"TEXT {request.headers['Fenghuo-Token']}")
            await self.during_text()
            return web.Response()
        number = request.path.rpartition("/")[2]
        self.log.append(" ".join(filter(None, (request.method, number, request.headers.get("Upload-Offset", "")))))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        if request.method == "POST":
            return self._made(int(request.headers["Upload-Length"]), request.headers.get("Upload-Metadata", ""))
        return await self._held(request, self.uploads[int(number)], body)

    def _made(self, size: int, about: str) -> web.StreamResponse:
        pairs = (pair.partition(" ") for pair in about.split(",") if pair)
        self.uploads.append(Upload(size, about={key: base64.b64decode(value).decode() for key, _, value in pairs}))
        return web.Response(status=201, headers={"Location": f"/files/{len(self.uploads) - 1}"})

    async def _held(self, request: web.BaseRequest, upload: Upload, body: bytes) -> web.StreamResponse:
        if request.method == "PATCH":
            if int(request.headers["Upload-Offset"]) != len(upload.octets):
                return web.Response(status=409)
            upload.octets += body
            self.received += len(body)
            self.octets_at[f"http://{request.host}"] += len(body)
            await self.during_patch()
        return web.Response(status=204, headers={"Upload-Offset": str(len(upload.octets))})


@contextlib.asynccontextmanager
async def upload_site() -> AsyncIterator[UploadSite]:
    """One that listens."""
    site = UploadSite()
    runner = web.ServerRunner(web.Server(site.answer))
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    port = runner.addresses[0][1]
    await web.TCPSite(runner, "127.0.0.2", port).start()
    site.url, site.url_2 = f"http://127.0.0.1:{port}", f"http://127.0.0.2:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()
