"""A bulk gateway over HTTP: takes pages of telephones, remembers word for word who was sent what, and answers when it likes."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from types import TracebackType
from typing import Any, Self

import msgspec

__all__ = ["BulkGateway", "Page"]

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Page(msgspec.Struct, frozen=True):
    """One request, read as the reference says it is written. `message`: the JSON rendition."""

    token: str
    attempt: int
    page: int
    pages: int
    validity_s: float
    message: dict[str, Any]
    to: tuple[str, ...]


class BulkGateway:
    """`async with BulkGateway() as gateway`. `pages`: every request, in order, and `came_at`, monotonic seconds; `answered`: those whose
    answer is out; `answer_s`: how long it thinks about each; `refused`: telephones it does not tell; `status`, `retry_after`: of every
    answer."""

    def __init__(self, *, answer_s: float = 0.0) -> None:
        self.pages: list[Page] = []
        self.came_at: list[float] = []
        self.answered: list[Page] = []
        self.answer_s = answer_s
        self.refused: dict[str, str] = {}
        self.status = 200
        self.retry_after = ""
        self.port = 0
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.come()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.go()

    async def come(self) -> None:
        """Be there; under the same address as before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go(self) -> None:
        """Be away: whoever connects is refused."""
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bulk"

    async def until(self, pages: int, *, within_s: float) -> None:
        """Return when so many requests have come. Raises: TimeoutError."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: len(self.pages) >= pages)

    def copies(self) -> Counter[str]:
        """How often each telephone was told."""
        return Counter(address for page in self.pages for address in page.to)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(asked)
                body = await reader.readexactly(int(length.group(1)) if length else 0)
                answer = await self._told(body) if asked.startswith(b"POST") else b""
                later = f"Retry-After: {self.retry_after}\r\n" if self.retry_after else ""
                head = f"HTTP/1.1 {self.status} X\r\n{later}Content-Length: {len(answer)}\r\nContent-Type: application/json\r\n\r\n"
                writer.write(head.encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _told(self, body: bytes) -> bytes:
        page = msgspec.json.decode(body, type=Page)
        self.pages.append(page)
        self.came_at.append(asyncio.get_running_loop().time())
        async with self._changed:
            self._changed.notify_all()
        await asyncio.sleep(self.answer_s)
        self.answered.append(page)
        refused = [{"to": address, "code": self.refused[address]} for address in page.to if address in self.refused]
        return msgspec.json.encode({"ref": f"page-{len(self.pages)}", "refused": refused})
