"""Names the place where a store lies, so that a copy of it elsewhere is known as one: two that count on from one state use a nonce twice.

Not known as copies are machines that share machine-id and disk layout, as images of a running virtual machine do. Source: machine-id(5);
security.md §4.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fenghuo.store.disk import DATABASE

__all__ = ["MACHINE_ID", "place_of"]

MACHINE_ID = Path("/etc/machine-id")


def place_of(folder: Path, *, machine_id: Path = MACHINE_ID) -> str:
    """The machine and the database file itself, as a digest; a machine without an id counts by its file alone. Raises: OSError: no such
    store."""
    machine = machine_id.read_text(encoding="ascii", errors="replace").strip() if machine_id.is_file() else ""
    file = (folder / DATABASE).stat().st_ino
    return hashlib.sha256(f"fenghuo link {machine} {file}".encode()).hexdigest()[:32]
