"""The SMS channel over modems: one pool of them, PDU mode. See docs/reference/sms.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    FenghuoError,
    Inbound,
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
    Transient,
)
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_lines import line_to
from fenghuo_adapters.at_names import Names
from fenghuo_adapters.at_pin import pin_fault, trace_of
from fenghuo_adapters.at_pool import BrokenOff, Late, ModemPool, Place, Sent, Text
from fenghuo_adapters.at_setup import SimFault
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_sms.arrivals import AttemptKey
from fenghuo_sms.modem_arrivals import ModemArrivals, inbound_of_late
from fenghuo_sms.modem_outcomes import outcome_of, outcome_of_failure
from fenghuo_sms.modem_settings import WATTS_TRANSMIT, ModemSettings
from fenghuo_sms.outcomes import retry_after
from fenghuo_sms.settings import msisdn

__all__ = ["ModemChannel"]

# What begin() and the core's own work may take of the time that a text has.
_SPARE_S = 1.0
_GIVEN = "given"
"""A note of its own, of the PIN in hand; the others are lines."""


class ModemChannel(SimpleChannel):
    """See plugins.md, Channel. Each modem comes back by itself; the channel is up while any of them is registered."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: ModemSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._names = Names()
        self._texts = LongTexts(ctx.clock.time, ctx.notes)
        self._answers = ModemArrivals(self._names, self._texts)
        self._pool: ModemPool[AttemptKey] | None = None
        self._power = PowerLevel.FULL
        self._was_up: bool | None = None
        self._trace = ""
        self._stopped = False

    async def start(self) -> None:
        """Open the modems. Raises: NotReady (none is there), ConfigError (a PIN that is none), AuthFailed (SIM absent or locked)."""
        settings = self._settings
        pin = self._ctx.secret(settings.pin_file) if settings.pin_file else ""
        if pin and (fault := pin_fault(pin)):
            raise ConfigError(f"pin_file {fault}")
        withheld = await self._withheld(pin)
        await self._texts.recall()
        lines = [line_to(device, settings.baud, open_s=settings.open_s) for device in settings.devices]
        pool: ModemPool[AttemptKey] = ModemPool(lines, settings.profile(pin), self, self._ctx.random, withheld=withheld)
        self._pool = pool
        try:
            await pool.open()
        except SimFault as refused:
            raise AuthFailed(str(refused)) from refused
        except LinkError as absent:
            raise NotReady(str(absent), retry_after_s=min(5.0, settings.reopen_most_s)) from absent

    async def stop(self, deadline: float) -> None:
        """Close the modems; what is under way becomes Unknown."""
        self._stopped = True
        if self._pool is not None:
            await self._pool.close()
            if self._pool.refused_pin:
                await self._ctx.notes.keep(dict.fromkeys(self._pool.refused_pin, self._trace))  # one may have been cut off in keeping it

    def stands(self, *, up: bool, reason: str) -> None:
        """How the modems are (PoolEvents)."""
        if self._stopped:
            return
        if up is not self._was_up:
            self._was_up = up
            say = self._ctx.log.info if up else self._ctx.log.warning
            say("modems up" if up else "modems down", cause=reason)
        self._ctx.health(up, reason)

    async def pin_refused(self, line: str) -> None:
        """Kept before the line is opened again (PoolEvents). Raises: LinkBroken."""
        try:
            await self._ctx.notes.keep({line: self._trace})
        except FenghuoError as fault:
            raise LinkBroken(f"{line}: the SIM refused the PIN, and that cannot be noted: {fault}") from fault

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
        settings = self._settings
        parts = part_count(payload.text, wide=settings.wide_references)
        took_s = parts * settings.part_s
        return Estimate(
            joules=took_s * WATTS_TRANSMIT,
            fee_fen=parts * settings.fee_fen,
            latency_q50_s=took_s + min(settings.part_s, settings.receipt_q95_s),
            latency_q95_s=took_s + settings.receipt_q95_s,
            fragments=parts,
        )

    async def send(self, job: SendJob) -> Outcome:
        """A free modem, then begin(), then the text; without a registered modem there is no begin()."""
        try:
            number = msisdn(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "not-a-number")
        if self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "listening-only")
        pool = self._pool
        if pool is None:
            return Transient(Scope.CHANNEL, "not-started")
        try:
            left_s = self._left_s(job) - self._settings.prompt_s - self._settings.send_s
            async with pool.place(within_s=max(0.0, left_s)) as place, job.begin() as emission:
                return await self._emit(place, emission, number, self._left_s(job) - _SPARE_S)
        except LinkError as failed:
            return outcome_of_failure(failed)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask a modem for its registration and its signal. Raises: LinkError: none answers."""
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
        """Below FULL nothing is sent; a modem goes on listening, for that costs next to nothing."""
        self._power = level

    async def _emit(self, place: Place[AttemptKey], emission: Emission, number: str, left_s: float) -> Outcome:
        retry_after_s = retry_after(emission.n, self._ctx.random)
        text = Text(destination=number, text=emission.payload.text, validity_s=emission.validity_s)
        key = AttemptKey(emission.token, emission.n, retry_after_s, number)
        try:
            sent = await place.submit(text, key, timeout_s=left_s, turn=emission.turn)
        except BrokenOff as failed:
            return outcome_of_failure(failed, self._refs(failed.sent, number))
        except LinkError as failed:
            return outcome_of_failure(failed)
        except ValueError as unfit:
            self._ctx.log.error("text cannot be sent as SMS", token=emission.token, cause=str(unfit))
            return Permanent(Scope.MESSAGE, "too-long")
        return outcome_of(sent, self._refs(sent, number), retry_after_s=retry_after_s)

    async def _next(self, pool: ModemPool[AttemptKey]) -> list[Inbound] | None:
        """What came in next, or the long answers that are not waited for any longer; None at the end."""
        try:
            async with asyncio.timeout(self._answers.due_in_s(self._ctx.clock.monotonic())):
                item = await pool.receive()
        except TimeoutError:
            return self._answers.overdue(self._ctx.clock.monotonic())
        match item:
            case None:
                return None
            case Late():
                return [inbound_of_late(item, self._refs(item.sent, item.correlation.number))]
            case Arrival():
                found = self._answers.inbound_of(item, self._ctx.clock.monotonic(), self._ctx.clock.time())
                return [] if found is None else [found]

    def _refs(self, sent: Sent, number: str) -> tuple[str, ...]:
        clock = self._ctx.clock
        return self._names.of_sent(sent.sim, number, sent.taken_by(clock.time(), clock.monotonic()))

    def _left_s(self, job: SendJob) -> float:
        return job.deadline - self._ctx.clock.monotonic()
