"""An SMPP line to one short message centre: bound again whenever it was lost, submissions in a window, arrivals in a queue.

It knows short messages, not alerts. Two promises carry the rest: nothing waits once submit() was called - a place in the window
and the pace are taken before, by slot() - and nothing that came in is acknowledged before the caller says so.
Source: SMPP 3.4 §2, §4.4 (submit_sm), §4.6 (deliver_sm).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from fenghuo.errors import FrameError, LinkError, LinkTimeout
from fenghuo_adapters import smpp_framing as framing
from fenghuo_adapters.short_message_framing import Coding, Part, split
from fenghuo_adapters.smpp_framing import Delivered, Pdu, Submission
from fenghuo_adapters.smpp_pace import Backoff, Pace
from fenghuo_adapters.smpp_session import BindRefused, NotWritten, SmppSession, open_session
from fenghuo_adapters.smpp_status import is_later

__all__ = ["Arrival", "BindRefused", "BrokenOff", "Late", "LineEvents", "LineSettings", "NotWritten", "Slot", "SmppLine", "Submitted"]

# More arrivals than this wait for their commit: the centre is told to come again later (ESME_RX_T_APPN), and keeps them.
MOST_ARRIVALS = 50_000

# A later part refused for the moment is offered again after at most this.
PART_RETRY_MOST_S = 2.0

Correlation = TypeVar("Correlation")
Builder = Callable[[int], bytes]
"""Makes the octets of a request for a sequence number."""


class LineSettings(msgspec.Struct, frozen=True):
    """How to reach and treat one centre. Times in seconds; `window`: submissions under way; `per_s`: submissions a second, 0: no limit."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    window: int = 32
    per_s: float = 0.0
    long: Literal["udh", "payload"] = "udh"
    enquire_link_s: float = 30.0
    response_s: float = 10.0
    connect_s: float = 10.0
    reconnect_most_s: float = 15.0


class LineEvents(Protocol):
    """What the owner of a line wants to be told at once; both are called on the loop and must not block or raise."""

    def bound(self) -> None:
        """The session is bound."""

    def lost(self, reason: str) -> None:
        """The session ended, or a new one could not be bound; told once for each loss."""


class Submitted(msgspec.Struct, frozen=True):
    """The centre's answer to a text: the ids of the parts it took, the status of the last answer, and how many parts there were."""

    ids: tuple[str, ...]
    status: int
    parts: int

    @property
    def is_complete(self) -> bool:
        return self.status == 0 and len(self.ids) == self.parts


class BrokenOff(LinkError):
    """A text of several parts was cut off among them, by `cause`; `submitted`: what was taken before."""

    def __init__(self, cause: LinkError, submitted: Submitted) -> None:
        self.cause = cause
        self.submitted = submitted
        super().__init__(f"lost after {len(submitted.ids)} of {submitted.parts} parts: {cause}")

    @property
    def may_have_left(self) -> bool:
        """Whether the part that was not answered may be on its way all the same."""
        return not isinstance(self.cause, NotWritten)


class Late(msgspec.Struct, Generic[Correlation], frozen=True):
    """An answer that came after the submitter had given up."""

    correlation: Correlation
    submitted: Submitted
    raw: bytes


class Arrival(msgspec.Struct, frozen=True):
    """One deliver_sm: its octets, its fields (None if they do not hold together), and the way to acknowledge it."""

    raw: bytes
    delivered: Delivered | None
    acknowledge: Callable[[], None]


