"""What comes in from a terminal as the core takes it: reports, answers, late outcomes; long answers put together again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from fenghuo import Evidence, Inbound, InboundKind, Token
from fenghuo.formats.modem_answers import report_failure
from fenghuo_adapters.at_inbox import Arrival
from fenghuo_adapters.at_names import Names
from fenghuo_adapters.at_pool import Sent
from fenghuo_adapters.pdu_framing import Delivered, Reported
from fenghuo_adapters.short_message_framing import Concat
from fenghuo_adapters.short_message_joining import COPY, Joined
from fenghuo_adapters.short_message_memory import LongTexts
from fenghuo_tiantong.outcomes import outcome_of
from fenghuo_tiantong.settings import number

__all__ = ["Arrivals", "Attempt", "inbound_of_late"]

KIND = "satphone"


class Attempt(msgspec.Struct, frozen=True):
    """Which attempt a submission was for, and where it went."""

    token: Token
    n: int
    number: str


def inbound_of_late(attempt: Attempt, sent: Sent, refs: tuple[str, ...]) -> Inbound:
    """The terminal has sent, after all, what had been given up."""
    raw = f"+CMGS: {sent.references[-1]}".encode()
    outcome = outcome_of(sent, refs)
    return Inbound(kind=InboundKind.LATE_OUTCOME, raw=raw, ack=_nothing, token=attempt.token, n=attempt.n, outcome=outcome)


class Arrivals:
    """Tells what each arrival is. Nothing is taken off the terminal before the core has it: every Inbound carries the way to do that.

    The parts of a long answer stay in the terminal until the whole is kept, for whoever is there then must have them all. A part that it
    does not store is handed on at once: until it is acknowledged the next one does not come.
    """

    def __init__(self, names: Names | None = None, texts: LongTexts | None = None) -> None:
        self._names = names if names is not None else Names()
        self._texts = texts if texts is not None else LongTexts(lambda: 0.0)

    def inbound_of(self, arrival: Arrival, now: float, wall: float) -> Inbound | None:
        """An arrival as an Inbound, also one that does not hold together; None for a part that waits. `now`: monotonic, `wall`: UTC."""
        match arrival.content:
            case Reported() as reported:
                return _report(arrival, reported, self._names, wall)
            case Delivered(concat=None) as delivered:
                return self._answer(Joined(_own(delivered.sender), delivered.text, arrival.raw, (arrival.acknowledge,)))
            case Delivered(concat=Concat() as concat) as delivered:
                return self._part(arrival, delivered, concat, now)
            case _:
                return _kept(arrival)

    def _part(self, arrival: Arrival, delivered: Delivered, concat: Concat, now: float) -> Inbound | None:
        sender, text = _own(delivered.sender), delivered.text
        joined = self._texts.arrived(arrival, sender, concat, text, now=now)
        if joined is None and arrival.is_stored:
            return None
        return _kept(arrival, text) if joined is None or joined is COPY else self._answer(joined)

    def _answer(self, joined: Joined) -> Inbound:
        async def ack() -> None:
            await self._texts.kept(joined)

        text, is_broken = joined.text, joined.is_broken
        return Inbound(InboundKind.ANSWER, joined.raw, ack, address_kind=KIND, address=joined.sender, text=text, is_broken=is_broken)

    def overdue(self, now: float) -> list[Inbound]:
        """Answers whose missing parts are not waited for any longer, with `…` in the gaps."""
        return [self._answer(joined) for joined in self._texts.overdue(now)]

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no answer is unfinished."""
        return self._texts.due_in_s(now)


def _report(arrival: Arrival, reported: Reported, names: Names, wall: float) -> Inbound:
    recipient = _own(reported.recipient)
    (ref, *others), submitted_at, within_s = names.of_report(arrival.sim, recipient, reported, wall)
    return Inbound(
        kind=InboundKind.RECEIPT,
        raw=arrival.raw,
        ack=_ack(arrival),
        address_kind=KIND,
        address=recipient,
        submitted_at=submitted_at,
        submitted_within_s=within_s,
        ref=ref,
        alternate_refs=tuple(others),
        level=Evidence.DEVICE if reported.is_delivered else None,
        failure=report_failure(reported.status, is_failed=reported.is_failed),
        text=f"status {reported.status:02x}",
    )


def _kept(arrival: Arrival, text: str = "") -> Inbound:
    """To be committed and taken off the terminal, and proves nothing by itself."""
    return Inbound(kind=InboundKind.RECEIPT, raw=arrival.raw, ack=_ack(arrival), text=text)


def _own(sender: str) -> str:
    """A number as the terminal wrote it, in our way of writing; short codes and names stay as they are."""
    try:
        return number(sender)
    except ValueError:
        return sender


def _ack(arrival: Arrival) -> Callable[[], Awaitable[None]]:
    async def ack() -> None:
        arrival.acknowledge()

    return ack


async def _nothing() -> None:
    """A late answer never waits for it."""
