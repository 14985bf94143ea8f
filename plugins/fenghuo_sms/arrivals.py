"""What comes in from the centre as the core takes it: reports, answers, late outcomes; long answers put together again.

Nothing is acknowledged here: every Inbound carries the way to do it, for after the commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from fenghuo import Evidence, Inbound, InboundKind, Token
from fenghuo_adapters.centre_clock import CentreClock
from fenghuo_adapters.short_message_framing import Concat, decode_text, read_part
from fenghuo_adapters.short_message_joining import COPY, Joined
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_adapters.smpp_framing import Delivered
from fenghuo_adapters.smpp_line import Arrival, Late
from fenghuo_adapters.smpp_receipts import id_forms, is_report, read_report
from fenghuo_sms.outcomes import outcome_of, receipt_failure
from fenghuo_sms.settings import msisdn

__all__ = ["Arrivals", "AttemptKey", "inbound_of_late", "inbound_of_report", "own_address"]


class AttemptKey(msgspec.Struct, frozen=True):
    """Which attempt a submission was for: the core's token and number, the retry wait that a late refusal would ask for, and where the
    answer does not name it, the telephone's number."""

    token: Token
    n: int
    retry_after_s: float
    number: str = ""


def own_address(number: str) -> str:
    """A number as the centre wrote it, in our way of writing; short codes and names stay as they are."""
    try:
        return msisdn(number)
    except ValueError:
        return number


def acknowledge_later(arrival: Arrival) -> Callable[[], Awaitable[None]]:
    """The acknowledgement as the core awaits it."""

    async def ack() -> None:
        arrival.acknowledge()

    return ack


def inbound_of_report(arrival: Arrival, delivered: Delivered, clock: CentreClock) -> Inbound:
    """A delivery report. Its level counts only if it says DELIVRD and nothing else."""
    report = read_report(delivered)
    ref, *others = report.ids or ("",)
    forms = dict.fromkeys(form for known in report.ids for form in (known, *id_forms(known)))
    written = report.submitted
    submitted_at, within_s = clock.reported(tuple(forms), written) if written is not None else (None, 0.0)
    return Inbound(
        kind=InboundKind.RECEIPT,
        raw=arrival.raw,
        ack=acknowledge_later(arrival),
        address_kind="msisdn",
        address=own_address(delivered.source),
        submitted_at=submitted_at,
        submitted_within_s=within_s,
        ref=ref,
        alternate_refs=tuple(form for form in (*others, *forms) if form != ref),
        level=Evidence.DEVICE if report.is_delivered else None,
        failure=receipt_failure(report),
        text=report.state,
    )


def inbound_of_late(late: Late[AttemptKey]) -> Inbound:
    """An answer to a submission that had been given up: the centre took it, or refused it, after all."""

    async def ack() -> None:
        """Nothing to acknowledge: it was a response."""

    key = late.correlation
    outcome = outcome_of(late.submitted, retry_after_s=key.retry_after_s)
    return Inbound(kind=InboundKind.LATE_OUTCOME, raw=late.raw, ack=ack, token=key.token, n=key.n, outcome=outcome)


class Arrivals:
    """Tells what each deliver_sm is, and puts the parts of long answers together.

    Each part of one is handed on at once, to be kept and acknowledged like everything else - a centre may hold back the next part
    until then - and the last one is the ANSWER with the whole text.
    """

    def __init__(self, texts: LongTexts | None = None) -> None:
        self._texts = texts if texts is not None else LongTexts(lambda: 0.0)
        self._clock = CentreClock(names_zone=False)

    def submitted(self, refs: tuple[str, ...], at: float) -> None:
        """The centre took our texts under these ids (UTC seconds): by their reports its clock is known."""
        for ref in refs:
            self._clock.handed_in(ref, at)

    def inbound_of(self, arrival: Arrival, now: float) -> Inbound:
        """A deliver_sm as an Inbound; one that does not hold together is still handed on, to be kept."""
        delivered = arrival.delivered
        if delivered is None:
            return _kept(arrival)
        if is_report(delivered):
            return inbound_of_report(arrival, delivered, self._clock)
        return self._message(arrival, delivered, now)

    def overdue(self, now: float) -> list[Inbound]:
        """Answers whose missing parts are not waited for any longer, with `…` in the gaps."""
        return [self._whole(joined, None) for joined in self._texts.overdue(now)]

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no answer is unfinished."""
        return self._texts.due_in_s(now)

    def _message(self, arrival: Arrival, delivered: Delivered, now: float) -> Inbound:
        """A message from a person. Octets that do not decode are shown as U+FFFD, never dropped."""
        concat, octets = read_part(delivered.user_data, has_header=delivered.has_header)
        text = decode_text(octets, delivered.data_coding)
        address = own_address(delivered.source)
        if concat is None or concat.total == 1:
            return _answer(arrival.raw, address, text, acknowledge_later(arrival))
        return self._take_part(arrival, address, concat, text=text, now=now)

    def _take_part(self, arrival: Arrival, address: str, concat: Concat, *, text: str, now: float) -> Inbound:
        joined = self._texts.take(address, concat, text, raw=arrival.raw, now=now)
        return _kept(arrival, text) if joined is None or joined is COPY else self._whole(joined, arrival)

    def _whole(self, joined: Joined, last: Arrival | None) -> Inbound:
        """A text, by its last part; without one each part was acknowledged when it came."""

        async def ack() -> None:
            await self._texts.kept(joined)
            if last is not None:
                last.acknowledge()

        return _answer(joined.raw, joined.sender, joined.text, ack, is_broken=joined.is_broken)


def _kept(arrival: Arrival, text: str = "") -> Inbound:
    """Something to be committed and acknowledged that proves nothing by itself: a receipt of no message, at no level.

    Not HEARD, which the core does not keep: the centre may forget whatever is acknowledged.
    """
    return Inbound(kind=InboundKind.RECEIPT, raw=arrival.raw, ack=acknowledge_later(arrival), text=text)


def _answer(raw: bytes, address: str, text: str, ack: Callable[[], Awaitable[None]], *, is_broken: bool = False) -> Inbound:
    return Inbound(InboundKind.ANSWER, raw, ack, address_kind="msisdn", address=address, text=text, is_broken=is_broken)
