"""A channel that is right, or wrong in one way."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from fenghuo import (
    Aired,
    AttemptRef,
    CancelResult,
    Capabilities,
    ChannelContext,
    ChannelType,
    Denied,
    Doubt,
    Emission,
    Estimate,
    Evidence,
    Inbound,
    InboundKind,
    LinkTimeout,
    NotReady,
    Outcome,
    Paged,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SendPage,
    SimpleChannel,
    Traffic,
    Transient,
    Unknown,
    Unsupported,
)
from tests.conformance.gateway import KEYING_S, OCTETS_PER_S, GatewaySettings
from tests.conformance.wrongs import Wrong

__all__ = ["able", "kind", "wired"]

PART, MOST_PARTS = 60, 9
"""Characters of a fragment, and how many fragments an order may take."""
ANSWER_S = 1.0
BUSY = Transient(Scope.MESSAGE, "busy", 0.5)
CAPABILITIES = Capabilities(
    form="sms",
    evidence_max=Evidence.DEVICE,
    half_duplex=True,
    inbound=True,
    repeat_safe=True,
    receipt_q95_s=3.0,
    attempt_s=12.0,
)


class Seeded(SimpleChannel):
    """`wrong`: what is wrong with it."""

    wrong: Wrong | None = None

    def __init__(self, ctx: ChannelContext) -> None:
        self._ctx = ctx
        self._settings: GatewaySettings = ctx.settings
        self._writer: asyncio.StreamWriter | None = None
        self._ear: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sent: list[str] = []
        self._reported: set[str] = set()
        self._known: dict[str, tuple[str, ...]] = {}

    async def start(self) -> None:
        secret = self._ctx.secret(self._settings.password_file)
        try:
            async with asyncio.timeout(1.0):
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self._settings.port)
        except (OSError, TimeoutError) as gone:
            raise NotReady("the gateway is gone", retry_after_s=0.3) from gone
        if self.wrong is Wrong.TELLS_SECRETS:
            self._ctx.log.info("hello", password=secret)
        self._writer.write(json.dumps({"password": secret}).encode() + b"\n")
        self._ear = asyncio.create_task(self._listen(reader))
        if self.wrong is Wrong.LEAKS:
            self._kept = asyncio.create_task(asyncio.sleep(3600))

    async def stop(self, deadline: float) -> None:
        if self.wrong is Wrong.SPEAKS_ON:
            return
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        if self._ear is not None:
            self._ear.cancel()
            await asyncio.wait([self._ear])

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        needed, factor = math.ceil(len(payload.text) / PART), 2 if self.wrong is Wrong.GUESSES_AIRTIME else 1
        airtime_s = factor * (needed * KEYING_S + len(payload.data) / OCTETS_PER_S)
        return Estimate(airtime_s=airtime_s, fragments=1 if self.wrong is Wrong.GUESSES_FRAGMENTS else needed)

    async def send(self, job: SendJob) -> Outcome:
        if not job.address.startswith("T"):
            return Permanent(Scope.CHANNEL if self.wrong is Wrong.BLAMES_CHANNEL else Scope.RECIPIENT, "no-station")
        if job.size > 3 * PART * MOST_PARTS and self.wrong is not Wrong.CUTS_LONG:
            return Permanent(Scope.MESSAGE, "too-long")
        if self._writer is None:
            return Reached(Evidence.AIRED) if self.wrong is Wrong.BOASTS_UNCONNECTED else Transient(Scope.CHANNEL, "not-connected")
        if self.wrong is Wrong.SPEAKS_EARLY:
            self._write({"to": job.address, "part": 1, "parts": 1, "ref": "", "token": "", "text": "attention"})
        if self.wrong is Wrong.BLOCKS:
            time.sleep(0.001)
        try:
            async with job.begin() as emission:
                return await self._emit(job.address, emission)
        except Denied:
            if self.wrong is Wrong.SWALLOWS_REFUSALS:
                return Transient(Scope.CHANNEL, "denied")
            raise

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        if self._writer is None:
            raise LinkTimeout("the gateway is gone")
        return ProbeResult(answered=True)

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        try:
            async with page.begin() as emission:
                ref = f"page/{emission.token[:8]}-{emission.n}"
                to = [*page.addresses][: -1 if self.wrong is Wrong.SKIPS_THE_LAST else None]
                told: dict[str, object] = {"page": ref, "to": to, "token": emission.token, "text": emission.payload.text}
                return self._paged(await self._ask(ref, told), page)
        except Denied:
            if self.wrong is Wrong.SWALLOWS_PAGES:
                return Transient(Scope.CHANNEL, "denied")
            raise

    def _paged(self, word: str, page: SendPage) -> Outcome | Paged:
        if word == "lost":
            return Aired() if self.wrong is Wrong.CLAIMS_PAGES else Unknown("lost")
        bad = tuple((place, Permanent(Scope.RECIPIENT, "no-station")) for place, to in enumerate(page.addresses) if not to.startswith("T"))
        if bad and self.wrong is Wrong.BLAMES_THE_PAGE:
            return Permanent(Scope.RECIPIENT, "no-station")
        return Paged(Aired(), bad) if bad else Aired()

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        name = f"{ref.address}/{ref.token[:8]}-{ref.n}"
        if self.wrong is Wrong.INVENTS_ANSWERS:
            return Aired((name,))
        word = await self._ask(name, {"ask": name})
        if word == "lost":
            return Unknown("nobody to ask")
        if word == "partly":
            return Unknown("partly")
        is_there = word in ("known", "ok")  # the answer to the emission itself may come while the question waits
        return (
            Aired(self._known.get(name, (name,)))
            if is_there and self.wrong is not Wrong.DENIES_ALL
            else Transient(Scope.MESSAGE, "never-came", 0.0)
        )

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        if self.wrong is Wrong.CANCELS_NOTHING:
            return CancelResult.CANCELLED
        name = ref.refs[0].partition(".")[0]
        word = await self._ask(name, {"back": name})
        return CancelResult.CANCELLED if word == "cancelled" else CancelResult.TOO_LATE

    async def acknowledge(self, ref: str, level: Evidence, *, text: str, traffic: Traffic) -> Unsupported | None:
        if self.wrong is not Wrong.FORGETS_RECEIPTS:
            await self._ask(f"receipt {ref}", {"receipt": f"receipt {ref}"})
        return None

    async def _ask(self, ref: str, question: dict[str, object]) -> str:
        """The gateway's word, or "lost"."""
        if self._writer is None:
            return "lost"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        self._write(question)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return "lost"
        finally:
            self._answers.pop(ref, None)

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (line := await self._heard.get()) is not None:
            if (inbound := self._read(line)) is not None:
                yield inbound
        if self.wrong is Wrong.CRASHES:
            raise RuntimeError("the gateway went away")
        raise NotReady("the gateway went away", retry_after_s=0.3)

    async def _emit(self, address: str, emission: Emission) -> Outcome:
        ref = f"{address}/{emission.token[:8]}-{emission.n}"
        text = self._wronged(emission.payload.text)
        most = MOST_PARTS if self.wrong is Wrong.CUTS_LONG else None
        pieces = [text[at : at + PART] for at in range(0, len(text), PART)][:most]
        refs = [ref] if len(pieces) == 1 else [f"{ref}.{part}" for part in range(1, len(pieces) + 1)]
        for part, piece in enumerate(pieces, 1):
            await self._turn(emission)
            name = refs[part - 1]
            fragment = {"to": address, "part": part, "parts": len(pieces), "ref": name, "token": emission.token, "text": piece}
            if (outcome := await self._fragment(fragment, name)) is not None:
                return self._broken_off(outcome, tuple(refs[: part - 1]), len(pieces))
        self._sent += refs
        if self.wrong is Wrong.BOOKS_HALF:
            emission.book(Estimate(airtime_s=self.estimate(emission.payload, address).airtime_s / 2))
        claimed = {Wrong.OVERCLAIMS: Evidence.DEVICE, Wrong.CLAIMS_PEOPLE: Evidence.HUMAN}
        return Reached(claimed.get(self.wrong, Evidence.AIRED) if self.wrong else Evidence.AIRED, tuple(refs))

    def _broken_off(self, outcome: Outcome, taken: tuple[str, ...], parts: int) -> Outcome:
        """What became of a text that ended after these fragments."""
        if not taken or not isinstance(outcome, Unknown | Transient):
            return outcome
        if self.wrong is Wrong.COUNTS_A_PART:
            return Aired(taken)
        is_refused = isinstance(outcome, Transient)
        return Unknown("broken off", taken, parts, is_short=is_refused or len(taken) + 1 < parts)

    def _wronged(self, text: str) -> str:
        match self.wrong:
            case Wrong.CUTS_WORDS:
                return text.replace("群众", "")
            case Wrong.STRIPS_MARKS:
                return re.sub(r"【?重发 ?\d*】?", "", text)
            case Wrong.LOSES_CHARACTERS:
                return text.encode("gb2312", "ignore").decode("gb2312")
            case _:
                return text

    async def _turn(self, emission: Emission) -> None:
        if self.wrong is Wrong.NEVER_TURNS:
            return
        try:
            await emission.turn()
        except Denied:
            if self.wrong is not Wrong.IGNORES_CANCEL:
                raise

    async def _fragment(self, fragment: dict[str, object], ref: str) -> Outcome | None:
        """None once the gateway had it on the air."""
        if self._writer is None:
            return Unknown("lost")
        answer = self._answers[ref] = asyncio.get_running_loop().create_future()
        for _ in range(2 if self.wrong is Wrong.SENDS_TWICE else 1):
            self._write(fragment)
        try:
            word = await self._answer(answer, fragment)
        except TimeoutError:
            return Reached(Evidence.DEVICE) if self.wrong is Wrong.CLAIMS_UNANSWERED else Unknown("no-answer")
        finally:
            self._answers.pop(ref, None)
        return {"ok": None, "bad": Permanent(Scope.RECIPIENT, "no-station"), "busy": BUSY, "lost": self._lost()}[word]

    def _lost(self) -> Outcome:
        match self.wrong:
            case Wrong.CLAIMS_CUT:
                return Aired()
            case Wrong.GIVES_UP:
                return Permanent(Scope.MESSAGE, "lost")
            case _:
                return Unknown("lost")

    async def _answer(self, answer: asyncio.Future[str], fragment: dict[str, object]) -> str:
        if self.wrong is Wrong.WAITS_FOR_EVER:
            return await answer
        if self.wrong is Wrong.REPEATS_AT_ONCE:
            await asyncio.wait([answer], timeout=0.3)
            if not answer.done():
                self._write(fragment)
        async with asyncio.timeout(ANSWER_S):
            return await answer

    def _write(self, message: dict[str, object]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._hear(line)
        except ConnectionError as gone:
            self._ctx.log.debug("gateway lost", cause=str(gone))
        self._writer = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result("lost")
        self._heard.put_nowait(None)

    def _hear(self, line: bytes) -> None:
        """An answer goes to whoever waits for it, anything else to the core."""
        for word in ("ok", "bad", "busy", "known", "partly", "unknown", "cancelled", "late"):
            if line.startswith(b'{"' + word.encode() + b'"'):
                told = json.loads(line)
                self._known[told[word]] = tuple(told.get("refs", ()))
                answer = self._answers.get(told[word])
                if answer is not None and not answer.done():
                    answer.set_result(word)
                return
        self._heard.put_nowait(line)

    def _read(self, line: bytes) -> Inbound | None:
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            if self.wrong is Wrong.CHOKES_ON_GARBAGE:
                raise
            told = {"dev": ""}
        ack = self._ack_of(told.get("n"))
        if "message" in told:
            raw = json.dumps({"text": f"message {told['message']}", "to": ["person:p39"]}).encode()
            return Inbound(InboundKind.MESSAGE, raw, ack, "msisdn", told["message"].partition("/")[0], told["message"])
        ref = self._named(told.get("dev", told.get("lost", "")))
        if ref is None:
            return None
        scope = Scope.CHANNEL if self.wrong is Wrong.BLAMES_ITSELF else Scope.RECIPIENT
        failure = Permanent(scope, "lost") if "lost" in told else None
        reported = Evidence.HUMAN if self.wrong is Wrong.CLAIMS_READERS else Evidence.DEVICE
        level = reported if failure is None and ref else None
        return Inbound(InboundKind.RECEIPT, line, ack, "msisdn", ref.partition("/")[0], ref, level=level, failure=failure)

    def _ack_of(self, number: int | None) -> Callable[[], Awaitable[None]]:
        async def ack() -> None:
            if number is not None and self._writer is not None:
                self._write({"ack": number})

        if self.wrong is Wrong.ACKS_AT_ONCE and number is not None:
            self._write({"ack": number})
        return ack

    def _named(self, ref: str) -> str | None:
        """Which emission a receipt is about; None: it is kept from the core."""
        if self.wrong is Wrong.CHOKES_ON_SECOND and ref in self._reported:
            raise KeyError(ref)
        self._reported.add(ref)
        match self.wrong:
            case Wrong.FORGETS_EARLY_RECEIPTS if ref not in self._sent:
                return None
            case Wrong.TAKES_RECEIPTS_IN_TURN if self._sent:
                return self._sent.pop(0)
            case Wrong.TAKES_STRANGERS if ref not in self._sent:
                return self._sent[-1]
            case _:
                return ref


def kind(wrong: Wrong | None, capabilities: Capabilities = CAPABILITIES) -> ChannelType:
    """The channel type with this wrong, or with none."""
    factory = type("Wronged", (Seeded,), {"wrong": wrong, "__module__": __name__})
    return ChannelType("seeded", GatewaySettings, lambda settings: capabilities, ("callsign",), factory)


def able(wrong: Wrong | None) -> ChannelType:
    """The same channel, which says that it also takes pages, can be asked, and can take back; it is not on a medium that many share."""
    more = {"doubt": Doubt.QUERYABLE, "batch": True, "cancellable": True, "half_duplex": False, "repeat_safe": False}
    return kind(wrong, msgspec.structs.replace(CAPABILITIES, **more))


def wired(wrong: Wrong | None) -> ChannelType:
    """The same channel on a wire, which takes several emissions at once."""
    return kind(wrong, msgspec.structs.replace(CAPABILITIES, half_duplex=False, repeat_safe=False, concurrency=4))
