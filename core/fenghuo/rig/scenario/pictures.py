"""Pictures in a scenario: one of so many octets, and the way by which a channel brings it to the server of whoever it is for."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import math
from collections.abc import Callable, Mapping
from typing import Any

from fenghuo.errors import LinkBroken
from fenghuo.plugin.carrying import Brought, Carrying
from fenghuo.plugin.host import load_plugins
from fenghuo.rig.world.bearer import Bearer, Life
from fenghuo.rig.world.log import Landed

__all__ = ["Server", "SimAir", "carriers", "inline", "named", "picture"]


class Server:
    """Of pictures: what it keeps, which outlives the daemon."""

    def __init__(self) -> None:
        self._kept: Any = None

    def kept(self, make: Callable[[], Any]) -> Any:
        """Made by the first way that comes to it."""
        if self._kept is None:
            self._kept = make()
        return self._kept


class SimAir:
    """Of one life of the daemon over one network."""

    def __init__(self, bearer: Bearer, life: Life, server: Server) -> None:
        self._bearer = bearer
        self._life = life
        self._server = server

    async def reach(self) -> None:
        """There and back. Raises: LinkBroken."""
        await self._pass(2 * self._bearer.weather.delay_s)

    async def cross(self, octets: int) -> None:
        """What is lost once is sent again by TCP, which takes as long as a way there and back. Raises: LinkBroken."""
        delay_s = self._bearer.weather.delay_s
        loss = min(self._bearer.weather.loss, 0.95)
        again = 0
        while loss and self._bearer.world.chance.random() < loss:
            again += 1
        await self._pass(delay_s + again * 2 * delay_s)

    def kept(self, make: Callable[[], Any]) -> Any:
        return self._server.kept(make)

    def brought(self, what: Brought) -> None:
        self._bearer.world.add(Landed, self._bearer.way.name, what.message, what.is_small, what.offset, what.octets, what.size)

    async def _pass(self, seconds: float) -> None:
        self._there()
        await asyncio.sleep(seconds)
        await self._life.may_act()
        self._there()
        if self._bearer.weather.deaf:
            await asyncio.Event().wait()

    def _there(self) -> None:
        if not self._bearer.weather.is_up:
            raise LinkBroken("the way has gone")


@functools.cache
def carriers() -> Mapping[str, Carrying]:
    """By type of channel: whose way of bringing pictures can be simulated."""
    return {fixture.channel: fixture.carrying for _, fixture in load_plugins().fixtures if fixture.carrying is not None}


async def inline(work: Callable[[bytes], bytes | None], octets: bytes) -> bytes | None:
    """A simulation has no threads."""
    return work(octets)


def picture(octets: int) -> bytes:
    """A picture of about so many octets, that can be looked at: a field of slopes, not packed."""
    from PIL import Image  # noqa: PLC0415  # 40 ms, for scenarios with a picture alone

    side = max(64, math.isqrt(octets // 3))
    slopes = (bytes(((x + y) % 256, x % 256, y % 256)) for y in range(side) for x in range(side))
    written = io.BytesIO()
    Image.frombytes("RGB", (side, side), b"".join(slopes)).save(written, "PNG", compress_level=0)
    return written.getvalue()


def named(octets: bytes) -> dict[str, str]:
    """As a message names it."""
    return {"digest": hashlib.sha256(octets).hexdigest(), "name": "现场.png", "media_type": "image/png"}
