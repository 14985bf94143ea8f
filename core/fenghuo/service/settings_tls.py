"""`certificate`, `private_key_file` and `client_ca` of `[web]`: TLS of the web port."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path

from fenghuo.formats.table_reading import Faults
from fenghuo.service.settings_tables import WebTable
from fenghuo.service.settings_values import TlsFiles

__all__ = ["read_tls"]

OTHERS = 0o077
"""Permission bits of anybody but the owner."""


def read_tls(table: WebTable, host: str, faults: Faults, path: Callable[[str], Path]) -> TlsFiles | None:
    """What TLS is served with; None: plain http, which beyond this machine is a warning."""
    if table.certificate is None or table.private_key_file is None:
        _check_absent(table, faults)
        if not _is_here(host):
            faults.warn("web.listen", f"is {host} without TLS: passwords cross the network in the open; fenghuo cert init, or TLS in front")
        return None
    found = TlsFiles(path(table.certificate), path(table.private_key_file), path(table.client_ca) if table.client_ca is not None else None)
    for name, file in (("certificate", found.certificate), ("private_key_file", found.key), ("client_ca", found.client_ca)):
        if file is not None and (what := _unreadable(file)):
            faults.add(f"web.{name}", what)
    if not _unreadable(found.key) and found.key.stat().st_mode & OTHERS:
        faults.add("web.private_key_file", f"at {found.key} may be read by others; chmod 600 {found.key}")
    return found


def _unreadable(file: Path) -> str:
    """What keeps this process from a file, as its sentence goes on; empty if nothing does."""
    try:
        if not file.is_file():
            return f"is not there at {file}; fenghuo cert init makes it"
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"at {file} cannot be read by this account: {error.strerror}; give it to the owner of the state folder"


def _check_absent(table: WebTable, faults: Faults) -> None:
    if table.certificate is not None:
        faults.add("web.private_key_file", "is missing; certificate is there, and TLS takes both: fenghuo cert init makes and names them")
    if table.private_key_file is not None:
        faults.add("web.certificate", "is missing; private_key_file is there, and TLS takes both: fenghuo cert init makes and names them")
    if table.client_ca is not None and table.certificate is None and table.private_key_file is None:
        faults.add("web.client_ca", "is there without certificate; clients show theirs over TLS alone")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
