"""The cookie in which a browser carries a person's session, and where that browser is. Source: RFC 6265 §5."""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie

__all__ = ["COOKIE", "address_of", "cookie_of"]

COOKIE = "fenghuo_session"


def cookie_of(header: str) -> str:
    """The session in a Cookie header, "" without one."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def address_of(client: str) -> str:
    """Where somebody sits, one text for each address; never the empty one, which is this machine's."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "unknown"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
