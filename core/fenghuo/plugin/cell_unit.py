"""The process of one instance in a systemd unit of its own: started by the core's call at its socket, with account and devices of its own.

It serves one call and ends with it; the next one starts it anew. systemd kills it when its loop stands, since nobody else may.
Source: systemd.socket(5), sd_listen_fds(3), sd_notify(3).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping

from fenghuo.plugin.cell_child import serve

__all__ = ["main"]

FIRST_GIVEN = 3
"""The descriptor of the first socket that systemd gives. Source: sd_listen_fds(3), SD_LISTEN_FDS_START."""
FEEDS_A_PERIOD = 4
CALLED_S = 30.0
"""Whoever started it calls at once; without a call it ends, and costs nothing."""


class Notifier:
    """Tells the service manager how it is; without one nobody hears it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if path else None

    def __call__(self, state: str) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):  # it is not there: nothing here hangs on it
                self._line.sendto(state.encode(), "\0" + self._path[1:] if self._path.startswith("@") else self._path)


def main() -> None:
    """Serve whoever calls at the socket that the unit was started for."""
    if os.environ.get("LISTEN_FDS") != "1" or os.environ.get("LISTEN_PID") != str(os.getpid()):
        print("this is started by systemd when a core calls at its socket: see fenghuo-serial@.socket", file=sys.stderr)
        sys.exit(2)
    with socket.socket(fileno=FIRST_GIVEN) as listener:
        listener.setblocking(False)
        asyncio.run(_serve_one(listener, dict(os.environ)))


async def _serve_one(listener: socket.socket, environment: Mapping[str, str]) -> None:
    tell = Notifier(environment.get("NOTIFY_SOCKET", ""))
    tell("READY=1")
    feeding = asyncio.create_task(_feed(tell, int(environment.get("WATCHDOG_USEC", "0")) / 1e6))
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CALLED_S):
            line, _ = await loop.sock_accept(listener)
        listener.close()  # the next call is for the next process
        await serve(line)
    feeding.cancel()


async def _feed(tell: Notifier, period_s: float) -> None:
    while period_s:
        tell("WATCHDOG=1")
        await asyncio.sleep(period_s / FEEDS_A_PERIOD)


if __name__ == "__main__":
    main()
