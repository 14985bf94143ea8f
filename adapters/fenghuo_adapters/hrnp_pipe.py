"""One connection of an HRNP line, as long as it lasts: frames out and in, over datagrams or a byte stream. It says nothing by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from fenghuo.errors import FrameError, LinkBroken
from fenghuo_adapters.hrnp_framing import Frame, StreamDecoder

__all__ = ["Pipe"]


class Pipe(asyncio.DatagramProtocol, asyncio.Protocol):
    """Frames out and in, over datagrams or a stream. `lost`: why it ended; `accepted`: the answer that all `askers` wait for together, if
    any; `ask_at`: when its CONNECT is said again."""

    def __init__(self, received: Callable[[Pipe, Frame], None], *, is_stream: bool) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.accepted: asyncio.Future[Frame] | None = None
        self.askers = 0
        self.ask_at = 0.0
        self._received = received
        self._is_stream = is_stream
        self._decoder = StreamDecoder()
        self._transport: Any = None  # loops make datagram transports that are no DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        with contextlib.suppress(FrameError):  # noise: whoever sent it says it again
            self._received(self, Frame.decode(data))

    def data_received(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._received(self, frame)

    def error_received(self, exc: Exception) -> None:
        self.end(f"refused: {exc}")

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(f"broken: {exc}" if exc else "closed by the far end")

    def send(self, frame: Frame) -> None:
        """Raises: LinkBroken."""
        if self.lost.done() or self._transport is None:
            raise LinkBroken(self.lost.result() if self.lost.done() else "not open")
        put = self._transport.write if self._is_stream else self._transport.sendto
        put(frame.encode())

    def end(self, reason: str) -> None:
        """Idempotent; nothing is written afterwards but what the operating system has."""
        if not self.lost.done():
            self.lost.set_result(reason)
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
