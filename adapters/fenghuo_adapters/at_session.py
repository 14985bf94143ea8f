"""One opened AT line: a command at a time, each with its deadline; what comes unasked is handed on at once.

It owns one task, which reads. A command that was not answered leaves the line out of step: nobody may ask again before resync().
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from fenghuo.errors import LinkBroken, LinkError, LinkTimeout
from fenghuo_adapters import at_framing as framing
from fenghuo_adapters.at_framing import AtReader, Direct, Final, Stored
from fenghuo_adapters.pdu_framing import Encoded

__all__ = ["AtRefused", "AtSession", "LateReference", "News", "NotHandedOver", "OutOfStep", "Registration", "Shown"]

_CHUNK = 4096
_CLOSE_S = 2.0
_WRITE_S = 5.0


class AtRefused(LinkError):
    """The modem answered a command with an error; `code` as in Final."""

    def __init__(self, command: str, code: str) -> None:
        self.code = code
        super().__init__(f"{command} was answered with {code}")


class NotHandedOver(LinkError):
    """The modem has certainly got nothing of it."""


class OutOfStep(NotHandedOver):
    """The modem still owes an answer to somebody else: nothing was written, and resync() comes first."""


class Shown(msgspec.Struct, frozen=True):
    """A message or report that was handed over without being stored: its PDU."""

    digits: str


class Registration(msgspec.Struct, frozen=True):
    """The modem says by itself that its registration changed: <stat> of TS 27.007 §7.2."""

    stat: int


class LateReference(msgspec.Struct, frozen=True):
    """The answer to a submission that had been given up."""

    reference: int


News = Stored | Shown | Registration | LateReference


class _Pending:
    """A command under way: its lines so far, and its end. Until a line with its `mark` came, results are those of earlier ones."""

    def __init__(self, text: str, mark: str) -> None:
        self.text = text
        self.mark = mark
        self.lines: list[str] = []
        self.prompted: asyncio.Event = asyncio.Event()
        self.ended: asyncio.Future[Final] = asyncio.get_running_loop().create_future()


class AtSession:
    """See the module. `on_news` is called on the loop and must neither block nor raise. `is_set_up`: echo was switched off, so that one
    means that the modem has forgotten all it was told."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], *, name: str, on_news: Callable[[News], None]) -> None:
        self.name = name
        self._stream, self._writer = streams
        self._on_news = on_news
        self._lock = asyncio.Lock()
        self._pending: _Pending | None = None
        self._direct: Direct | None = None
        self.is_in_step = True
        self.is_set_up = False
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ear = asyncio.create_task(self._listen(), name=f"at {name}")

    async def close(self) -> None:
        """Idempotent; afterwards no octet leaves, and whoever waits for an answer gets LinkBroken."""
        self._end("closed by us")
        self._ear.cancel()
        await asyncio.wait([self._ear])
        self._writer.transport.abort()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            return  # it was broken before: there is nothing left to save

    async def command(self, text: str, *, within_s: float) -> tuple[str, ...]:
        """The lines that answer a command. Raises: AtRefused, LinkTimeout (out of step from then on), LinkBroken, NotHandedOver."""
        async with self._lock, self._asking(text) as pending:
            await self._write(text.encode("ascii", "replace") + b"\r")
            shown = _without_secret(text)
            final = await self._answer(pending, within_s, shown)
            if final.code:
                raise AtRefused(shown, final.code)
            return tuple(pending.lines)

    async def submit(self, pdu: Encoded, *, prompt_s: float, within_s: float) -> int:
        """The modem's reference of one submission.

        Raises: NotHandedOver (refused or no prompt before a digit of it was written), AtRefused (the network or the modem refused it),
        LinkTimeout (nobody knows; out of step, and a late answer is told as LateReference), LinkBroken (nobody knows).
        """
        start = f"AT+CMGS={pdu.octets}"
        async with self._lock, self._asking(start) as pending:
            await self._write(start.encode() + b"\r")
            await self._prompt(pending, prompt_s)
            await self._write(pdu.digits.encode() + framing.SUBMIT_END)
            final = await self._answer(pending, within_s, "a submission")
            if final.code:
                raise AtRefused("AT+CMGS", final.code)
            return _reference(pending.lines)

    async def resync(self, query: str, *, within_s: float, tries: int) -> None:
        """Bring the line in step: ESC ends a prompt that may wait, AT is a sign of life, and once `query` is answered by its own line,
        whatever was asked before has its answer, however late. Raises: LinkError.
        """
        async with self._lock:
            for _ in range(tries - 1):
                try:
                    await self._greet(query, within_s)
                    return
                except LinkTimeout:
                    continue
            await self._greet(query, within_s)

    async def _greet(self, query: str, within_s: float) -> None:
        await self._write(framing.ESCAPE + b"\r")
        for text, mark in (("AT", ""), (query, query[2:].rstrip("?"))):
            async with self._asking(text, mark, is_greeting=True) as pending:
                await self._write(text.encode() + b"\r")
                await self._answer(pending, within_s, text)  # ERROR is a sign of life too
        self.is_in_step = True

    async def _prompt(self, pending: _Pending, within_s: float) -> None:
        waiting = asyncio.ensure_future(pending.prompted.wait())
        either: set[asyncio.Future[Any]] = {waiting, pending.ended}
        try:
            await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if pending.prompted.is_set():
            return
        if not pending.ended.done():
            self.is_in_step = False
            await self._write(framing.ESCAPE)
            raise NotHandedOver(f"{self.name} gave no prompt within {within_s:g} s")
        code = pending.ended.result().code
        raise AtRefused("AT+CMGS", code) if code else NotHandedOver(f"{self.name} answered AT+CMGS with OK and took no PDU")

    @asynccontextmanager
    async def _asking(self, text: str, mark: str = "", *, is_greeting: bool = False) -> AsyncIterator[_Pending]:
        if self.lost.done():
            raise NotHandedOver(f"{self.name}: {self.lost.result()}")
        if not self.is_in_step and not is_greeting:
            raise OutOfStep(f"{self.name} still owes an answer")
        pending = self._pending = _Pending(text, mark)
        try:
            yield pending
        except asyncio.CancelledError:
            self.is_in_step = False
            raise
        finally:
            self._pending = None
            if pending.ended.done() and not pending.ended.cancelled():
                pending.ended.exception()  # somebody else may have seen it; nobody else need

    async def _answer(self, pending: _Pending, within_s: float, what: str) -> Final:
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(pending.ended)
        except TimeoutError:
            self.is_in_step = False
            raise LinkTimeout(f"{self.name} did not answer {what} within {within_s:g} s") from None

    async def _write(self, octets: bytes) -> None:
        if self.lost.done():
            raise LinkBroken(f"{self.name}: {self.lost.result()}")
        try:
            self._writer.write(octets)
            async with asyncio.timeout(_WRITE_S):
                await self._writer.drain()
        except TimeoutError:
            self.is_in_step = False
            raise LinkTimeout(f"{self.name} took no octet for {_WRITE_S:g} s") from None
        except OSError as exc:
            self._end(f"it broke while writing: {exc}")
            raise LinkBroken(f"{self.name} broke while writing: {exc}") from exc

    async def _listen(self) -> None:
        """The session's only task: read until the line breaks."""
        reader = AtReader()
        why = "it was closed by the far end"
        try:
            while octets := await self._stream.read(_CHUNK):
                for line in reader.feed(octets):
                    self._take(line)
        except OSError as exc:
            why = f"it broke: {exc}"
        finally:
            self._end(why)

    def _take(self, line: str) -> None:
        if self._direct is not None:
            self._direct = None
            self._on_news(Shown(line))
            return
        match framing.news_of(line):
            case Direct() as direct:
                self._direct = direct
            case Stored() as stored:
                self._on_news(stored)
            case None:
                self._answered(line)

    def _answered(self, line: str) -> None:
        """A line of the command under way; without one it says something of its own accord, or too late."""
        pending = self._pending
        if pending is None or pending.ended.done():
            self._unasked(line)
        elif self.is_set_up and line == pending.text:
            self._restarted(pending)
        elif line == framing.PROMPT:
            pending.prompted.set()
        elif self._is_untimely(pending, line):
            self._unasked(line)
        elif pending.mark:
            pending.mark = "" if line.startswith(pending.mark) else pending.mark
        elif (final := framing.final_of(line)) is not None:
            pending.ended.set_result(final)
        else:
            pending.lines.append(line)

    @staticmethod
    def _is_untimely(pending: _Pending, line: str) -> bool:
        """Not of the command under way, although it came while that was: a change of registration between `AT+CSQ` and its OK would
        be lost until the next look. The first line under the name that was asked for is the answer; one more of it is a change."""
        if line.startswith("+CMGS:"):
            return not pending.prompted.is_set()
        if not framing.tells_a_change(line):
            return False
        name = line.partition(":")[0]
        return name not in pending.text.upper() or any(earlier.startswith(f"{name}:") for earlier in pending.lines)

    def _restarted(self, pending: _Pending) -> None:
        """It echoes, which it was told not to: it has restarted by itself, and would take a PDU for a text to a number of two digits."""
        pending.ended.set_exception(NotHandedOver(f"{self.name} has restarted by itself"))
        self._end("it has restarted by itself")

    def _unasked(self, line: str) -> None:
        stat = framing.registration_of(line)
        if stat is not None:
            self._on_news(Registration(stat))
        elif line.startswith("+CMGS:") and (reference := line[6:].split(",", maxsplit=1)[0].strip()).isdigit():
            self._on_news(LateReference(int(reference)))

    def _end(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        pending = self._pending
        if pending is not None and not pending.ended.done():
            pending.ended.set_exception(LinkBroken(f"{self.name}: {why}"))


def _without_secret(text: str) -> str:
    """A command as an error may name it: never with a PIN."""
    return "AT+CPIN=…" if text.upper().startswith("AT+CPIN=") else text


def _reference(lines: list[str]) -> int:
    """<mr> of `+CMGS: <mr>`; a modem that gives none gives -1, and no report will ever be matched."""
    for line in lines:
        head, _, rest = line.partition(":")
        number = rest.split(",")[0].strip()
        if head == "+CMGS" and number.isdigit():
            return int(number)
    return -1
