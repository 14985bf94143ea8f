"""uvicorn, made quiet: no timer of its own, no signal handlers, and a limit on heads that never end.

Nothing but web.py knows uvicorn; another server would change this module alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fenghuo.service.web import SECURITY_HEADERS, AsgiApp, WebLimits
from fenghuo.service.web_socket import PushedWebSocket

__all__ = ["HttpServer"]

IDLE_S = 30.0  # a kept-alive connection without a request is closed after this; the timer is one a connection, not periodic
WS_MESSAGE_OCTETS = 64 * 1024  # console.md §6, Limits
REFUSED_HEAD = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n%s\r\n" % b"".join(
    b"%s: %s\r\n" % pair for pair in SECURITY_HEADERS
)


class HttpServer:
    """One listening socket and its connections. uvicorn's main loop, which wakes ten times a second, is never entered."""

    def __init__(
        self,
        app: AsgiApp,
        bound: socket.socket,
        *,
        limits: WebLimits,
        headers: list[tuple[bytes, bytes]],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._bound = bound
        self._tls = tls
        self._handshake_s = limits.head_s if tls is not None else None
        config = uvicorn.Config(
            app,
            http=partial(LimitedProtocol, limits),  # type: ignore[arg-type]  # uvicorn only calls it
            ws=PushedWebSocket,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=int(IDLE_S),
            ws_max_size=WS_MESSAGE_OCTETS,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
        )
        self._config = config
        self._server = uvicorn.Server(config)
        self._server.server_state.default_headers = headers

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Sent with every HTTP answer; the list may be changed in place."""
        return self._server.server_state.default_headers

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._server.server_state.connections)

    async def start(self) -> None:
        """Accept connections. serve() is not called: it would install signal handlers and its ticking loop."""
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        # Not startup(): it would give a handshake that never ends a minute, and six times as many of them room.
        listening = await asyncio.get_running_loop().create_server(
            self._protocol, sock=self._bound, ssl=self._tls, ssl_handshake_timeout=self._handshake_s, backlog=self._config.backlog
        )
        self._server.servers = [listening]
        self._server.started = True

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self._config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn makes it
            config=self._config, server_state=self._server.server_state, app_state={}
        )
        return made

    async def stop(self, timeout_s: float) -> None:
        """Close the socket at once and every connection within `timeout_s` seconds."""
        self._config.timeout_graceful_shutdown = timeout_s  # type: ignore[assignment]  # declared int, used as a float
        await self._server.shutdown(sockets=[self._bound])
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()


class LimitedProtocol(HttpToolsProtocol):
    """Closes a connection whose head does not come or does not end; uvicorn would wait for ever."""

    def __init__(self, limits: WebLimits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_octets = 0
        self._head_began = False
        self._certificate = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        self._certificate = hashlib.sha256(shown).hexdigest() if shown else ""
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_began = False
        super().data_received(data)
        if self._head_timer is None or self._head_began:
            return
        self._head_octets += len(data)
        if self._head_octets > self._limits.head and not self.transport.is_closing():
            self.transport.write(REFUSED_HEAD)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._certificate:
            self.scope["extensions"] = {"tls": {"client_certificate_sha256": self._certificate}}
        self._head_octets = 0
        self._head_began = True
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._limits.head_s, self.transport.close)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
