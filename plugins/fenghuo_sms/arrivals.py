"""What comes in from the centre as the core takes it: reports, answers, late outcomes; long answers put together again.

Nothing is acknowledged here: every Inbound carries the way to do it, for after the commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from fenghuo import Evidence, Inbound, InboundKind, Token
from fenghuo_adapters.short_message_framing import Concat, decode_text, read_part
from fenghuo_adapters.smpp_framing import Delivered
from fenghuo_adapters.smpp_line import Arrival, Late
from fenghuo_adapters.smpp_receipts import id_forms, is_report, read_report
from fenghuo_sms.outcomes import outcome_of, receipt_failure
from fenghuo_sms.settings import msisdn

__all__ = ["Arrivals", "AttemptKey", "inbound_of_late", "inbound_of_report", "own_address"]

# A part that has not come by then will hardly come; an answer with a gap still says that a person has read.
LONGEST_GAP_S = 60.0
MOST_UNFINISHED = 1000


class AttemptKey(msgspec.Struct, frozen=True):
    """Which attempt a submission was for: the core's token and number, and the retry wait that a late refusal would ask for."""

    token: Token
    n: int
    retry_after_s: float


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


def inbound_of_report(arrival: Arrival, delivered: Delivered) -> Inbound:
    """A delivery report. Its level counts only if it says DELIVRD and nothing else."""
    report = read_report(delivered)
    ref, *others = report.ids or ("",)
    forms = dict.fromkeys(form for known in report.ids for form in (known, *id_forms(known)))
    return Inbound(
        kind=InboundKind.RECEIPT,
        raw=arrival.raw,
        ack=acknowledge_later(arrival),
        address_kind="msisdn",
        address=own_address(delivered.source),
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


class _Unfinished(msgspec.Struct):
    """A long answer of which parts are missing; `since`: monotonic seconds of the first."""

    address: str
    since: float
    total: int
    texts: dict[int, str]
    raws: dict[int, bytes]

    def whole(self) -> str:
        return "".join(self.texts.get(number, "…") for number in range(1, self.total + 1))


class Arrivals:
    """Tells what each deliver_sm is, and puts the parts of long answers together.

    Each part of one is handed on at once, to be kept and acknowledged like everything else - a centre may hold back the next part
    until then - and the last one is the ANSWER with the whole text.
    """

    def __init__(self) -> None:
        self._unfinished: dict[tuple[str, int, int], _Unfinished] = {}

    def inbound_of(self, arrival: Arrival, now: float) -> Inbound:
        """A deliver_sm as an Inbound; one that does not hold together is still handed on, to be kept."""
        delivered = arrival.delivered
        if delivered is None:
            return _kept(arrival)
        if is_report(delivered):
            return inbound_of_report(arrival, delivered)
        return self._message(arrival, delivered, now)

    def overdue(self, now: float) -> list[Inbound]:
        """Answers whose missing parts are not waited for any longer, with `…` in the gaps."""
        late = [key for key, found in self._unfinished.items() if now - found.since >= LONGEST_GAP_S]
        return [_answer_without_ack(self._unfinished.pop(key)) for key in late]

    def due_in_s(self, now: float) -> float | None:
        """Seconds until overdue() has something; None while no answer is unfinished."""
        if not self._unfinished:
            return None
        return max(0.0, min(found.since for found in self._unfinished.values()) + LONGEST_GAP_S - now)

    def _message(self, arrival: Arrival, delivered: Delivered, now: float) -> Inbound:
        """A message from a person. Octets that do not decode are shown as U+FFFD, never dropped."""
        concat, octets = read_part(delivered.user_data, has_header=delivered.has_header)
        text = decode_text(octets, delivered.data_coding)
        address = own_address(delivered.source)
        if concat is None or concat.total == 1:
            return _answer(arrival.raw, address, text, acknowledge_later(arrival))
        return self._take_part(arrival, address, concat, text=text, now=now)

    def _take_part(self, arrival: Arrival, address: str, concat: Concat, *, text: str, now: float) -> Inbound:
        key = (address, concat.reference, concat.total)
        found = self._unfinished.setdefault(key, _Unfinished(address, now, concat.total, {}, {}))
        found.texts[concat.number], found.raws[concat.number] = text, arrival.raw
        if len(found.texts) == concat.total:
            del self._unfinished[key]
            raw = b"".join(found.raws[number] for number in sorted(found.raws))
            return _answer(raw, address, found.whole(), acknowledge_later(arrival))
        if len(self._unfinished) > MOST_UNFINISHED:
            self._unfinished.pop(next(iter(self._unfinished)))  # its parts are kept raw; only the joined text is given up
        return _kept(arrival, text)


def _kept(arrival: Arrival, text: str = "") -> Inbound:
    """Something to be committed and acknowledged that proves nothing by itself: a receipt of no message, at no level.

    Not HEARD, which the core does not keep: the centre may forget whatever is acknowledged.
    """
    return Inbound(kind=InboundKind.RECEIPT, raw=arrival.raw, ack=acknowledge_later(arrival), text=text)


def _answer(raw: bytes, address: str, text: str, ack: Callable[[], Awaitable[None]]) -> Inbound:
    return Inbound(kind=InboundKind.ANSWER, raw=raw, ack=ack, address_kind="msisdn", address=address, text=text)


def _answer_without_ack(found: _Unfinished) -> Inbound:
    async def ack() -> None:
        """Each part was acknowledged when it came."""

    return _answer(b"".join(found.raws[number] for number in sorted(found.raws)), found.address, found.whole(), ack)
