"""What the service manager is told: ready, reloading, stopping, a line of status, and that we are alive.

Source: sd_notify(3). Written here because the package `sdnotify` fails on a Chinese STATUS.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

import structlog

__all__ = ["Notify", "watchdog_period_s"]

log = structlog.stdlib.get_logger("fenghuo.notify")


class Notify:
    """Sends to the manager at `address`; without one every call does nothing. Never blocks and never raises."""

    def __init__(self, address: str = "") -> None:
        # A leading @ stands for the NUL of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_down = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notify:
        """The manager that $NOTIFY_SOCKET names, if any."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self, status: str = "") -> bool:
        """Start-up is over, or a reload is; whether it was sent."""
        return self._send("READY=1" + _status(status))

    def reloading(self) -> bool:
        """Settings are being read anew; ready() ends it."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> bool:
        """The end has begun."""
        return self._send("STOPPING=1" + _status(status))

    def status(self, status: str) -> bool:
        """One line for `systemctl status`."""
        return self._send(_status(status).lstrip())

    def watchdog(self, status: str = "") -> bool:
        """There was progress; see watchdog.py for who may say so."""
        return self._send("WATCHDOG=1" + _status(status))

    def extend(self, seconds: float) -> bool:
        """Stopping or starting takes `seconds` longer; said only while there is progress."""
        return self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def _send(self, text: str) -> bool:
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(text.encode(), self._address)
        except OSError as error:
            self._down(error)
            return False
        self._is_down = False
        return True

    def _down(self, error: OSError) -> None:
        if not self._is_down:
            log.warning("the service manager does not listen", cause=error.strerror or str(error))
        self._is_down = True


def watchdog_period_s(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> float | None:
    """Seconds within which the manager wants to hear of us; None when it does not watch this process."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if watched and watched != str(os.getpid() if pid is None else pid):
        return None
    return int(microseconds) / 1_000_000


def _status(text: str) -> str:
    return "\nSTATUS=" + " ".join(text.split()) if text else ""
