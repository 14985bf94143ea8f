"""The courier of `vsat.http` on a simulated way: its own code from the depot to the requests of tus, and a server made of their answers."""

from __future__ import annotations

import asyncio
import base64
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from fenghuo import Air, Brought, CarryingTerms, ChannelContext, Emission, LinkClosed, LinkTimeout, SendJob
from fenghuo_adapters.bound_http import PIECE_OCTETS, Turn
from fenghuo_adapters.bound_http_framing import Answer, Request
from fenghuo_adapters.rate_bucket import RateBucket
from fenghuo_vsat.courier import Courier
from fenghuo_vsat.depot import depot_of
from fenghuo_vsat.parcels import carried, parcels_of
from fenghuo_vsat.precedence import Precedence
from fenghuo_vsat.settings import HttpSettings

__all__ = ["SimulatedCarrier", "settings_of"]

_SERVER = "http://192.0.2.1/files/"
_HEADERS = 256
"""Of the segments of a piece."""


def settings_of(terms: CarryingTerms) -> HttpSettings:
    """Of a channel on a way with these terms."""
    return HttpSettings(
        source="192.0.2.2",
        attachments=_SERVER,
        attachments_share=terms.share,
        attachments_mb_a_day=terms.mb_a_day,
        rate_kbit=terms.kbit_s,
    )


@dataclass
class _Upload:
    size: int
    message: str
    is_small: bool
    there: int = 0


@dataclass
class _Server:
    """Of tus 1.0: what was made, by its number."""

    uploads: list[_Upload] = field(default_factory=list)

    def answer(self, request: Request, air: Air) -> Answer:
        if request.method == "POST":
            about = dict(pair.split(" ", 1) for pair in request.headers["Upload-Metadata"].split(","))
            message = base64.b64decode(about["message"]).decode()
            self.uploads.append(_Upload(int(request.headers["Upload-Length"]), message, "thumbnail_of" in about))
            return Answer(201, {"location": f"{_SERVER}{len(self.uploads) - 1}"}, b"", keeps=True)
        upload = self.uploads[int(request.url.rpartition("/")[2])]
        if request.method == "PATCH":
            if int(request.headers["Upload-Offset"]) != upload.there:
                return Answer(409, {}, b"", keeps=True)
            octets = len(request.body)
            air.brought(Brought(upload.message, upload.is_small, upload.there, octets, upload.size))
            upload.there += octets
        return Answer(204, {"upload-offset": str(upload.there)}, b"", keeps=True)


class _Http:
    """As BoundHttp is to the courier."""

    def __init__(self, air: Air, bucket: RateBucket, settings: HttpSettings) -> None:
        self._air = air
        self._bucket = bucket
        self._settings = settings
        self._server: _Server = air.kept(_Server)
        self._is_closed = False

    async def line(self, url: str) -> str:
        """Raises: LinkTimeout, LinkBroken, LinkClosed."""
        if self._is_closed:
            raise LinkClosed("the path was closed")
        try:
            async with asyncio.timeout(self._settings.connect_s):
                await self._air.reach()
        except TimeoutError as late:
            raise LinkTimeout(f"did not answer within {self._settings.connect_s:g} s") from late
        return url

    async def exchange(self, line: str, request: Request, *, turn: Turn | None = None) -> Answer:
        """Raises: LinkTimeout, LinkBroken."""
        limit_s = 2 * self._settings.attempt_s
        try:
            async with asyncio.timeout(limit_s):
                await self._send(len(request.octets()), turn)
                answer = self._server.answer(request, self._air)
                await self._air.cross(_HEADERS)
                return answer
        except TimeoutError as late:
            raise LinkTimeout(f"no answer within {limit_s:g} s") from late

    async def _send(self, octets: int, turn: Turn | None) -> None:
        for begun in range(0, octets, PIECE_OCTETS):
            if begun and turn is not None:
                await turn()
            piece = min(octets - begun, PIECE_OCTETS)
            await asyncio.sleep(self._bucket.take(piece + _HEADERS))
            await self._air.cross(piece)

    def close(self) -> None:
        self._is_closed = True

    def reset(self) -> None:
        """Whoever is at it finds out by its own time."""

    def settle(self) -> None:
        """All is counted."""


class SimulatedCarrier:
    """What `vsat.http` does with attachments, on a way of the rig."""

    def __init__(self, ctx: ChannelContext, air: Air) -> None:
        settings: HttpSettings = ctx.settings
        self._ctx = ctx
        self._share = settings.attachments_share
        bucket = RateBucket(settings.rate_kbit * 125, settings.burst_octets, ctx.clock.monotonic)
        self._precedence = Precedence(bucket, settings.burst_octets)
        self._courier = Courier(ctx, _Http(air, bucket, settings), self._precedence, depot_of(ctx, self._share))

    async def start(self) -> None:
        await self._courier.start()

    async def stop(self) -> None:
        await self._courier.stop()

    def text(self) -> AbstractContextManager[None]:
        return self._precedence.text()

    async def take(self, job: SendJob, emission: Emission) -> None:
        brings = await carried(emission, self._ctx.blobs)
        await self._courier.take(parcels_of(job, brings, _SERVER, self._ctx.clock.time(), share=self._share))

    def crossed(self) -> None:
        self._courier.path_proven()

    def lost(self) -> None:
        self._courier.reset()
