"""TCP sockets that leave by one interface and no other, and what went over each of them on the wire.

A satellite channel that the routing table could send over the fibre would count as a second way and be none.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from fenghuo.errors import LinkBroken

__all__ = ["BoundPath", "wire_octets"]

# Linux struct tcp_info (include/uapi/linux/tcp.h): segs_out and bytes_sent, which counts what was sent again too; kernel 4.19 and later.
_SEGS_OUT, _BYTES_SENT = 136, 200
_TCP_INFO_OCTETS = 208
HEADER_V4, HEADER_V6 = 52, 72
"""Octets of IP and TCP header on each segment, with the timestamp option (RFC 7323)."""
_SYN_MORE = 8
"""Octets that the options of a SYN take beyond those of any other segment."""
_MISSING = {
    errno.ENODEV: "is not there",
    errno.EADDRNOTAVAIL: "belongs to no interface of this machine",
    errno.EPERM: "may not be bound by this process; it needs CAP_NET_RAW",
}


@dataclass(frozen=True, slots=True)
class BoundPath:
    """An interface by name (SO_BINDTODEVICE), a source address, or both. `abandon_s`: after so many seconds without an acknowledgement
    the kernel gives a connection up (TCP_USER_TIMEOUT, RFC 5482), should nobody have done so before."""

    interface: str = ""
    source: str = ""
    abandon_s: float = 30.0

    def __str__(self) -> str:
        return " ".join(filter(None, (self.interface, self.source)))

    def open(self, family: int = socket.AF_INET) -> socket.socket:
        """A non-blocking TCP socket, bound and not yet connected. Raises: LinkBroken: interface or address is not there."""
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self.bind(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def bind(self, sock: socket.socket) -> None:
        """Bind a fresh TCP socket. Closing it throws away what was not acknowledged, so that a message given up does not leave late.
        Raises: LinkBroken."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self.abandon_s * 1000))
        if self.interface:
            self._try("interface", self.interface, lambda: _bind_to_device(sock, self.interface))
        if self.source:
            self._try("source address", self.source, lambda: sock.bind((self.source, 0)))

    def check(self) -> None:
        """Whether it is there now. Raises: LinkBroken with a sentence."""
        self.open(socket.AF_INET6 if ":" in self.source else socket.AF_INET).close()

    def _try(self, what: str, name: str, bind: Callable[[], None]) -> None:
        try:
            bind()
        except OSError as exc:
            says = _MISSING.get(exc.errno or 0, f"cannot be used: {exc.strerror or exc}")
            raise LinkBroken(f"{what} {name} {says}") from exc


def _bind_to_device(sock: socket.socket, interface: str) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")


def wire_octets(sock: socket.socket) -> int | None:
    """Octets of IP that a connection has sent so far, headers, acknowledgements and repetitions included; None where the kernel does
    not say. To within the options of a few segments (selective acknowledgements are not told)."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_OCTETS)
    except OSError:  # closed, or no such option here
        return None
    if len(info) < _TCP_INFO_OCTETS:
        return None
    (segments,) = struct.unpack_from("=I", info, _SEGS_OUT)
    (octets,) = struct.unpack_from("=Q", info, _BYTES_SENT)
    header = HEADER_V6 if sock.family == socket.AF_INET6 else HEADER_V4
    return int(octets + segments * header + _SYN_MORE)