class SmppLine(Generic[Correlation]):
    """See the module. open() binds the first time and raises; from then until close() the line rebinds by itself."""

    def __init__(self, settings: LineSettings, events: LineEvents, rng: random.Random) -> None:
        self._settings = settings
        self._events = events
        self.rng = rng
        self._window = asyncio.Semaphore(settings.window)
        self._pace = Pace(settings.per_s)
        self._session: SmppSession | None = None
        self._why_down = "not bound yet"
        self._keeper: asyncio.Task[None] | None = None
        self._incoming: asyncio.Queue[Arrival | Late[Correlation] | None] = asyncio.Queue()
        self._reference = rng.randrange(256)
        self._closed = False

    @property
    def is_bound(self) -> bool:
        return self._session is not None and self._session.is_open

    @property
    def why_down(self) -> str:
        """Why it is not bound, for an operator."""
        return self._why_down

    async def open(self) -> None:
        """Bind, and keep bound. May be called again after it raised. Raises: BindRefused, LinkBroken, LinkTimeout."""
        if self._keeper is not None:
            return
        self._adopt(await self._bind())
        self._keeper = asyncio.create_task(self._keep(), name="smpp line keeper")

    async def close(self, *, timeout_s: float) -> None:
        """Unbind and end; afterwards no octet leaves. Submissions under way raise LinkClosed. Idempotent."""
        self._closed = True
        self._why_down = "closed by us"
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait((keeper,), timeout=timeout_s)
        session, self._session = self._session, None
        if session is not None:
            await session.unbind(timeout_s=timeout_s)
        self._incoming.put_nowait(None)

    @asynccontextmanager
    async def slot(self, *, within_s: float) -> AsyncIterator[Slot[Correlation]]:
        """A place in the window, taken before anything irreversible. Raises: NotWritten when unbound or none came free in time."""
        self._bound_session()
        try:
            async with asyncio.timeout(within_s):
                await self._window.acquire()
        except TimeoutError:
            raise NotWritten("no place in the window in time") from None
        try:
            await asyncio.sleep(self._pace.take(asyncio.get_running_loop().time()))
            yield Slot(self, self._bound_session())
        finally:
            self._window.release()

    async def enquire(self, *, timeout_s: float) -> float:
        """Seconds the centre took to answer an enquire_link. Raises: NotWritten, LinkBroken, LinkTimeout."""
        return await self._bound_session().enquire(timeout_s=timeout_s)

    async def receive(self) -> Arrival | Late[Correlation] | None:
        """The next thing that came in, in order; None once the line is closed. May be cancelled without losing anything."""
        item = await self._incoming.get()
        if item is None:
            self._incoming.put_nowait(None)  # whoever asks again is told again
        return item

    def _bound_session(self) -> SmppSession:
        if self._session is None or not self._session.is_open:
            raise NotWritten(self._why_down)
        return self._session

    async def _bind(self) -> SmppSession:
        settings = self._settings
        session = await open_session(
            settings.host, settings.port, deliver=self._arrived, enquire_link_s=settings.enquire_link_s, timeout_s=settings.connect_s
        )
        try:
            await session.bind(settings.system_id, settings.password, settings.system_type, timeout_s=settings.connect_s)
        except BaseException:
            session.end("the bind did not succeed")
            raise
        return session

    def _adopt(self, session: SmppSession) -> None:
        self._session = session
        self._why_down = ""
        self._events.bound()

    async def _keep(self) -> None:
        """Wait for the loss, tell it once, bind again: until close() cancels."""
        backoff = Backoff(self._settings.reconnect_most_s, self.rng)
        while self._session is not None:
            await self._wait_lost(self._session)
            self._adopt(await self._rebind(backoff))
            backoff.reset()

    async def _wait_lost(self, session: SmppSession) -> None:
        self._why_down = await asyncio.shield(session.lost)
        self._events.lost(self._why_down)

    async def _rebind(self, backoff: Backoff) -> SmppSession:
        while True:
            await asyncio.sleep(backoff.next())
            try:
                return await self._bind()
            except LinkError as failed:
                self._why_down = str(failed)

    def _arrived(self, session: SmppSession, pdu: Pdu) -> None:
        if self._incoming.qsize() >= MOST_ARRIVALS:
            session.respond(framing.deliver_resp_pdu(pdu.sequence, later=True))
            return
        try:
            delivered = framing.read_delivered(pdu)
        except FrameError:
            delivered = None
        self._incoming.put_nowait(Arrival(pdu.octets, delivered, partial(_acknowledge, session, pdu.sequence)))

    def builders(self, text: str, submission: Submission) -> list[Builder]:
        """What to write for a text, part by part. Raises: ValueError for a text that cannot be one message."""
        self._reference = (self._reference + 1) % 256
        coding, parts = split(text, self._reference)
        if len(parts) > 1 and self._settings.long == "payload":
            return [lambda sequence: framing.submit_payload_pdu(submission, coding, text, sequence=sequence)]
        return [partial(_submit, submission, coding, part) for part in parts]

    def paced(self, status: int) -> None:
        """Learn from an answer how fast the centre wants us."""
        if status == 0:
            self._pace.passed()
        elif is_later(status):
            self._pace.throttled(asyncio.get_running_loop().time())

    def expect_late(self, response: asyncio.Future[Pdu], earlier: tuple[str, ...], correlation: Correlation | None) -> None:
        """Nobody waits for this response any more; when it comes, and settles its text, receive() tells it."""
        if correlation is not None:
            response.add_done_callback(partial(self._late, correlation, earlier))

    def _late(self, correlation: Correlation, earlier: tuple[str, ...], response: asyncio.Future[Pdu]) -> None:
        if response.cancelled() or response.exception() is not None or self._closed:
            return
        pdu = response.result()
        ids = (*earlier, framing.read_message_id(pdu)) if pdu.status == 0 else earlier
        self._incoming.put_nowait(Late(correlation, Submitted(ids, pdu.status, len(earlier) + 1), pdu.octets))


