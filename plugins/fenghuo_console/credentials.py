"""Who a console is, asked anew for each thing that it wants: a right that was taken away is gone at once, and so is a session."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from fenghuo import Actor, FrontContext, NotAuthenticated
from fenghuo.formats.console_frames import Auth
from fenghuo_adapters.http_exchange import Scope, is_loopback
from fenghuo_adapters.session_cookie import address_of, cookie_of

__all__ = ["DOOR", "WATCHERS", "Credentials", "Standing", "role_of", "shown_to"]

DOOR = "console"
WATCHERS = ("admin", "releaser", "operator", "auditor", "viewer")
"""Rights of which one is enough to watch, the one that is shown first; a source only brings in."""
LOCKED = ("viewer", "stop")
OPEN_VIEWER = Actor("viewer", ("viewer", "locked"), DOOR)


class Standing(NamedTuple):
    """Who watches, and what may be done in this moment."""

    actor: Actor
    rights: tuple[str, ...]


class Credentials:
    """What came with the upgrade and in `auth`."""

    def __init__(self, ctx: FrontContext, auth: Auth, *, cookie: str, address: str, is_open: bool) -> None:
        self._ctx = ctx
        self._token = auth.token
        self._cookie = cookie if auth.csrf and not auth.token else ""
        self._csrf = auth.csrf
        self._address = address
        self._is_open = is_open

    def actor(self) -> Actor:
        """Who acts now; a person's session is kept awake by it. Raises: NotAuthenticated."""
        if self._token:
            return msgspec.structs.replace(self._ctx.desk.actor(self._token, DOOR), address=self._address)
        if self._cookie:
            return self._ctx.desk.member(self._cookie, self._csrf, DOOR, self._address)
        if self._is_open:
            return OPEN_VIEWER
        raise NotAuthenticated("a token is needed, or the cookie of a session with its nonce")

    async def standing(self) -> Standing:
        """Who watches now, and what may be done; watching keeps no session awake. Raises: NotAuthenticated."""
        if not self._cookie:
            actor = self.actor()
            return Standing(actor, actor.rights)
        seeing = self._ctx.desk.member(self._cookie, "", DOOR, self._address)
        shown: dict[str, Any] = await self._ctx.desk.do(seeing, "session.show", {})
        rights = tuple(shown["rights"])
        if shown["session"]["locked"]:
            rights = LOCKED if "operator" in rights else LOCKED[:1]
        return Standing(seeing, rights)


def shown_to(ctx: FrontContext, auth: Auth, scope: Scope, *, from_page: bool, open_viewer: bool) -> Credentials:
    """The credentials of a connection. A cookie counts from a page alone, and so does sitting at this machine."""
    client = scope.get("client")
    is_here = client is not None and is_loopback(client[0])
    is_open = open_viewer and from_page and is_here and not auth.token and not auth.csrf
    cookie = cookie_of(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")) if from_page else ""
    address = address_of(client[0] if client is not None else "")
    return Credentials(ctx, auth, cookie=cookie, address=address, is_open=is_open)


def role_of(rights: tuple[str, ...]) -> str:
    """The right that is shown for all, "" for whoever may not watch."""
    return next((right for right in WATCHERS if right in rights), "")
