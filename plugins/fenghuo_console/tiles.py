"""A base map that an administrator has put on this machine: raster tiles from a folder Z/X/Y.png or an .mbtiles file. Nothing is fetched.

Source: XYZ numbering in Web Mercator (EPSG:3857); MBTiles 1.3, whose rows are counted from the south.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import msgspec

from fenghuo import ConfigError
from fenghuo_adapters.http_exchange import Receive, Scope, Send

__all__ = ["Info", "Tiles"]

TILE = re.compile(r"/tiles/(\d{1,2})/(\d{1,7})/(\d{1,7})\.png")
INFO = "/tiles/info.json"
MOST_OCTETS = 1024 * 1024
DEEPEST = 22
SIGNS = {b"\x89PNG": b"image/png", b"\xff\xd8\xff": b"image/jpeg", b"RIFF": b"image/webp"}
"""How a picture begins, and what it is."""
NOTHING = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""One transparent pixel: where there is no tile a page must not hear of an error each time."""

Read = Callable[[int, int, int], bytes | None]


class Info(msgspec.Struct, frozen=True):
    """What a page must know: the levels that there are, and whose map it is; `deepest` -1: there is none, `fault`: why one cannot be
    used."""

    shallowest: int = 0
    deepest: int = -1
    credit: str = ""
    fault: str = ""


class Tiles:
    """An ASGI application below /tiles. Blocks when it is made. `path`: "" serves that there are none, and `fault` why.
    Raises: ConfigError."""

    def __init__(self, path: str = "", credit: str = "", *, fault: str = "") -> None:
        self._read: Read = lambda z, x, y: None
        self.info = Info(fault=fault)
        if not path:
            return
        place = Path(path)
        if not place.is_absolute() or not place.exists():
            raise ConfigError(f"tiles {path!r} must be the whole path of a folder Z/X/Y.png or of an .mbtiles file on this machine")
        self._read, self.info = _folder(place, credit) if place.is_dir() else _file(place, credit)
        if not self.info.credit:
            raise ConfigError(
                "tiles_credit must say whose map it is, and its review number (审图号) where it has one: it stands on the map"
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, b"", b"text/plain")
        elif scope["path"] == INFO:
            await _answer(send, HTTPStatus.OK, msgspec.json.encode(self.info), b"application/json")
        elif asked := TILE.fullmatch(scope["path"]):
            z, x, y = map(int, asked.groups())
            data = await asyncio.to_thread(self._read, z, x, y) if z <= DEEPEST and max(x, y) < 1 << z else None
            kind = _kind(data or b"")
            await _answer(send, HTTPStatus.OK, data if data and kind else NOTHING, kind or b"image/png")
        else:
            await _answer(send, HTTPStatus.NOT_FOUND, b"not found\n", b"text/plain")


def _kind(data: bytes) -> bytes:
    return next((kind for sign, kind in SIGNS.items() if data.startswith(sign)), b"")


def _folder(place: Path, credit: str) -> tuple[Read, Info]:
    levels = sorted(int(one.name) for one in place.iterdir() if one.is_dir() and one.name.isdecimal() and int(one.name) <= DEEPEST)
    if not levels:
        raise ConfigError(f"tiles {place} has no folder named by a level, such as {place}/12/3424/1655.png")

    def read(z: int, x: int, y: int) -> bytes | None:
        with contextlib.suppress(OSError), (place / f"{z}/{x}/{y}.png").open("rb") as file:
            return file.read(MOST_OCTETS)
        return None

    return read, Info(levels[0], levels[-1], credit)


def _file(place: Path, credit: str) -> tuple[Read, Info]:
    uri = f"{place.as_uri()}?mode=ro&immutable=1"

    def ask(sql: str, *params: object) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute(sql, params).fetchall()

    def read(z: int, x: int, y: int) -> bytes | None:
        with contextlib.suppress(sqlite3.Error):
            rows = ask("SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?", z, x, (1 << z) - 1 - y)
            return bytes(rows[0][0])[:MOST_OCTETS] if rows and isinstance(rows[0][0], bytes) else None
        return None

    try:
        told = {str(name): str(value) for name, value in ask("SELECT name, value FROM metadata")}
        ((low, high),) = ask("SELECT min(zoom_level), max(zoom_level) FROM tiles")
    except sqlite3.Error as error:
        raise ConfigError(f"tiles {place} is no .mbtiles file: {error}") from error
    if told.get("format", "png") in {"pbf", "mvt"}:
        raise ConfigError(f"tiles {place} holds vector tiles ({told['format']}); the map draws pictures: give it png, jpg or webp")
    if not isinstance(low, int) or not isinstance(high, int):
        raise ConfigError(f"tiles {place} holds no tile")
    return read, Info(low, high, credit or told.get("attribution", ""))


async def _answer(send: Send, status: HTTPStatus, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"max-age=3600")]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
