"""Front `console`: the upgrade and the handshake of fenghuo.console.v1, the one feed for all who watch, and the heartbeat.

Source: console.md §6.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fenghuo import Actor, ConfigError, FenghuoError, FrontContext, NotAuthenticated
from fenghuo.formats.console_frames import PROTOCOL, Auth, Close, Hello, Seen, State, encode
from fenghuo_adapters.http_exchange import Receive, Scope, Send, is_loopback
from fenghuo_console import ConsoleSettings
from fenghuo_console.conversation import Conversation, Ended, frame_of
from fenghuo_console.credentials import DOOR, Credentials, role_of, shown_to
from fenghuo_console.feed import Feed
from fenghuo_console.pages import Pages
from fenghuo_console.session import ROOM, Room, Session
from fenghuo_console.tiles import Tiles
from fenghuo_console.watch import WATCH, Order, Watch

__all__ = ["Console"]

AUTH_S = 10.0
HALF_OPEN = 16
"""Connections of one address that may be open without having said who they are: a desk has a few consoles, and each says so at once."""
PUSH = "fenghuo.push"
"""Extension of the web port: writes a frame that many get as it is."""
LEAVING = Actor("console", ("viewer",), DOOR)
"""Says that a console is gone, whoever sat there."""
LAYING = Actor("console", ("door",), DOOR)
"""Lays before the watch what its channel emits."""
MISSED_PINGS = 3


class Console:
    """Serves /ws/console, and the page at /. It keeps one reader of the stream while somebody watches. `room`: what may wait for each."""

    def __init__(self, ctx: FrontContext, *, room: Room = ROOM) -> None:
        settings: ConsoleSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._watch: Watch = ctx.shared(WATCH, Watch)
        self._room = room
        self._conversations: dict[Session, Conversation] = {}
        self._feed = Feed(ctx, self._watching)
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._empty = asyncio.Event()
        self._stopping = False
        self._unknown: Counter[str] = Counter()  # connections that have not said yet who they are, by address

    async def start(self) -> None:
        self._ctx.web.mount("/ws/console", self)
        if self._settings.page:
            self._ctx.web.mount("/", await asyncio.to_thread(Pages))
            self._ctx.web.mount("/tiles", await self._tiles())
        self._watch.serve(self._lay, reload_s=self._settings.reload_s)

    async def _tiles(self) -> Tiles:
        """The base map; the watch goes on without one that cannot be used, and is told on the map."""
        try:
            return await asyncio.to_thread(Tiles, self._settings.tiles, self._settings.tiles_credit)
        except ConfigError as fault:
            self._ctx.log.error("the base map cannot be used", cause=str(fault))
            return Tiles(fault=str(fault))

    async def stop(self, deadline: float) -> None:
        """Tell every console to come back later, and wait for them until `deadline`."""
        self._stopping = True
        self._watch.serve(None)
        for session in self._conversations:
            session.close(Close.STOPPING)
        if self._conversations:
            self._empty.clear()
            try:
                async with asyncio.timeout(max(0.0, min(1.0, deadline - self._ctx.clock.monotonic()))):
                    await self._empty.wait()
            except TimeoutError:
                self._ctx.log.warning("consoles left without a word", consoles=len(self._conversations))
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
        elif self._is_crowded(scope):
            await _reject(send, "websocket.http", HTTPStatus.TOO_MANY_REQUESTS, {"detail": f"{HALF_OPEN} from there say nothing yet"})
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
            credentials = await self._introduced(receive, scope, from_page=from_page)
            actor = credentials.actor()
        except Ended as end:
            return end.code
        except TimeoutError:
            return Close.SILENT
        except NotAuthenticated:
            return Close.NOT_AUTHENTICATED
        if not role_of(actor.rights):
            return Close.NOT_ALLOWED
        if self._stopping:
            return Close.STOPPING
        session = Session(send, now=now.monotonic(), room=self._room, push=scope.get("extensions", {}).get(PUSH))
        return await self._serve(session, credentials, receive, send)

    async def _introduced(self, receive: Receive, scope: Scope, *, from_page: bool) -> Credentials:
        """Who it is; until then it counts as nobody. Raises: TimeoutError, Ended, NotAuthenticated."""
        address = _address(scope)
        self._unknown[address] += 1
        try:
            async with asyncio.timeout(AUTH_S):
                return await self._credentials(receive, scope, from_page=from_page)
        finally:
            self._unknown[address] -= 1
            self._unknown += Counter()  # without those of whom there are none

    def _is_crowded(self, scope: Scope) -> bool:
        """Whether as many as may from there were let in and have not said who they are; what comes from this machine is not counted."""
        address = _address(scope)
        return not is_loopback(address) and self._unknown[address] >= HALF_OPEN

    async def _serve(self, session: Session, credentials: Credentials, receive: Receive, send: Send) -> Close | None:
        heartbeat_s = self._settings.heartbeat_s
        conversation = Conversation(self._ctx, session, credentials, feed=self._feed, watch=self, hb=heartbeat_s)
        try:
            await conversation.check()
        except Ended as end:
            return end.code
        if self._stopping:
            return Close.STOPPING
        self._enter(session, conversation)
        try:
            code = await _first(conversation.listen(receive), self._pump(session))
            # Said before leaving: stop() waits for us to leave, and then the port is closed.
            await _close(send, code)
            return None
        finally:
            await self._leave(session)

    async def _credentials(self, receive: Receive, scope: Scope, *, from_page: bool) -> Credentials:
        frame = await frame_of(receive)
        if not isinstance(frame, Auth):
            raise Ended(Close.BAD_FRAME)
        if frame.proto and frame.proto != PROTOCOL:
            raise Ended(Close.VERSION)
        return shown_to(self._ctx, frame, scope, from_page=from_page, open_viewer=self._settings.open_viewer)

    async def _pump(self, session: Session) -> Close | None:
        await session.pump()
        return session.closing

    async def stands(self, session: Session, actor: Actor, state: State) -> None:
        """Whether somebody is there."""
        session.is_reported = True
        said = {"armed": state.armed, "sound": state.sound, "visible": state.visible, "idle_s": state.idle_s}
        await self._tell(actor, "watch.report", {"console": session.name, **said})

    async def seen(self, session: Session, actor: Actor, seen: Seen) -> None:
        """Whether somebody has noticed."""
        await self._tell(actor, "watch.seen", {"console": session.name, "path": seen.p, "tone": seen.tone})

    async def _tell(self, actor: Actor, verb: str, args: dict[str, Any], *, is_cut: bool = False) -> None:
        """What cannot be told now is told with the next line or the next change; nobody loses the picture for it."""
        try:
            answer: Mapping[str, Any] = await self._ctx.desk.do(actor, verb, args)
        except FenghuoError as error:
            self._ctx.log.warning("who is on watch could not be told", verb=verb, error=str(error))
            return
        if "armed" in answer:
            self._watch.stands(answer["armed"], is_cut=is_cut)
        if "token" in answer:
            self._watch.noticed(answer["channel"], answer["token"])

    async def _lay(self, order: Order) -> None:
        """Into the tray, from where every console has it by the stream."""
        await self._ctx.desk.do(LAYING, "tray.lay", {"emission": order.token, "text": order.text})

    def _watching(self) -> tuple[Session, ...]:
        return tuple(self._conversations)

    def _enter(self, session: Session, conversation: Conversation) -> None:
        self._conversations[session] = conversation
        if not self._tasks:
            self._feed.begin()
            self._tasks = (asyncio.create_task(self._guard(self._feed.run())), asyncio.create_task(self._guard(self._beat())))

    async def _leave(self, session: Session) -> None:
        if self._conversations.pop(session, None) is not None and session.is_reported:
            await self._tell(LEAVING, "watch.leave", {"console": session.name}, is_cut=True)
        if not self._conversations:
            self._empty.set()
            await self._rest()

    async def _rest(self) -> None:
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """The one reader, the one timer: if it fails, every console comes back and a new one is made."""
        try:
            await work
        except Exception:  # whatever it was, consoles must not stand there with an old picture
            self._ctx.log.exception("console feed failed")
            for session in self._watching():
                session.close(Close.STOPPING)

    async def _beat(self) -> None:
        """One timer for all consoles; it runs only while there are some."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_s)
            for session, conversation in list(self._conversations.items()):
                await self._look(session, conversation)

    async def _look(self, session: Session, conversation: Conversation) -> None:
        now = self._ctx.clock
        if now.monotonic() - session.heard_at > MISSED_PINGS * self._settings.heartbeat_s:
            session.close(Close.SILENT)
            return
        try:
            await conversation.check()
        except Ended as end:
            session.close(end.code or Close.STOPPING)
            return
        session.ping(now.time(), self._feed.at)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client is not None else ""


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