def _submit(submission: Submission, coding: Coding, part: Part, sequence: int) -> bytes:
    return framing.submit_pdu(submission, coding, part, sequence=sequence)


def _acknowledge(session: SmppSession, sequence: int) -> None:
    session.respond(framing.deliver_resp_pdu(sequence))


class Slot(Generic[Correlation]):
    """A place in the window on the session that was bound when it was taken."""

    def __init__(self, line: SmppLine[Correlation], session: SmppSession) -> None:
        self._line = line
        self._session = session

    async def submit(
        self,
        text: str,
        submission: Submission,
        correlation: Correlation,
        *,
        timeout_s: float,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> Submitted:
        """Hand over one text, part after part, each written at once; `timeout_s` is for all of it. `turn` is awaited before each part:
        what it raises ends the text there, with nothing under way.

        One part is under way at a time, so that a refusal of the first is a refusal of all. A later part that is refused for
        the moment is offered again until the time is over.
        Raises: NotWritten (nothing left), LinkBroken or LinkClosed (unanswered), LinkTimeout (unanswered; a late answer comes
        in by receive()), BrokenOff (of several parts), ValueError (a text that cannot be one message).
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        builders = self._line.builders(text, submission)
        backoff = Backoff(PART_RETRY_MOST_S, self._line.rng)
        ids: tuple[str, ...] = ()
        while len(ids) < len(builders):
            if turn is not None:
                await turn()
            last = len(ids) + 1 == len(builders)
            try:
                pdu = await self._answer(builders[len(ids)], ids, correlation if last else None, until - loop.time())
            except LinkError as failed:
                if len(builders) == 1 or (isinstance(failed, NotWritten) and not ids):
                    raise
                raise BrokenOff(failed, Submitted(ids, 0, len(builders))) from failed
            self._line.paced(pdu.status)
            if pdu.status == 0:
                ids = (*ids, framing.read_message_id(pdu))
                continue
            wait_s = backoff.next()
            if not ids or not is_later(pdu.status) or loop.time() + wait_s >= until:
                return Submitted(ids, pdu.status, len(builders))
            await asyncio.sleep(wait_s)
        return Submitted(ids, 0, len(builders))

    async def _answer(self, build: Builder, earlier: tuple[str, ...], correlation: Correlation | None, within_s: float) -> Pdu:
        """The answer to one part. Whoever gives up leaves word, so that the answer, when it comes, is told as a late one."""
        response = self._session.request(build)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(response)
        except TimeoutError:
            self._session.suspect()
            self._line.expect_late(response, earlier, correlation)
            raise LinkTimeout(f"no answer to a submission within {within_s:g} s") from None
        except asyncio.CancelledError:
            self._line.expect_late(response, earlier, correlation)
            raise
