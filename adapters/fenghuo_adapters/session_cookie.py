"""The cookie in which a browser carries a person's session. Source: RFC 6265 §5."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

__all__ = ["COOKIE", "cookie_of"]

COOKIE = "fenghuo_session"


def cookie_of(header: str) -> str:
    """The session in a Cookie header, "" without one."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
