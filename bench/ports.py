"""Ports of this machine for peers that cannot choose one themselves."""

from __future__ import annotations

import asyncio
import socket

__all__ = ["free_port", "until_open"]


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_open(port: int, within_s: float) -> None:
    """Return when something listens. Raises: TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
