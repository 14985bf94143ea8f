"""A byte stream over TCP, for a TNC behind a socket (direwolf, a serial server)."""

from __future__ import annotations

import asyncio
import socket

from fenghuo.errors import LinkBroken, LinkTimeout

__all__ = ["TcpLine"]

# A dead host is noticed by the kernel after 10 + 3 x 5 s, without waking us while all is well.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


class TcpLine:
    """Opens `host:port`, each time anew, within `open_s` seconds."""

    def __init__(self, host: str, port: int, *, open_s: float = 5.0) -> None:
        self.name = f"tcp {host}:{port}"
        self._where = (host, port)
        self._open_s = open_s

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A fresh stream. Raises: LinkTimeout: no answer in time; LinkBroken: refused, unreachable, unknown host."""
        try:
            async with asyncio.timeout(self._open_s):
                reader, writer = await asyncio.open_connection(*self._where)
        except TimeoutError as exc:
            raise LinkTimeout(f"{self.name} did not answer within {self._open_s:g} s") from exc
        except OSError as exc:
            raise LinkBroken(f"{self.name} cannot be opened: {exc.strerror or exc}") from exc
        endpoint: socket.socket = writer.get_extra_info("socket")
        for level, option, value in _KEEPALIVE:
            endpoint.setsockopt(level, option, value)
        return reader, writer
