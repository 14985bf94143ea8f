"""The page and its files, read once and served from memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fenghuo_adapters.http_exchange import Receive, Scope, Send

__all__ = ["Pages"]

TYPES = {
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "json": b"application/json",
}


class Page(NamedTuple):
    """One file as it is served."""

    media_type: bytes
    body: bytes
    etag: bytes


class Pages:
    """An ASGI application over the files in static/ and its folders; `/` is index.html. Reads the disk when it is made, and never again."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        for path, file in _found(files("fenghuo_console").joinpath("static"), ""):
            media_type = TYPES.get(file.name.rpartition(".")[2])
            if media_type is not None:
                body = file.read_bytes()
                etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'.encode()
                self._pages[path] = Page(media_type, body, etag)
        self._pages["/"] = self._pages["/index.html"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        page = self._pages.get(scope["path"])
        if page is None:
            await _answer(send, HTTPStatus.NOT_FOUND, b"not found\n", [(b"content-type", b"text/plain")])
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, b"", [(b"allow", b"GET, HEAD")])
        elif dict(scope["headers"]).get(b"if-none-match") == page.etag:
            await _answer(send, HTTPStatus.NOT_MODIFIED, b"", [(b"etag", page.etag)])
        else:
            headers = [(b"content-type", page.media_type), (b"etag", page.etag), (b"cache-control", b"no-cache")]
            await _answer(send, HTTPStatus.OK, page.body, headers)


def _found(folder: Traversable, at: str) -> Iterator[tuple[str, Traversable]]:
    """Every file in a folder and below, with the path it is served at."""
    for entry in folder.iterdir():
        path = f"{at}/{entry.name}"
        if entry.is_dir():
            yield from _found(entry, path)
        else:
            yield path, entry


async def _answer(send: Send, status: HTTPStatus, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = [] if status is HTTPStatus.NOT_MODIFIED else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status.value, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})
