"""The SMS channel: one account at one short message centre over SMPP 3.4. See docs/reference/sms.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Inbound,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
)
from fenghuo_adapters.short_message_framing import part_count
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_adapters.smpp_framing import Submission
from fenghuo_adapters.smpp_line import Arrival, BindRefused, Late, LineSettings, NotWritten, Slot, SmppLine
from fenghuo_adapters.smpp_status import status_name
from fenghuo_sms.arrivals import Arrivals, AttemptKey, inbound_of_late
from fenghuo_sms.outcomes import outcome_of, outcome_of_failure, retry_after
from fenghuo_sms.settings import SmsSettings, msisdn, password_fault

__all__ = ["SmsChannel"]

# Refusals that a person has to mend: password, account. A bind refused without a reason (0x0D) may be the session that a killed
# process left at the centre: it is asked again soon.
_AUTH_REFUSALS = frozenset({"invpaswd", "invsysid"})


class SmsChannel(SimpleChannel):
    """See plugins.md, Channel. The line rebinds by itself once it was bound; health is told at each change."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: SmsSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._texts = LongTexts(ctx.clock.time, ctx.notes)
        self._answers = Arrivals(self._texts)
        self._line: SmppLine[AttemptKey] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Bind. Raises: NotReady (anything that may pass), ConfigError (a password that SMPP cannot carry), AuthFailed, StoreError.

        AuthFailed: the password, the account, or a bind that is refused without a reason.
        """
        line: SmppLine[AttemptKey] = SmppLine(self._line_settings(), self, self._ctx.random)
        await self._texts.recall()
        try:
            await line.open()
        except BindRefused as refused:
            if status_name(refused.status) in _AUTH_REFUSALS:
                raise AuthFailed(
                    f"the centre refused the account {self._settings.system_id!r} ({status_name(refused.status)})"
                ) from refused
            raise NotReady(f"{refused} ({status_name(refused.status)})", retry_after_s=10.0) from refused
        except LinkError as failed:
            raise NotReady(str(failed), retry_after_s=5.0) from failed
        self._line = line

    async def stop(self, deadline: float) -> None:
        """Unbind and close; what is under way becomes Unknown."""
        self._stopped = True
        if self._line is not None:
            await self._line.close(timeout_s=max(0.0, min(1.0, deadline - self._ctx.clock.monotonic())))

    def bound(self) -> None:
        """The line is bound (LineEvents)."""
        self._ctx.health(True, "bound")

    def lost(self, reason: str) -> None:
        """The line was lost (LineEvents)."""
        if not self._stopped:
            self._ctx.health(False, reason)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        parts = part_count(payload.text)
        return Estimate(
            fee_fen=parts * self._settings.fee_fen,
            latency_q50_s=min(5.0, self._settings.receipt_q95_s),
            latency_q95_s=self._settings.receipt_q95_s,
            fragments=parts,
        )

    async def send(self, job: SendJob) -> Outcome:
        """A place in the window, then begin(), then the text; without a bound line there is no begin()."""
        try:
            destination = self._destination(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "not-a-number")
        try:
            place = self._bound_line().slot(within_s=self._left_s(job) - self._settings.response_s)
            async with place as slot, job.begin() as emission:
                return await self._emit(slot, emission, destination, self._left_s(job))
        except LinkError as failed:
            return outcome_of_failure(failed)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the centre with an enquire_link. Raises: LinkError when there is no bound line or no answer in time."""
        round_trip_s = await self._bound_line().enquire(timeout_s=budget.timeout_s)
        return ProbeResult(answered=True, round_trip_s=round_trip_s, detail="the centre answered")

    async def inbound(self) -> AsyncIterator[Inbound]:
        line = self._bound_line(even_if_lost=True)
        while (item := await self._next(line)) is not None:
            for inbound in item:
                yield inbound

    async def _emit(self, slot: Slot[AttemptKey], emission: Emission, destination: str, left_s: float) -> Outcome:
        retry_after_s = retry_after(emission.n, self._ctx.random)
        submission = Submission(
            source=self._settings.source_addr.removeprefix("+"),
            destination=destination,
            validity_s=emission.validity_s,
            international=self._settings.numbers == "international",
        )
        key = AttemptKey(emission.token, emission.n, retry_after_s)
        try:
            limit_s = min(left_s, self._settings.response_s)
            submitted = await slot.submit(emission.payload.text, submission, key, timeout_s=limit_s, turn=emission.turn)
        except LinkError as failed:
            return outcome_of_failure(failed)
        except ValueError as unfit:
            self._ctx.log.error("text cannot be sent as SMS", token=emission.token, cause=str(unfit))
            return Permanent(Scope.MESSAGE, "too-long")
        self._answers.submitted(submitted.ids, self._ctx.clock.time())
        return outcome_of(submitted, retry_after_s=retry_after_s)

    async def _next(self, line: SmppLine[AttemptKey]) -> list[Inbound] | None:
        """What came in next, or the long answers that are not waited for any longer; None at the end."""
        now = self._ctx.clock.monotonic()
        try:
            async with asyncio.timeout(self._answers.due_in_s(now)):
                item = await line.receive()
        except TimeoutError:
            return self._answers.overdue(self._ctx.clock.monotonic())
        match item:
            case None:
                return None
            case Late():
                return [inbound_of_late(item)]
            case Arrival():
                return [self._answers.inbound_of(item, self._ctx.clock.monotonic())]

    def _destination(self, address: str) -> str:
        """The digits of a number as this centre wants them. Raises: ValueError."""
        number = msisdn(address)
        if self._settings.numbers == "national":
            return number.removeprefix("+86").removeprefix("+")
        return number.removeprefix("+")

    def _left_s(self, job: SendJob) -> float:
        return job.deadline - self._ctx.clock.monotonic()

    def _bound_line(self, *, even_if_lost: bool = False) -> SmppLine[AttemptKey]:
        if self._line is None or not (even_if_lost or self._line.is_bound):
            raise NotWritten(self._line.why_down if self._line else "not started")
        return self._line

    def _line_settings(self) -> LineSettings:
        settings = self._settings
        password = self._ctx.secret(settings.password_file)
        if fault := password_fault(password):
            raise ConfigError(f"password_file {fault}")
        return LineSettings(
            host=settings.host,
            port=settings.port,
            system_id=settings.system_id,
            password=password,
            system_type=settings.system_type,
            window=settings.window,
            per_s=settings.per_s,
            long=settings.long,
            enquire_link_s=settings.enquire_link_s,
            response_s=settings.response_s,
            connect_s=settings.connect_s,
            reconnect_most_s=settings.reconnect_most_s,
        )
