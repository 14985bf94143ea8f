"""Channel `http.bulk`: one POST for up to a thousand telephones, to a gateway that tells them all. See docs/reference/http-api.md.

The gateway knows a number again under a token it has had; so what it may have taken is simply sent once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from yarl import URL

from fenghuo import ChannelContext, Emission, Outcome, Paged, Permanent, Reached, Scope, SendJob, SendPage, Transient
from fenghuo_http.webhook import MARGIN_S, WebhookChannel

__all__ = ["BulkChannel"]


class Sheet(msgspec.Struct, frozen=True):
    """What is posted. `message`: the JSON rendition; `to`: telephones, E.164; `validity_s`: seconds after which it is void."""

    token: str
    attempt: int
    page: int
    pages: int
    validity_s: float
    message: msgspec.Raw
    to: Sequence[str]


class Refusal(msgspec.Struct, frozen=True):
    """One telephone that the gateway does not tell; `retry`: it may try again later."""

    to: str
    code: str = "refused"
    retry: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a gateway may say with a 2xx. `ref`: its name of the page."""

    ref: str = ""
    refused: tuple[Refusal, ...] = ()


class BulkChannel(WebhookChannel):
    """Posts pages; a single order is a page of one."""

    def __init__(self, ctx: ChannelContext) -> None:
        super().__init__(ctx)
        self._far_end = Scope.CHANNEL

    async def send(self, job: SendJob) -> Outcome:
        limit_s = self._limit_s(job.deadline)
        if limit_s <= 0:
            return Transient(Scope.CHANNEL, "no-time")
        async with job.begin() as emission:
            outcome = await self._told(emission, (job.address,), limit_s, place=(1, 1))
        return outcome.but[0][1] if isinstance(outcome, Paged) and outcome.but else _whole(outcome)

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        limit_s = self._limit_s(page.deadline)
        if limit_s <= 0:
            return Transient(Scope.CHANNEL, "no-time")
        async with page.begin() as emission:
            return await self._told(emission, page.addresses, limit_s, place=(page.number, page.pages))

    def _limit_s(self, deadline: float) -> float:
        if self._session is None:
            return 0.0
        return min(self._settings.timeout_s, deadline - self._ctx.clock.monotonic() - MARGIN_S)

    async def _told(self, emission: Emission, to: Sequence[str], limit_s: float, *, place: tuple[int, int]) -> Outcome | Paged:
        number, pages = place
        sheet = Sheet(emission.token, emission.n, number, pages, emission.validity_s, msgspec.Raw(emission.payload.data), to)
        whom = hashlib.sha256("\n".join(to).encode()).hexdigest()[:16]  # a page that goes once more may go to fewer people
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{emission.token}-{whom}", "Fenghuo-Token": emission.token}
        outcome, said = await self._exchange(URL(self._settings.url), msgspec.json.encode(sheet), headers, limit_s)
        return _understood(outcome, said, to)


def _understood(outcome: Outcome, said: bytes, to: Sequence[str]) -> Outcome | Paged:
    """The outcome for everybody, and for those whom the answer names; an answer that is none of ours changes nothing."""
    if not (isinstance(outcome, Reached) and said.lstrip()[:1] == b"{"):
        return outcome
    try:
        answer = msgspec.json.decode(said, type=Answer)
    except msgspec.DecodeError:
        return outcome
    reached = Reached(outcome.level, (answer.ref,) if answer.ref else ())
    places = {address: place for place, address in enumerate(to)} if answer.refused else {}
    but = tuple((places[one.to], _refused(one)) for one in answer.refused if one.to in places)
    return Paged(reached, but) if but else reached


def _refused(one: Refusal) -> Outcome:
    return Transient(Scope.RECIPIENT, one.code) if one.retry else Permanent(Scope.RECIPIENT, one.code)


def _whole(outcome: Outcome | Paged) -> Outcome:
    return outcome.outcome if isinstance(outcome, Paged) else outcome
