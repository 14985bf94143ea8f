"""One SMPP session on one connection: requests and their responses, the watch over a silent line, and the end of it.

A session is bound once and lost once; reconnecting is smpp_line's. It never answers a deliver_sm by itself.
Source: SMPP 3.4 §2.2 (session states), §2.9 (timers), §4.11 (enquire_link).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import structlog

from fenghuo.errors import FrameError, LinkBroken, LinkClosed, LinkError, LinkTimeout
from fenghuo_adapters import smpp_framing as framing
from fenghuo_adapters.smpp_framing import Command, Pdu, PduReader

__all__ = ["BindRefused", "NotWritten", "SmppSession", "open_session"]

_log = structlog.stdlib.get_logger(__name__)

_LAST_SEQUENCE = 0x7FFFFFFF

# Once a submission went unanswered, the line is suspected and asked at once; a living centre answers an enquire_link within this.
SUSPECT_S = 5.0

Deliver = Callable[["SmppSession", Pdu], None]


class BindRefused(LinkError):
    """The centre answered our bind with an error; `status` is its command_status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the centre refused the bind with status 0x{status:02X}")


class NotWritten(LinkBroken):
    """There was no session to write to: certainly no octet of the request left."""


class SmppSession(asyncio.Protocol):
    """A connection and what is under way on it. Everything happens on the loop that made it.

    `lost`: resolves with the reason, once, when the connection has ended. `deliver` is called for each deliver_sm.
    """

    def __init__(self, *, deliver: Deliver, enquire_link_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._enquire_link_s = enquire_link_s
        self._reader = PduReader()
        self._pending: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._heard_at = self._loop.time()
        self._asked_at: float | None = None
        self._reason = ""
        self.lost: asyncio.Future[str] = self._loop.create_future()

    @property
    def is_open(self) -> bool:
        """Whether a request may still be written."""
        return self._transport is not None and not self._transport.is_closing() and not self._reason

    @property
    def heard_at(self) -> float:
        """When the far end last sent anything (loop time, seconds)."""
        return self._heard_at

    def request(self, build: Callable[[int], bytes]) -> asyncio.Future[Pdu]:
        """Write one request at once; the future is its response, or LinkBroken when the session ends first. Raises: NotWritten."""
        if not self.is_open or self._transport is None:
            raise NotWritten(self._reason or "the session is closed")
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        octets = build(self._sequence)
        response: asyncio.Future[Pdu] = self._loop.create_future()
        self._pending[self._sequence] = response
        self._transport.write(octets)
        return response

    def respond(self, octets: bytes) -> None:
        """Write a response; on a session that has ended it is dropped, and the far end will send its request again."""
        if self.is_open and self._transport is not None:
            self._transport.write(octets)

    async def call(self, build: Callable[[int], bytes], *, timeout_s: float) -> Pdu:
        """Request and response. Raises: NotWritten, LinkBroken, LinkTimeout."""
        response = self.request(build)
        try:
            async with asyncio.timeout(timeout_s):
                return await response
        except TimeoutError:
            raise LinkTimeout(f"no answer within {timeout_s:g} s") from None

    async def bind(self, system_id: str, password: str, system_type: str, *, timeout_s: float) -> None:
        """Bind as a transceiver and begin to watch the line. Raises: BindRefused, LinkBroken, LinkTimeout."""

        def build(sequence: int) -> bytes:
            return framing.bind_pdu(system_id, password, system_type=system_type, sequence=sequence)

        answer = await self.call(build, timeout_s=timeout_s)
        if answer.status != 0:
            raise BindRefused(answer.status)
        self._look()

    async def enquire(self, *, timeout_s: float) -> float:
        """Seconds that an enquire_link took. Raises: NotWritten, LinkBroken, LinkTimeout."""
        before = self._loop.time()
        await self.call(framing.enquire_pdu, timeout_s=timeout_s)
        return self._loop.time() - before

    async def unbind(self, *, timeout_s: float) -> None:
        """Say good-bye and close; whatever is still under way ends with LinkClosed. Never raises a LinkError."""
        if self.is_open:
            farewell = self.request(framing.unbind_pdu)
            await asyncio.wait((farewell,), timeout=timeout_s)
        self.end("closed by us", LinkClosed)

    def suspect(self) -> None:
        """A request went unanswered: ask now, and end the session if nothing at all is heard within SUSPECT_S."""
        if self.is_open and self._asked_at is None:
            self._ask(min(SUSPECT_S, self._enquire_link_s))

    def end(self, reason: str, error: type[LinkError] = LinkBroken) -> None:
        """Close at once: no further octet leaves, every request under way fails with `error`, `lost` resolves."""
        if self._watch is not None:
            self._watch.cancel()
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()
        pending, self._pending = self._pending, {}
        for response in pending.values():
            if not response.done():
                response.set_exception(error(self._reason))
                response.exception()  # marks it as seen: a caller that has gone away must not leave a warning behind
        if not self.lost.done():
            self.lost.set_result(self._reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(f"connection lost: {exc}" if exc else "the far end closed the connection")

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for pdu in self._reader.feed(data):
                self._take(pdu)
        except FrameError as broken:
            self.end(f"not SMPP any more: {broken}")

    def _take(self, pdu: Pdu) -> None:
        if pdu.is_response:
            self._settle(pdu)
            return
        match pdu.command:
            case Command.DELIVER_SM:
                self._deliver(self, pdu)
            case Command.ENQUIRE_LINK:
                self.respond(framing.enquire_resp_pdu(pdu.sequence))
            case Command.UNBIND:
                self.respond(framing.unbind_resp_pdu(pdu.sequence))
                self._leave()
            case Command.ALERT_NOTIFICATION:
                _log.debug("smpp alert notification ignored", pdu=str(pdu))
            case _:
                self.respond(framing.nack_pdu(pdu.sequence))

    def _settle(self, pdu: Pdu) -> None:
        response = self._pending.pop(pdu.sequence, None)
        if response is None:
            _log.debug("smpp response to nothing", pdu=str(pdu))
        elif not response.done():
            response.set_result(pdu)

    def _leave(self) -> None:
        """The far end unbinds: let our response out, then close; what it has not answered it will not answer."""
        self._reason = "the far end unbound"
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        """Ask if nothing was heard for an interval; so a dead line is noticed within two."""
        if not self.is_open:
            return
        due_at = self._heard_at + self._enquire_link_s  # an instant, not a difference: what rounds to nothing would be asked for ever
        if self._loop.time() >= due_at:
            self._ask(self._enquire_link_s)
        else:
            self._watch = self._loop.call_at(due_at, self._look)

    def _ask(self, within_s: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._asked_at = self._loop.time()
        self.request(framing.enquire_pdu)
        self._watch = self._loop.call_later(within_s, self._judge, self._asked_at)

    def _judge(self, asked_at: float) -> None:
        self._asked_at = None
        if self._heard_at > asked_at:
            self._look()
        else:
            self.end("no answer to enquire_link")


async def open_session(host: str, port: int, *, deliver: Deliver, enquire_link_s: float, timeout_s: float) -> SmppSession:
    """A connected session that is not bound yet. Raises: LinkBroken, LinkTimeout."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            _, session = await loop.create_connection(lambda: SmppSession(deliver=deliver, enquire_link_s=enquire_link_s), host, port)
    except TimeoutError:
        raise LinkTimeout(f"no connection to {host}:{port} within {timeout_s:g} s") from None
    except OSError as failed:
        raise LinkBroken(f"no connection to {host}:{port}: {failed.strerror or failed}") from failed
    return session
