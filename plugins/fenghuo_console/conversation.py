"""One console's connection after its handshake: what it says is taken here, and every command answered exactly once on this line."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from fenghuo import Actor, Command, Denied, Failure, FenghuoError, FrontContext, NotAuthenticated, NotReady
from fenghuo.formats.console_frames import Close, Cmd, Frame, Ready, Res, ResyncReason, Seen, State, Sub, Unheard, from_console
from fenghuo_adapters.http_exchange import Receive
from fenghuo_adapters.source_rates import Rates
from fenghuo_console.credentials import DOOR, Credentials, Standing, role_of
from fenghuo_console.feed import Feed
from fenghuo_console.session import ROOM, Session

__all__ = ["Conversation", "Ended", "Watch", "frame_of"]

FRAMES_PER_S = 20.0
COMMANDS_AT_ONCE = 8
"""Commands that one console may have under way; a hand is slower, and a program waits for its answers."""
TRAY = "tray"
TAKES_ON = frozenset({"operator", "stop"})
"""Rights of an operator, awake and locked."""
ANSWER_OCTETS = ROOM.part
"""Of a frame out there are 256 kB at most; a longer answer is asked for over HTTP."""
CROWDED = Failure("overloaded", f"at most {COMMANDS_AT_ONCE} commands at once", {"retry_after_s": 1.0})


class Ended(Exception):
    """The conversation is over; `code` is None when the client went away."""

    def __init__(self, code: Close | None) -> None:
        self.code = code
        super().__init__()


class Watch(Protocol):
    """Whoever wants to know whether somebody sits there and hears."""

    async def stands(self, session: Session, actor: Actor, state: State) -> None: ...

    async def seen(self, session: Session, actor: Actor, seen: Seen) -> None: ...


class Conversation:
    """Belongs to one connection, and ends with it; a command that is under way then is carried out all the same."""

    def __init__(self, ctx: FrontContext, session: Session, credentials: Credentials, *, feed: Feed, watch: Watch, hb: float) -> None:
        self._ctx = ctx
        self._session = session
        self._credentials = credentials
        self._feed = feed
        self._watch = watch
        self._hb = hb
        self._rights: frozenset[str] = frozenset()
        self._under_way: set[asyncio.Task[None]] = set()

    def welcome(self, standing: Standing) -> None:
        """Say who it is taken for; again when that has changed, and then its state is not the one that it may see."""
        rights = frozenset(standing.rights)
        if rights == self._rights:
            return
        is_first, self._rights = not self._rights, rights
        session, name = self._session, standing.actor.name
        session.tell(Ready(name, role_of(standing.rights), tuple(sorted(rights)), self._topics, self._hb))
        if not is_first:
            session.end_subscription(ResyncReason.PERM)

    @property
    def _topics(self) -> tuple[str, ...]:
        """What it may watch. The tray of the duty desk is for those who can take on what lies in it, their session locked or not."""
        may_take = not self._rights.isdisjoint(TAKES_ON)
        return tuple(topic for topic in self._ctx.desk.topics if may_take or topic != TRAY)

    async def check(self) -> None:
        """Once a heartbeat: whether it may still watch, and what it may. Raises: Ended."""
        try:
            standing = await self._credentials.standing()
        except NotAuthenticated as over:
            raise Ended(Close.NOT_AUTHENTICATED) from over
        if not role_of(standing.rights):
            raise Ended(Close.NOT_ALLOWED)
        self.welcome(standing)

    async def listen(self, receive: Receive) -> Close | None:
        """Take what the console says until it goes, or must go; the code to close with."""
        rates = Rates(FRAMES_PER_S, int(FRAMES_PER_S), self._ctx.clock.monotonic)
        try:
            while True:
                frame = await frame_of(receive)
                if rates.wait_s(""):
                    return Close.TOO_FAST
                self._session.heard_at = self._ctx.clock.monotonic()
                await self._take(frame)
        except Ended as end:
            return end.code
        except NotAuthenticated:
            return Close.NOT_AUTHENTICATED
        except Denied:
            return Close.NOT_ALLOWED
        except FenghuoError as exc:
            self._ctx.log.warning("console could not be served", error=str(exc))
            return Close.STOPPING
        finally:
            for task in self._under_way:
                task.cancel()

    async def _take(self, frame: Frame | Unheard) -> None:
        match frame:
            case Sub():
                topics = frozenset(self._topics if frame.topics is None else frame.topics)
                if not topics or not topics.issubset(self._topics):
                    raise Ended(Close.BAD_FRAME)  # `ready` has said which there are; a snapshot of something else would mislead
                self._session.begin(frame.id, topics)
                standing = await self._credentials.standing()
                await self._feed.subscribe(self._session, standing.actor, frame.from_)
            case Cmd():
                self._begin(frame)
            case State():
                await self._watch.stands(self._session, await self._person(), frame)
            case Seen():
                await self._watch.seen(self._session, await self._person(), frame)
            case Unheard():
                self._feed.unheard += 1
            case _:
                return  # a pong has been heard by coming

    async def _person(self) -> Actor:
        """Who sits there, with what that person may: being there keeps no session awake, and is no act."""
        standing = await self._credentials.standing()
        return Actor(standing.actor.name, standing.rights, DOOR, standing.actor.session)

    def _begin(self, cmd: Cmd) -> None:
        if len(self._under_way) >= COMMANDS_AT_ONCE:
            self._session.tell(Res(cmd.id, ok=False, err=CROWDED))
            return
        task = asyncio.create_task(self._carry_out(cmd))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry_out(self, cmd: Cmd) -> None:
        """Whose command it is, is asked when it comes: not everything that was allowed at the handshake still is."""
        try:
            actor = self._credentials.actor()
            answer = await self._ctx.desk.command(actor, Command(cmd.do, cmd.key, cmd.if_rev, cmd.args))
        except NotAuthenticated as over:
            self._session.tell(Res(cmd.id, ok=False, err=Failure("unauthenticated", str(over))))
            self._session.close(Close.NOT_AUTHENTICATED)
            return
        except NotReady as not_now:
            failure = Failure("unavailable", str(not_now), {"retry_after_s": not_now.retry_after_s})
            self._session.tell(Res(cmd.id, ok=False, err=failure))
            return
        if isinstance(answer.data, msgspec.Raw) and len(answer.data) > ANSWER_OCTETS:
            self._session.tell(Res(cmd.id, ok=False, err=_too_large(cmd.do, len(answer.data))))
        else:
            self._session.tell(Res(cmd.id, answer.ok, answer.data, answer.err))


def _too_large(verb: str, octets: int) -> Failure:
    says = f"the answer of {verb} has {octets} octets, and a frame has room for {ANSWER_OCTETS}; ask POST /api/v1/cmd, or for less"
    return Failure("too-large", says, {"octets": octets, "most": ANSWER_OCTETS})


async def frame_of(receive: Receive) -> Frame | Unheard:
    """The next frame of a client. Raises: Ended: it has gone, or says what is no frame."""
    message = await receive()
    if message["type"] == "websocket.disconnect":
        raise Ended(None)
    text = message.get("text")
    if text is None:
        raise Ended(Close.BAD_FRAME)
    try:
        return from_console(text)
    except msgspec.DecodeError as exc:
        raise Ended(Close.BAD_FRAME) from exc
