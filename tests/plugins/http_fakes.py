"""A desk, an event stream and a front's context for the tests of fenghuo_http: they fill the ports and keep nothing on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from fenghuo import Actor, Answer, Command, Event, EventStream, FenghuoError, Front, FrontType, NotAuthenticated, NotFound
from fenghuo.clock import SystemClock
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.service.commands import failure
from fenghuo.service.settings_values import Listen
from fenghuo.service.web import WebPort

__all__ = ["COOKIE", "NONCE", "FakeDesk", "FakeEvents", "serving"]

COOKIE, NONCE = "cookie-of-zhang", "nonce-of-zhang"
TOKENS = {
    "met-token": Actor("met", ("source",), "http"),
    "duty-token": Actor("duty", ("operator", "viewer"), "http"),
    "view-token": Actor("guest", ("viewer",), "http"),
}


class FakeEvents:
    """Fills EventStream over a list; `add` is what a commit does."""

    def __init__(self) -> None:
        self.epoch = "epoch-1"
        self.oldest = 1
        self._events: list[Event] = []
        self._changed = asyncio.Event()

    @property
    def head(self) -> int:
        return self._events[-1].seq if self._events else 0

    def add(self, subject: str, kind: str = "changed") -> int:
        """Append one event about `subject`; its seq."""
        self._events.append(Event(self.head + 1, time.time(), kind, subject, {}))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return self.head

    async def read(self, after: int, limit: int) -> list[Event]:
        return [event for event in self._events if event.seq > after][:limit]

    async def wait(self, after: int) -> int:
        while self.head <= after:
            await self._changed.wait()
        return self.head


class FakeDesk:
    """Fills Desk: answers each verb from `answers` (a value, an error to raise, or a function of the args), and notes every call.

    The verb `state` is answered from `objects`, path by path.
    """

    def __init__(self, events: FakeEvents) -> None:
        self.events = events
        self.answers: dict[str, Any] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.objects: dict[str, Any] = {}
        self.hold: asyncio.Event | None = None
        self.rights: tuple[str, ...] = ("operator", "releaser")
        self.topics: tuple[str, ...] = ("message", "objective", "channel", "mode")

    def actor(self, token: str, door: str, certificate: str = "") -> Actor:
        if token not in TOKENS:
            raise NotAuthenticated("nobody here issued this token")
        return msgspec.structs.replace(TOKENS[token], door=door)

    def member(self, session: str, csrf: str, door: str, address: str = "") -> Actor:
        """One session is known; without its nonce it only sees."""
        if session != COOKIE or csrf not in {"", NONCE}:
            raise NotAuthenticated("the session is over or not known here; log in")
        return Actor("zhang", self.rights if csrf else ("viewer",), door, "5e55105e5510")

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        self.calls.append((actor.name, verb, dict(args)))
        if verb in self.answers:
            answer = self.answers[verb]
            if isinstance(answer, BaseException):
                raise answer
            return answer(args) if callable(answer) else answer
        if verb.startswith("watch."):
            return {}
        if verb == "session.show":
            return {"rights": self.rights, "session": {"locked": False}}
        if verb == "state":
            return self._state(args)
        raise NotFound(f"there is no verb {verb}")

    async def command(self, actor: Actor, command: Command) -> Answer:
        """What `do` says to it, once for its key."""
        if command.do == "slow" and self.hold is not None:
            await self.hold.wait()
            return Answer(ok=True)
        try:
            result = await self.do(actor, command.do, command.args | {"key": command.key, "if_rev": command.if_rev})
        except FenghuoError as error:
            return Answer(ok=False, err=failure(error))
        return Answer(ok=True, data=msgspec.Raw(msgspec.json.encode(result)))

    def change(self, path: str, value: Any) -> int:
        """Change one object, as a commit does: the state first, then its event. None removes it."""
        if value is None:
            self.objects.pop(path, None)
        else:
            self.objects[path] = value
        return self.events.add(path)

    def _state(self, args: Mapping[str, Any]) -> Any:
        if "paths" in args:
            data = {path: self.objects.get(path) for path in args["paths"]}
        else:
            data = {path: value for path, value in self.objects.items() if path.partition("/")[0] in args["topics"]}
        return {"cur": {"epoch": self.events.epoch, "seq": self.events.head}, "data": data}


@asynccontextmanager
async def serving(
    front_type: FrontType, settings: msgspec.Struct | None = None, *, prepare: Callable[[FakeDesk], None] | None = None, port: int = 0
) -> AsyncIterator[tuple[WebPort, FakeDesk]]:
    """A real web port with one front over a fake desk."""
    events = FakeEvents()
    desk = FakeDesk(events)
    if prepare is not None:
        prepare(desk)
    stream: EventStream = events
    web = WebPort(Listen("127.0.0.1", port), clock=SystemClock())
    ctx = HostedFrontContext(
        name="front", settings=settings or front_type.settings(), clock=SystemClock(), desk=desk, events=stream, web=web
    )
    front: Front = front_type.factory(ctx)
    await web.start()
    await front.start()
    try:
        yield web, desk
    finally:
        await front.stop(time.monotonic() + 2)
        await web.stop(time.monotonic() + 2)
