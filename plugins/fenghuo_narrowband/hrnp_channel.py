"""Channel `radio.hrnp`: text messages to DMR radios and groups by a gateway that speaks HRNP. See docs/reference/radio-hrnp.md.

A radio acknowledges what it has, with its message's request number; that is DEVICE, and nobody's but its own. Nobody acknowledges for a
group but the gateway, and that is AIRED: who of the group has heard it only their answers tell.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

from fenghuo import (
    ChannelContext,
    Emission,
    Estimate,
    Evidence,
    FrameError,
    Inbound,
    InboundKind,
    LinkClosed,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
)
from fenghuo_adapters.hrnp_framing import Tmp, TmpKind
from fenghuo_adapters.hrnp_line import Heard, HrnpLine, LineTerms
from fenghuo_narrowband.hrnp_copies import Copies, Standing
from fenghuo_narrowband.hrnp_outcomes import broken_off, code_of, level_of, refusal_of, unreachable
from fenghuo_narrowband.hrnp_settings import HrnpSettings, Station, read_station
from fenghuo_narrowband.parts import MAX_PARTS, cut, utf16_units
from fenghuo_narrowband.sites import Sites, SiteState, site_state

__all__ = ["ADDRESS_KIND", "HrnpChannel", "most_octets"]

ADDRESS_KIND = "dmr"
PREFIX_CHARACTERS = 12
"""`(1/3)#0123 ` and a mark."""
SLACK_CHARACTERS = 18
"""What a part may leave empty so as to end with a whole phrase."""
_OCTETS_A_CHARACTER, _OCTETS_A_UNIT = 3, 2
"""Of Chinese in UTF-8, and of UTF-16 as it goes over the air."""
_A_NUMBER = 9999
"""Stands for the short number of a message that has none yet: as long as any."""


def most_octets(settings: HrnpSettings) -> int:
    """Octets of the longest text that is sent at all."""
    return MAX_PARTS * (settings.characters - PREFIX_CHARACTERS - SLACK_CHARACTERS) * _OCTETS_A_CHARACTER


class HrnpChannel(SimpleChannel):
    """See plugins.md, Channel. One message at a time: the air is one."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: HrnpSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._power = PowerLevel.FULL
        self._awaited: dict[str, asyncio.Future[Tmp]] = {}  # by the name that ref_of() gives
        self._incoming: asyncio.Queue[Inbound | None] = asyncio.Queue()
        self._copies = Copies(ctx.clock.monotonic)
        self._sites = Sites(settings.site_tables(), stale_s=settings.site_stale_s)
        self._are_gone = False  # as the core was told
        self._stale: asyncio.TimerHandle | None = None
        self._line = HrnpLine(self._terms(), ctx.random, on_state=self._on_state, on_heard=self._on_heard)

    async def start(self) -> None:
        """Raises: NotReady: the gateway is not there or refuses us."""
        try:
            await self._line.start()
        except LinkError as failed:
            raise NotReady(str(failed), retry_after_s=min(5.0, self._settings.reopen_max_s)) from failed

    async def stop(self, deadline: float) -> None:
        if self._stale is not None:
            self._stale.cancel()
        await self._line.stop()
        self._incoming.put_nowait(None)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """Part by part as they will be, but for the short number, which has four digits whatever it is."""
        settings = self._settings
        parts = cut(payload.text, _A_NUMBER, settings.characters, utf16_units)
        airtime_s = sum(map(self._airtime_s, parts))
        latest_s = 2 * airtime_s + settings.answer_s
        return Estimate(airtime_s=airtime_s, latency_q50_s=airtime_s, latency_q95_s=latest_s, fragments=len(parts))

    def _airtime_s(self, text: str) -> float:
        return self._settings.keying_s + _OCTETS_A_UNIT * utf16_units(text) / self._settings.octets_per_s

    async def send(self, job: SendJob) -> Outcome:
        try:
            to = read_station(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "bad-number")
        if job.size > most_octets(self._settings):
            return Permanent(Scope.MESSAGE, "too-long")
        if self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "listening-only")
        if not self._line.is_up:
            return Transient(Scope.CHANNEL, "line-down")
        site = self._sites.cut_off(str(to), self._ctx.clock.monotonic())
        if site is not None and not job.is_last:
            return unreachable(site)
        async with job.begin() as emission:
            return await self._emit(to, emission)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the gateway, which proves it and not the air. Raises: LinkError."""
        round_trip_s = await self._line.ask(within_s=budget.timeout_s)
        return ProbeResult(answered=True, round_trip_s=round_trip_s, detail="the gateway answered")

    async def inbound(self) -> AsyncIterator[Inbound]:
        while (thing := await self._incoming.get()) is not None:
            yield thing
        self._incoming.put_nowait(None)  # whoever asks again is told again

    async def set_power(self, level: PowerLevel) -> None:
        self._power = level

    # Out.

    async def _emit(self, to: Station, emission: Emission) -> Outcome:
        """All parts of one text, each until it is acknowledged. ACCEPTED is what is known by now: the acknowledgements themselves go to the
        core as receipts, under the names returned."""
        texts = cut(emission.payload.text, emission.number, self._settings.characters, utf16_units)
        refs: list[str] = []
        said: list[float] = []

        def on_air(text: str) -> None:
            said.append(self._airtime_s(text))
            emission.book(Estimate(airtime_s=sum(said), fragments=number))

        for number, text in enumerate(texts, 1):
            await emission.turn()
            request = request_of(emission.token, emission.n, number)
            try:
                answer = await self._say(to, text, request, on_air)
            except LinkClosed as down:
                unsaid = Transient(Scope.CHANNEL, "line-down")
                return unsaid if number == 1 else broken_off(str(down), tuple(refs), len(texts), may_have_left=False)
            except LinkError as lost:
                return broken_off(str(lost), tuple(refs), len(texts), may_have_left=True)
            refusal = refusal_of(answer.result) if answer is not None else None
            if refusal is not None:
                return refusal if number == 1 else broken_off(code_of(refusal), tuple(refs), len(texts), may_have_left=False)
            refs.append(ref_of(to, request))
        return Reached(Evidence.ACCEPTED, tuple(refs))

    async def _say(self, to: Station, text: str, request: int, on_air: Callable[[str], None]) -> Tmp | None:
        """One message until it is acknowledged, under the same request each time; None if it never was. `on_air`: told each time that the
        gateway has it. Raises: LinkError."""
        kind = TmpKind.GROUP if to.is_group else TmpKind.PRIVATE
        data = Tmp(kind, request, to.number, self._settings.radio_id, text, subnet=self._settings.subnet).encode()
        ref = ref_of(to, request)
        answered: asyncio.Future[Tmp] = asyncio.get_running_loop().create_future()
        self._awaited[ref] = answered
        try:
            for attempt in range(self._settings.tries):
                if await self._deliver(data, is_first=attempt == 0):
                    on_air(text)
                await asyncio.wait((answered,), timeout=self._settings.answer_s)
                if answered.done():
                    return answered.result()
            return None
        finally:
            del self._awaited[ref]

    async def _deliver(self, data: bytes, *, is_first: bool) -> bool:
        """Whether the gateway has it. A line that falls after it had the message leaves it there: only the first time is it unsent for
        sure."""
        try:
            await self._line.deliver(data)
        except LinkError as failed:
            if is_first:
                raise
            self._ctx.log.debug("a message was not said again", cause=str(failed))
            return False
        return True

    # In.

    def _on_heard(self, heard: Heard) -> None:
        try:
            tmp = Tmp.decode(heard.data)
        except FrameError as noise:
            self._ctx.log.debug("message not understood", cause=str(noise))
            tmp = None
        if tmp is None:  # another service, or noise: nobody will ever want it, and the gateway need not say it again
            heard.acknowledge()
        elif tmp.is_ack:
            self._acknowledged(tmp, heard)
        elif tmp.kind is TmpKind.PRIVATE and tmp.destination == self._settings.radio_id:
            self._addressed(tmp, heard)
        else:
            self._incoming.put_nowait(self._inbound(InboundKind.HEARD, tmp, heard))

    def _acknowledged(self, tmp: Tmp, heard: Heard) -> None:
        """Whoever waits for it by this radio or group goes on. A refusal then becomes the outcome of its emission; anything else is a
        receipt, to be kept before the gateway is told that we have it."""
        refusal = refusal_of(tmp.result)
        ref = ref_of(acknowledger(tmp), tmp.request)
        awaited = self._awaited.get(ref)
        if awaited is not None and not awaited.done():
            awaited.set_result(tmp)
            if refusal is not None:
                heard.acknowledge()
                return
        level = None if refusal is not None else level_of(is_group=tmp.is_group)

        async def ack() -> None:
            heard.acknowledge()

        self._incoming.put_nowait(Inbound(InboundKind.RECEIPT, heard.data, ack, ref=ref, level=level, failure=refusal))

    def _addressed(self, tmp: Tmp, heard: Heard) -> None:
        """A text to us: a site's report of itself, or an answer. Its radio is told that we have it once we do."""
        site = self._sites.reporter(tmp.source)
        state = site_state(tmp.text) if site else None
        if state is not None:
            self._told(site, state)
            self._incoming.put_nowait(self._inbound(InboundKind.HEARD, tmp, heard))
            return
        match self._copies.heard(tmp):
            case Standing.FRESH:
                self._incoming.put_nowait(self._inbound(InboundKind.ANSWER, tmp, heard))
            case Standing.KEPT:  # its acknowledgement was lost
                self._incoming.put_nowait(self._inbound(InboundKind.HEARD, tmp, heard))
            case Standing.AWAITED:  # acknowledged once the first is kept
                pass

    def _inbound(self, kind: InboundKind, tmp: Tmp, heard: Heard) -> Inbound:
        async def ack() -> None:
            heard.acknowledge()
            if tmp.kind is not TmpKind.PRIVATE or not tmp.wants_ack or tmp.destination != self._settings.radio_id:
                return
            self._copies.kept(tmp)
            answer = Tmp(TmpKind.PRIVATE_ACK, tmp.request, tmp.source, tmp.destination, subnet=tmp.subnet)
            try:
                await self._line.deliver(answer.encode())
            except LinkError as failed:  # the radio says it again, and is told then
                self._ctx.log.debug("a text was not acknowledged", source=tmp.source, cause=str(failed))

        return Inbound(kind, heard.data, ack, address_kind=ADDRESS_KIND, address=str(tmp.source), text=tmp.text)

    # Health.

    def remark(self) -> str:
        return self._sites.says(self._ctx.clock.monotonic())

    def _on_state(self, up: bool, reason: str) -> None:
        say = self._ctx.log.info if up else self._ctx.log.warning
        say("radio gateway up" if up else "radio gateway down", cause=reason)
        self._ctx.health(up, reason)
        self._are_gone = False
        if up:
            self._judge("")

    def _told(self, site: str, state: SiteState) -> None:
        """What a site says of itself. It repeats it, so that a word that was lost comes again."""
        is_news = self._sites.told(site, state, self._ctx.clock.monotonic())
        if is_news:
            self._ctx.log.warning("base station", site=site, state=state.value)
        self._judge(f"{site} is back ({state.value})")
        if is_news and state is SiteState.CORE_CONNECTED:
            self._ctx.reopened()

    def _judge(self, back: str) -> None:
        """Tell the core what follows of the sites, now and when the last word of one is old. `back`: why the channel is there again."""
        now = self._ctx.clock.monotonic()
        if self._stale is not None:
            self._stale.cancel()
        are_gone, was_gone = self._sites.all_are_gone(now), self._are_gone
        self._are_gone = are_gone
        if are_gone:
            forgotten = "no base station says any more that it is gone"
            self._stale = asyncio.get_running_loop().call_later(self._settings.site_stale_s, self._judge, forgotten)
            self._ctx.health(False, f"direct mode: no base station of {self._sites.names()} carries us")
        elif was_gone and self._line.is_up:
            self._ctx.health(True, back)
        if strained := self._sites.says(now):
            self._ctx.strained(f"base stations: {strained}")

    def _terms(self) -> LineTerms:
        settings = self._settings
        return LineTerms(
            host=settings.host,
            port=settings.port,
            driver=settings.driver,
            local_port=settings.local_port,
            connect_s=settings.connect_s,
            ack_s=settings.ack_s,
            tries=settings.packet_tries,
            heartbeat_s=settings.heartbeat_s,
            reopen_most_s=settings.reopen_max_s,
        )


def request_of(token: str, n: int, part: int) -> int:
    """The request number of a part: the same whenever the same emission is said again, and another one for a copy."""
    return int.from_bytes(hashlib.sha256(f"{token}/{n}/{part}".encode()).digest()[:4], "big") or 1


def acknowledger(ack: Tmp) -> Station:
    """For whom an acknowledgement speaks: a radio for itself, the gateway for the group that it names."""
    return Station(ack.destination, is_group=True) if ack.is_group else Station(ack.source)


def ref_of(station: Station, request: int) -> str:
    """By what an acknowledgement names a message: what another station says of the same request, or a radio of a group's, is not of it."""
    return f"{station}/{request:08x}"
