"""Under which names and addresses this machine is reached in its networks, for the certificate of its web port. Reads /proc."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path

__all__ = ["addresses_in", "machine_names"]

IPV4, IPV6 = Path("/proc/net/fib_trie"), Path("/proc/net/if_inet6")
NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


def machine_names() -> tuple[str, ...]:
    """The host's names, then every address that is its own; a name that no certificate can carry is left out."""
    host = socket.gethostname()
    names = [host, socket.getfqdn(host), f"{host.partition('.')[0]}.local", "localhost"]
    found = addresses_in(_read(IPV4), _read(IPV6))
    return (*dict.fromkeys(name for name in names if NAME.fullmatch(name)), *found)


def addresses_in(fib_trie: str, if_inet6: str) -> tuple[str, ...]:
    """The addresses of this machine as the kernel lists them, loopback first; link-local ones change with the interface, and are none of
    ours. Source: Linux, net/ipv4/fib_trie.c (`/32 host LOCAL` after its address), net/ipv6/addrconf.c."""
    found = [ipaddress.ip_address(text) for text in re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", fib_trie)]
    found += [ipaddress.ip_address(bytes.fromhex(line.split()[0])) for line in if_inet6.splitlines() if line.strip()]
    known = {one for one in found if not (one.is_link_local or one.is_multicast)}
    own = sorted(known, key=lambda one: (not one.is_loopback, one.version, int(one)))
    return tuple(str(one) for one in own)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""  # a kernel without IPv6, or a /proc that is hidden: --name says what is missing
