"""The satellite channel: one Tiantong terminal, a text at a time. See docs/reference/tiantong.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Evidence,
    FenghuoError,
    FrameError,
    Inbound,
    KeyUnusable,
    LinkBroken,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Traffic,
    Transient,
    Unsupported,
)
from fenghuo.link.naming import note_body
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_lines import line_to
from fenghuo_adapters.at_names import Names
from fenghuo_adapters.at_pin import trace_of
from fenghuo_adapters.at_pool import BrokenOff, Late, ModemPool, Place, Sent, Text
from fenghuo_adapters.at_setup import SimFault
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_tiantong.arrivals import Arrivals, Attempt, inbound_of_late
from fenghuo_tiantong.outcomes import outcome_of, outcome_of_failure
from fenghuo_tiantong.rendition import coded_parts
from fenghuo_tiantong.returns import LIFE_S, Return, Returns
from fenghuo_tiantong.sealed import SealedPosts
from fenghuo_tiantong.settings import TiantongSettings, check, number

__all__ = ["TiantongChannel"]

_SPARE_S = 1.0
_PARTS_OF_A_RECEIPT = 3
_GIVEN = "given"
"""A note of its own, of the PIN in hand; the other one is the line's."""


class TiantongChannel(SimpleChannel):
    """See plugins.md, Channel. A terminal without a satellite is no failure: the channel has started, and is not up."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: TiantongSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._names = Names()
        self._texts = LongTexts(ctx.clock.time, ctx.notes)
        self._answers = Arrivals(self._names, self._texts)
        self._pool: ModemPool[Attempt | None] | None = None
        self._posts: SealedPosts | None = None
        self._returns = Returns(ctx, self._send_back)
        self._returning: asyncio.Task[None] | None = None
        self._power = PowerLevel.FULL
        self._was_up: bool | None = None
        self._trace = ""
        self._stopped = False

    async def start(self) -> None:
        """Open the terminal. Raises: NotReady (it is not there), ConfigError (a PIN that is none), AuthFailed (SIM absent or locked)."""
        settings = self._settings
        for key, fault in check(settings, self._ctx.secret).items():
            raise ConfigError(f"{key} {fault}")
        pin = self._ctx.secret(settings.pin_file) if settings.pin_file else ""
        withheld = await self._withheld(pin)
        await self._texts.recall()
        await self._begin_posts()
        lines = [line_to(settings.device, settings.baud, open_s=settings.open_s)]
        pool: ModemPool[Attempt | None] = ModemPool(lines, settings.profile(pin), self, self._ctx.random, withheld=withheld)
        self._pool = pool
        try:
            await pool.open()
        except SimFault as refused:
            raise AuthFailed(str(refused)) from refused
        except LinkError as absent:
            raise NotReady(str(absent), retry_after_s=min(10.0, settings.reopen_most_s)) from absent
        if self._posts is not None:
            self._returning = asyncio.create_task(self._returns.run(), name="satellite receipts")

    async def stop(self, deadline: float) -> None:
        """Close the line; what is under way becomes Unknown."""
        self._stopped = True
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.gather(self._returning, return_exceptions=True)
        if self._pool is not None:
            await self._pool.close()
            if self._pool.refused_pin:
                await self._ctx.notes.keep(dict.fromkeys(self._pool.refused_pin, self._trace))  # one may have been cut off in keeping it

    def stands(self, *, up: bool, reason: str) -> None:
        """How the terminal is (PoolEvents)."""
        if self._stopped:
            return
        if up is not self._was_up:
            self._was_up = up
            say = self._ctx.log.info if up else self._ctx.log.warning
            say("terminal up" if up else "terminal down", cause=reason)
        self._ctx.health(up, reason)

    async def pin_refused(self, line: str) -> None:
        """Kept before the line is opened again (PoolEvents). Raises: LinkBroken."""
        try:
            await self._ctx.notes.keep({line: self._trace})
        except FenghuoError as fault:
            raise LinkBroken(f"{line}: the SIM refused the PIN, and that cannot be noted: {fault}") from fault

    async def _begin_posts(self) -> None:
        """Raises: ConfigError, StoreError."""
        if self._settings.posts:
            posts = SealedPosts(self._ctx, self._returns.add)
            await posts.begin()
            await self._returns.recall()
            self._posts = posts

    async def _send_back(self, item: Return) -> bool:
        """Raises: LinkError, KeyUnusable, FrameError, StoreError."""
        if self._posts is None or self._pool is None or self._power is not PowerLevel.FULL or item.number not in self._posts:
            return False
        settings, left_s = self._settings, item.ends_at - self._ctx.clock.time()
        if await self._posts.not_ready(item.number) is not None:
            return False
        async with self._pool.place(within_s=settings.send_s) as place:
            words = self._posts.words_for(item.number, bytes.fromhex(item.body), item.traffic, left_s)
            text = Text(destination=item.number, text=words, validity_s=left_s)
            timeout_s = settings.prompt_s + settings.send_s + _PARTS_OF_A_RECEIPT * settings.part_s
            sent = await place.submit(text, None, timeout_s=timeout_s)
        return sent.is_complete

    async def _withheld(self, pin: str) -> set[str]:
        """The lines whose SIM has refused this PIN, in an earlier life too: a third one would lock it. None is given where that could
        not be noted. Raises: FenghuoError."""
        if not pin:
            return set()
        self._trace = trace_of(pin)
        recalled = await self._ctx.notes.recall()
        await self._ctx.notes.keep({_GIVEN: self._trace})
        return {name for name, trace in recalled.values.items() if trace == self._trace and name != _GIVEN}

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """Twenty seconds, a fee and the transmitter's joules for each part."""
        settings = self._settings
        parts = coded_parts(len(payload.data)) if self._posts is not None and address in self._posts else part_count(payload.text)
        took_s = parts * settings.part_s
        return Estimate(
            airtime_s=took_s,
            joules=took_s * settings.watts_transmit,
            fee_fen=parts * settings.fee_fen,
            latency_q50_s=took_s + min(settings.part_s, settings.receipt_q95_s),
            latency_q95_s=took_s + settings.receipt_q95_s,
            fragments=parts,
        )

    async def send(self, job: SendJob) -> Outcome:
        """The terminal, registered and free, then begin(), then the text; without a satellite there is no begin()."""
        try:
            destination = number(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "not-a-number")
        if self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "listening-only")
        if self._pool is None:
            return Transient(Scope.CHANNEL, "not-started")
        if self._posts is not None and destination in self._posts and (not_ready := await self._posts.not_ready(destination)):
            return not_ready
        wait_s = self._left_s(job) - self._settings.prompt_s - self._settings.send_s
        try:
            async with self._pool.place(within_s=max(0.0, wait_s)) as place, job.begin() as emission:
                words = self._words(destination, emission, job.traffic)
                if not isinstance(words, str):
                    return words
                text = Text(destination=destination, text=words, validity_s=emission.validity_s)
                return await self._emit(place, emission, text, self._left_s(job) - _SPARE_S)
        except LinkError as failed:
            return outcome_of_failure(failed)

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        """What a person says goes back, sealed; what only machines know does not, since the terminal's own report has told it for nothing.
        Raises: FrameError, StoreError."""
        number, _, name = ref.partition("/")
        if self._posts is None or number not in self._posts:
            return Unsupported()
        if level >= Evidence.HUMAN:
            item = Return(number, note_body(name, level, text, traffic).hex(), traffic, self._ctx.clock.time() + LIFE_S)
            await self._returns.add(f"{ref}/{level:d}", item)
        return None

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask for registration and signal, which costs nothing on the air. Raises: LinkError: it does not answer."""
        if self._pool is None:
            return ProbeResult(answered=False, detail="not started")
        began = self._ctx.clock.monotonic()
        standing = await self._pool.enquire(within_s=budget.timeout_s)
        detail = standing.fault or f"registered (stat {standing.stat}), {standing.said_signal}"
        return ProbeResult(answered=standing.is_up, round_trip_s=self._ctx.clock.monotonic() - began, detail=detail)

    async def inbound(self) -> AsyncIterator[Inbound]:
        pool = self._pool
        while pool is not None and (found := await self._next(pool)) is not None:
            for inbound in found:
                yield inbound

    async def set_power(self, level: PowerLevel) -> None:
        """Below FULL nothing is sent; listening goes on."""
        self._power = level

    def _words(self, destination: str, emission: Emission, traffic: Traffic) -> str | Outcome:
        """What goes into the message: characters of a sealed frame for an endpoint, the text for a person."""
        if self._posts is None or destination not in self._posts:
            return emission.payload.text
        try:
            return self._posts.words_for(destination, emission.payload.data, traffic, emission.validity_s)
        except KeyUnusable:
            return Transient(Scope.RECIPIENT, "key-unusable", 60.0)
        except FrameError as fault:
            return Permanent(Scope.MESSAGE, fault.code or "bad-frame")

    async def _emit(self, place: Place[Attempt | None], emission: Emission, text: Text, left_s: float) -> Outcome:
        attempt = Attempt(emission.token, emission.n, text.destination)
        try:
            sent = await place.submit(text, attempt, timeout_s=left_s, turn=emission.turn)
        except BrokenOff as failed:
            return outcome_of_failure(failed, self._refs(failed.sent, text.destination))
        except LinkError as failed:
            return outcome_of_failure(failed)
        except ValueError as unfit:
            self._ctx.log.error("text cannot be sent as SMS", token=emission.token, cause=str(unfit))
            return Permanent(Scope.MESSAGE, "too-long")
        return outcome_of(sent, self._refs(sent, text.destination))

    async def _next(self, pool: ModemPool[Attempt | None]) -> list[Inbound] | None:
        """What came in next, or the long answers that are not waited for any longer; None at the end."""
        clock = self._ctx.clock
        try:
            async with asyncio.timeout(self._answers.due_in_s(clock.monotonic())):
                item = await pool.receive()
        except TimeoutError:
            return self._judged(self._answers.overdue(clock.monotonic()))
        match item:
            case None:
                return None
            case Late(correlation=Attempt() as attempt):
                return [inbound_of_late(attempt, item.sent, self._refs(item.sent, attempt.number))]
            case Late():
                return []
            case Arrival():
                found = self._answers.inbound_of(item, clock.monotonic(), clock.time())
                return [] if found is None else self._judged([found])

    def _judged(self, found: list[Inbound]) -> list[Inbound]:
        if self._posts is None:
            return found
        return [inbound for each in found for inbound in self._posts.judged(each)]

    def _refs(self, sent: Sent, destination: str) -> tuple[str, ...]:
        clock = self._ctx.clock
        return self._names.of_sent(sent.sim, destination, sent.taken_by(clock.time(), clock.monotonic()))

    def _left_s(self, job: SendJob) -> float:
        return job.deadline - self._ctx.clock.monotonic()
