"""Where the heads of the audit are kept: a file on another disk, another machine's syslog."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Protocol

from fenghuo.service.audit_heads import Head, read_heads

__all__ = ["PLACE_S", "FilePlace", "Place", "SyslogPlace", "place_of"]

PLACE_S = 10.0
"""Longest wait for one place."""
SYSLOG_PRIORITY = 13 * 8 + 5
"""Facility 13 (log audit), severity 5 (notice). Source: RFC 5424 §6.2.1."""


class Place(Protocol):
    """Somewhere that keeps heads."""

    name: str

    def put(self, head: Head) -> None:
        """Keep one; blocks. Raises: OSError."""


class FilePlace:
    """Lines in a file, best on another disk; each is on it before put() returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"file:{path}"

    def put(self, head: Head) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(head.line() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def heads(self) -> list[Head]:
        """What it holds; none where there is no file. Raises: OSError, FormatError."""
        if not self.path.exists():
            return []
        return list(read_heads(self.path.read_text(encoding="utf-8").splitlines()))


class SyslogPlace:
    """Another machine's syslog over UDP: nothing answers, so it is a second place beside a file, never the only one. RFC 5424, 5426."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"syslog:{host}:{port}"
        self._where = (host, port)

    def put(self, head: Head) -> None:
        with socket.socket(socket.AF_INET6 if ":" in self._where[0] else socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.settimeout(PLACE_S)
            out.sendto(f"<{SYSLOG_PRIORITY}>1 - - fenghuo - audit-head - {head.line()}".encode(), self._where)


def place_of(text: str, base: Path) -> Place:
    """`file:PATH` or `syslog:HOST:PORT`. Raises: ValueError with what would be right."""
    kind, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    if kind == "file" and rest:
        return FilePlace(base / rest)
    if kind == "syslog" and host and port.isdecimal() and 0 < int(port) < 65_536:
        return SyslogPlace(host.strip("[]"), int(port))
    raise ValueError('must be "file:PATH" or "syslog:HOST:PORT"')
