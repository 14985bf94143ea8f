"""Front `console`: who may watch, the handshake, and the read-only half of fenghuo.console.v1. Source: console.md §6."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

import msgspec

from fenghuo import Actor, Denied, FenghuoError, FrontContext, NotAuthenticated
from fenghuo_adapters.http_exchange import Receive, Scope, Send, is_loopback
from fenghuo_adapters.session_cookie import cookie_of
from fenghuo_adapters.source_rates import Rates
from fenghuo_console import ConsoleSettings
from fenghuo_console.feed import Feed
from fenghuo_console.frames import PROTOCOL, TOPICS, Close, Failure, FromConsole, Hello, Ready, Result, encode, read_frame
from fenghuo_console.pages import Pages
from fenghuo_console.session import Session

__all__ = ["Console"]

AUTH_S = 10.0
FRAMES_PER_S = 20.0
MISSED_PINGS = 3
WATCHERS = frozenset({"viewer", "operator", "releaser", "auditor", "admin"})
"""Rights of which one is enough to watch; a source only brings in."""
READ_ONLY = Failure("read-only", "this console only watches")


class Console:
    """Serves /ws/console, and the page at /. It keeps one reader of the stream while somebody watches."""

    def __init__(self, ctx: FrontContext) -> None:
        settings: ConsoleSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._sessions: set[Session] = set()
        self._cookies: dict[Session, str] = {}
        self._feed = Feed(ctx, self._watching)
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._empty = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        self._ctx.web.mount("/ws/console", self)
        if self._settings.page:
            self._ctx.web.mount("/", await asyncio.to_thread(Pages))

    async def stop(self, deadline: float) -> None:
        """Tell every console to come back later, and wait for them until `deadline`."""
        self._stopping = True
        for session in self._sessions:
            session.close(Close.STOPPING)
        if self._sessions:
            self._empty.clear()
            try:
                async with asyncio.timeout(max(0.0, min(1.0, deadline - self._ctx.clock.monotonic()))):
                    await self._empty.wait()
            except TimeoutError:
                self._ctx.log.warning("consoles left without a word", consoles=len(self._sessions))
        await self._rest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from the upgrade to the close."""
        if scope["type"] != "websocket":
            await _reject(send, "http", HTTPStatus.UPGRADE_REQUIRED, {"detail": "this is a WebSocket", "protocols": [PROTOCOL]})
            return
        await receive()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin", "")
        if PROTOCOL not in scope["subprotocols"]:
            await _reject(send, "websocket.http", HTTPStatus.BAD_REQUEST, {"detail": "no common protocol", "protocols": [PROTOCOL]})
        elif origin and not self._is_welcome(origin, headers.get(b"host", "")):
            await _reject(send, "websocket.http", HTTPStatus.FORBIDDEN, {"detail": "pages from this origin may not watch"})
        else:
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
            code = await self._converse(scope, receive, send, from_page=bool(origin))
            await _close(send, code)

    def _is_welcome(self, origin: str, host: str) -> bool:
        """This port's own pages (the Host was checked by the port), and those of the settings, letter by letter."""
        return origin in {f"http://{host}", f"https://{host}"} or origin in self._settings.origins

    async def _converse(self, scope: Scope, receive: Receive, send: Send, *, from_page: bool) -> Close | None:
        now = self._ctx.clock
        hello = Hello(PROTOCOL, PROTOCOL, "fenghuo", now.time())
        await send({"type": "websocket.send", "text": encode(hello).decode()})
        try:
            async with asyncio.timeout(AUTH_S):
                actor = self._actor(await _frame(receive), scope, from_page=from_page)
        except _Ended as end:
            return end.code
        except TimeoutError:
            return Close.SILENT
        except NotAuthenticated:
            return Close.NOT_AUTHENTICATED
        if WATCHERS.isdisjoint(actor.rights):
            return Close.NOT_ALLOWED
        session = Session(send, now=now.monotonic())
        session.tell(Ready(actor.name, "viewer", TOPICS, self._settings.heartbeat_s))
        if self._stopping:
            return Close.STOPPING
        self._enter(session)
        if actor.session:
            self._cookies[session] = _cookie(scope)
        try:
            code = await _first(self._listen(session, actor, receive), self._pump(session))
            # Said before leaving: stop() waits for us to leave, and then the port is closed.
            await _close(send, code)
            return None
        finally:
            await self._leave(session)

    def _actor(self, frame: FromConsole, scope: Scope, *, from_page: bool) -> Actor:
        if frame.t != "auth":
            raise _Ended(Close.BAD_FRAME)
        if frame.proto and frame.proto != PROTOCOL:
            raise _Ended(Close.VERSION)
        if frame.token:
            return self._ctx.desk.actor(frame.token, "console")
        if frame.csrf and from_page and (cookie := _cookie(scope)):
            return self._ctx.desk.member(cookie, frame.csrf, "console")
        client = scope.get("client")
        if self._settings.open_viewer and from_page and client and is_loopback(client[0]):
            return Actor("viewer", ("viewer",), "console")
        raise NotAuthenticated("a token is needed, or the cookie of a session with its nonce")

    async def _pump(self, session: Session) -> Close | None:
        await session.pump()
        return session.closing

    async def _listen(self, session: Session, actor: Actor, receive: Receive) -> Close | None:
        rates = Rates(FRAMES_PER_S, int(FRAMES_PER_S), self._ctx.clock.monotonic)
        try:
            while True:
                frame = await _frame(receive)
                if rates.wait_s(""):
                    return Close.TOO_FAST
                session.heard_at = self._ctx.clock.monotonic()
                await self._take(session, actor, frame)
        except _Ended as end:
            return end.code
        except Denied:
            return Close.NOT_ALLOWED
        except FenghuoError as exc:
            self._ctx.log.warning("console could not be served", error=str(exc))
            return Close.STOPPING

    async def _take(self, session: Session, actor: Actor, frame: FromConsole) -> None:
        match frame.t:
            case "sub":
                topics = frozenset(frame.topics)
                if not topics or topics - frozenset(TOPICS):
                    raise _Ended(Close.BAD_FRAME)  # `ready` has said which there are; a snapshot of something else would mislead
                session.begin(frame.id, topics)
                await self._feed.subscribe(session, actor, frame.from_)
            case "cmd":
                session.tell(Result(frame.id, ok=False, err=READ_ONLY))
            case _:
                return  # pong has been heard by coming; what we do not know is a newer client's

    def _watching(self) -> tuple[Session, ...]:
        return tuple(self._sessions)

    def _enter(self, session: Session) -> None:
        self._sessions.add(session)
        if not self._tasks:
            self._feed.begin()
            self._tasks = (asyncio.create_task(self._guard(self._feed.run())), asyncio.create_task(self._beat()))

    async def _leave(self, session: Session) -> None:
        self._sessions.discard(session)
        self._cookies.pop(session, None)
        if not self._sessions:
            self._empty.set()
            await self._rest()

    async def _rest(self) -> None:
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """The one reader: if it fails, every console comes back and a new reader is made."""
        try:
            await work
        except Exception:  # whatever it was, consoles must not stand there with an old picture
            self._ctx.log.exception("console feed failed")
            for session in self._watching():
                session.close(Close.STOPPING)

    def _is_in_force(self, session: Session) -> bool:
        """Whether the person's session goes on; watching keeps none awake, and a locked one watches on."""
        cookie = self._cookies.get(session)
        if cookie is None:
            return True
        try:
            self._ctx.desk.member(cookie, "", "console")
        except NotAuthenticated:
            return False
        return True

    async def _beat(self) -> None:
        """One timer for all consoles; it runs only while there are some."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            now = self._ctx.clock
            for session in self._watching():
                if now.monotonic() - session.heard_at > MISSED_PINGS * self._settings.heartbeat_s:
                    session.close(Close.SILENT)
                elif not self._is_in_force(session):
                    session.close(Close.NOT_AUTHENTICATED)
                else:
                    session.ping(now.time(), self._feed.at)


def _cookie(scope: Scope) -> str:
    return cookie_of(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))


class _Ended(Exception):
    """The conversation is over; `code` is None when the client went away."""

    def __init__(self, code: Close | None) -> None:
        self.code = code
        super().__init__()


async def _frame(receive: Receive) -> FromConsole:
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise _Ended(None)
    text = message.get("text")
    if text is None:
        raise _Ended(Close.BAD_FRAME)
    try:
        return read_frame(text)
    except msgspec.DecodeError as exc:
        raise _Ended(Close.BAD_FRAME) from exc


async def _first(*works: Coroutine[Any, Any, Close | None]) -> Close | None:
    """Run all until one is done; the rest is cancelled and awaited."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _close(send: Send, code: Close | None) -> None:
    if code is not None:
        await send({"type": "websocket.close", "code": code.value, "reason": code.name.lower()})


async def _reject(send: Send, kind: str, status: HTTPStatus, members: dict[str, object]) -> None:
    body = encode({"type": "urn:fenghuo:problem:bad-request", "title": status.phrase, "status": status.value} | members)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{kind}.response.start", "status": status.value, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
