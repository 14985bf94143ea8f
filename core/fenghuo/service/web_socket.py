"""A WebSocket of the web port to which one frame that goes to many can be written as it is, made once for all of them.

200 consoles at 100 changes a second are 20,000 frames: the way through a task, a coroutine and a codec for each costs five times the write.
An application finds `push` in the scope, under extensions; what it may not write at once it sends as ever, and nothing overtakes.
Source: RFC 6455 §5.2 (frames of a server are not masked), ASGI, extensions.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

from fenghuo.service.web import SECURITY_HEADERS

__all__ = ["PUSH", "PushedWebSocket"]

PUSH = "fenghuo.push"


class PushedWebSocket(WebSocketsSansIOProtocol):
    """As uvicorn has it, and push(). No extension is negotiated on this port, so that a frame is the same for everybody."""

    scope: Any

    def connection_made(self, transport: Any) -> None:
        """What is refused before any application sees it has the headers that every answer has. Source: console.md §1."""
        super().connection_made(transport)
        send = self.conn.send_response

        def with_headers(response: Response) -> None:
            if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
                for name, value in SECURITY_HEADERS:
                    response.headers.setdefault(name.decode(), value.decode())
            send(response)

        self.conn.send_response = with_headers  # type: ignore[method-assign]  # it offers no other place for this

    async def run_asgi(self) -> None:
        self.scope["extensions"][PUSH] = self.push
        await super().run_asgi()

    def push(self, frame: bytes) -> bool:
        """Write a whole frame now; False, and nothing is written, where the line is not open or has not taken what was written before."""
        is_open = self.handshake_complete and not self.close_sent and not self.disconnected and not self.transport.is_closing()
        if not is_open or self.transport.get_write_buffer_size():
            return False
        self.transport.write(frame)
        return True
