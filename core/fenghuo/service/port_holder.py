"""Who listens on a TCP port of this machine, as far as we may see it: for the sentence that a port is taken."""

from __future__ import annotations

import contextlib
import ipaddress
from pathlib import Path

__all__ = ["holder_of"]

PROC = Path("/proc")
LISTENS = "0A"
"""Source: proc_net_tcp(5), st."""
ADDRESS, STATE, INODE = 1, 3, 9


def holder_of(host: str, port: int, proc: Path = PROC) -> str:
    """Such as `process 4711 (nginx)`; "" where nobody is seen to listen there. Blocks: call it off the loop."""
    inodes = {row[INODE] for row in _rows(proc) if row[STATE] == LISTENS and _is_there(row[ADDRESS], host, port)}
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another account's
            if any(str(one.readlink()) in wanted for one in (folder / "fd").iterdir()):
                return f"process {folder.name} ({(folder / 'comm').read_text(errors='replace').strip()})"
    return "a process of another account"


def _rows(proc: Path) -> list[list[str]]:
    rows: list[list[str]] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows += [line.split() for line in (proc / "net" / name).read_text().splitlines()[1:]]
    return [row for row in rows if len(row) > INODE]


def _is_there(local: str, host: str, port: int) -> bool:
    """Whether this listener has the port at that address, or at every one."""
    address, _, number = local.partition(":")
    if int(number, 16) != port:
        return False
    return not address.strip("0") or _written(host) in ("", address)


def _written(host: str) -> str:
    """An IPv4 address as the kernel writes it; "" for what we do not compare."""
    with contextlib.suppress(ValueError):
        packed = ipaddress.IPv4Address(host).packed
        return packed[::-1].hex().upper() if packed != bytes(4) else ""
    return ""
