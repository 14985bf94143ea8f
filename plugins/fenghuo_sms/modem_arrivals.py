"""What comes in from modems as the core takes it: reports, answers, late outcomes; long answers put together again.

Nothing is emptied here: every Inbound carries the way to do it, for after the commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fenghuo import Evidence, Inbound, InboundKind
from fenghuo.formats.modem_answers import report_failure
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_names import Names
from fenghuo_adapters.at_pool import Late
from fenghuo_adapters.pdu_framing import Delivered, Reported
from fenghuo_adapters.short_message_joining import COPY, Joined
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_sms.arrivals import AttemptKey, own_address
from fenghuo_sms.modem_outcomes import outcome_of

__all__ = ["ModemArrivals", "inbound_of_late", "inbound_of_report"]


def inbound_of_report(arrival: Arrival, reported: Reported, names: Names, now: float) -> Inbound:
    """A status report. Its level counts only if the telephone has the part. `now`: UTC seconds."""
    number = own_address(reported.recipient)
    (ref, *others), submitted_at, within_s = names.of_report(arrival.sim, number, reported, now)
    return Inbound(
        kind=InboundKind.RECEIPT,
        raw=arrival.raw,
        ack=_acknowledge_later(arrival),
        address_kind="msisdn",
        address=number,
        submitted_at=submitted_at,
        submitted_within_s=within_s,
        ref=ref,
        alternate_refs=tuple(others),
        level=Evidence.DEVICE if reported.is_delivered else None,
        failure=report_failure(reported.status, is_failed=reported.is_failed),
        text=f"status {reported.status:02x}",
    )


def inbound_of_late(late: Late[AttemptKey], refs: tuple[str, ...]) -> Inbound:
    """An answer to a submission that had been given up: the modem has sent it after all."""
    key = late.correlation
    outcome = outcome_of(late.sent, refs, retry_after_s=key.retry_after_s)
    raw = f"+CMGS: {late.sent.references[-1]}".encode()
    return Inbound(kind=InboundKind.LATE_OUTCOME, raw=raw, ack=_nothing_to_acknowledge, token=key.token, n=key.n, outcome=outcome)


class ModemArrivals:
    """Tells what each arrival is, and puts the parts of long answers together.

    The parts of one stay in the modem until the ANSWER with the whole text is kept, for whoever is there then must have them all. A part
    that the modem does not store is handed on at once: until it is acknowledged the next one does not come.
    """

    def __init__(self, names: Names | None = None, texts: LongTexts | None = None) -> None:
        self._names = names if names is not None else Names()
        self._texts = texts if texts is not None else LongTexts(lambda: 0.0)

    def inbound_of(self, arrival: Arrival, now: float, wall: float) -> Inbound | None:
        """An arrival as an Inbound, None for a part that waits; one that does not hold together is handed on too, to be kept. `now`:
        monotonic, `wall`: UTC seconds."""
        match arrival.content:
            case Reported() as reported:
                return inbound_of_report(arrival, reported, self._names, wall)
            case Delivered() as delivered:
                return self._message(arrival, delivered, now)
            case None:
                return _kept(arrival)

    def overdue(self, now: float) -> list[Inbound]:
        """Answers whose missing parts are not waited for any longer, with `…` in the gaps."""
        return [self._answer(joined) for joined in self._texts.overdue(now)]

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no answer is unfinished."""
        return self._texts.due_in_s(now)

    def _message(self, arrival: Arrival, delivered: Delivered, now: float) -> Inbound | None:
        sender, text, concat = own_address(delivered.sender), delivered.text, delivered.concat
        if concat is None or concat.total == 1:
            return self._answer(Joined(sender, text, arrival.raw, (arrival.acknowledge,)))
        joined = self._texts.arrived(arrival, sender, concat, text, now=now)
        if joined is None and arrival.is_stored:
            return None
        return _kept(arrival, text) if joined is None or joined is COPY else self._answer(joined)

    def _answer(self, joined: Joined) -> Inbound:
        async def ack() -> None:
            await self._texts.kept(joined)

        text, is_broken = joined.text, joined.is_broken
        return Inbound(InboundKind.ANSWER, joined.raw, ack, address_kind="msisdn", address=joined.sender, text=text, is_broken=is_broken)


def _kept(arrival: Arrival, text: str = "") -> Inbound:
    """Something to be committed and taken off the modem that proves nothing by itself: a receipt of no message, at no level."""
    return Inbound(kind=InboundKind.RECEIPT, raw=arrival.raw, ack=_acknowledge_later(arrival), text=text)


def _acknowledge_later(arrival: Arrival) -> Callable[[], Awaitable[None]]:
    async def ack() -> None:
        arrival.acknowledge()

    return ack


async def _nothing_to_acknowledge() -> None:
    """A late answer never waits for it."""
