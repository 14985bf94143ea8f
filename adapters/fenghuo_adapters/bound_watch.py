"""Whether a network interface is there and has its carrier, told when it changes: by netlink, so that a quiet machine is not woken."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
from collections.abc import Callable

from fenghuo.errors import LinkBroken

__all__ = ["InterfaceWatch", "is_running"]

# Source: rtnetlink(7), netdevice(7).
_RTMGRP_LINK, _RTMGRP_IPV4_IFADDR = 0x1, 0x10
_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_CHUNK = 65536


def is_running(interface: str) -> bool:
    """Whether it is there, up, and has its carrier."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            told = fcntl.ioctl(asking, _SIOCGIFFLAGS, struct.pack("16s16x", interface.encode()))
        except OSError:  # no such interface
            return False
    (flags,) = struct.unpack_from("H", told, 16)
    return bool(flags & _IFF_UP and flags & _IFF_RUNNING)


class InterfaceWatch:
    """`on_change(is_running)` at each change from start() to stop(), on the loop."""

    def __init__(self, interface: str, on_change: Callable[[bool], None]) -> None:
        self._interface = interface
        self._on_change = on_change
        self._was_running = False
        self._ear: socket.socket | None = None

    def start(self) -> None:
        """Listen. Raises: LinkBroken: the kernel does not let us, or the interface is not running now."""
        ear = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        try:
            ear.bind((0, _RTMGRP_LINK | _RTMGRP_IPV4_IFADDR))
            if not is_running(self._interface):
                raise LinkBroken(f"interface {self._interface} is not there, or is down")
        except OSError as exc:
            ear.close()
            raise LinkBroken(f"the kernel tells nothing of interfaces: {exc.strerror or exc}") from exc
        except LinkBroken:
            ear.close()
            raise
        self._ear, self._was_running = ear, True
        asyncio.get_running_loop().add_reader(ear, self._heard)

    def stop(self) -> None:
        """Idempotent."""
        ear, self._ear = self._ear, None
        if ear is not None:
            asyncio.get_running_loop().remove_reader(ear)
            ear.close()

    def _heard(self) -> None:
        """Something changed somewhere; what it was is asked, since news may have been lost."""
        if self._ear is None:
            return
        try:
            while self._ear.recv(_CHUNK):
                pass
        except OSError:  # nothing more, or more than the kernel kept for us
            pass
        running = is_running(self._interface)
        if running != self._was_running:
            self._was_running = running
            self._on_change(running)
