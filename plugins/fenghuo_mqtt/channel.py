"""Channel `mqtt.topic`: messages to devices and posts by an MQTT 5 broker, their receipts and reports back. See docs/reference/mqtt.md."""

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
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
)
from fenghuo.formats.mqtt_answers import answer_outcome, silence_outcome
from fenghuo.formats.mqtt_envelope import Sequences, envelope, ref_of
from fenghuo_adapters.mqtt_credentials import credentials
from fenghuo_adapters.mqtt_session import (
    Login,
    MqttSession,
    NotPublished,
    Place,
    Publication,
    Refused,
    Slot,
    Terms,
    expiry_of,
    why_unanswered,
)
from fenghuo_mqtt.arrivals import inbound_of
from fenghuo_mqtt.settings import MqttSettings, name

__all__ = ["MqttChannel"]

MARGIN_S = 0.2  # left of the job's deadline for our own work
JSON = "application/json"


class MqttChannel(SimpleChannel):
    """See plugins.md, Channel. The session connects again by itself once it was connected; health is told at each change."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: MqttSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._topics = settings.topics
        self._sequences = Sequences(ctx.clock.time())
        self._session: MqttSession | None = None
        self._is_resting = False

    async def start(self) -> None:
        """Connect and subscribe. Raises: NotReady (anything that may pass), ConfigError (files that cannot work), AuthFailed."""
        session = MqttSession(await self._terms(), self, self._ctx.random)
        try:
            await session.open()
        except Refused as refused:
            await session.close()
            if refused.is_for_a_person:
                raise AuthFailed(str(refused)) from refused
            raise NotReady(str(refused), retry_after_s=10.0) from refused
        except LinkError as failed:
            await session.close()
            raise NotReady(str(failed), retry_after_s=min(5.0, self._settings.reconnect_most_s)) from failed
        self._session = session

    async def stop(self, deadline: float) -> None:
        """Say good-bye and close; the broker keeps the session, and what is under way becomes Unknown."""
        self._is_resting = True
        if self._session is not None:
            await self._session.close()

    def connected(self) -> None:
        """The session is connected (MqttEvents)."""
        self._ctx.health(True, "connected and subscribed")

    def lost(self, reason: str) -> None:
        """The connection was lost (MqttEvents)."""
        if not self._is_resting:
            self._ctx.health(False, reason)

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(latency_q50_s=min(1.0, self._settings.receipt_q95_s), latency_q95_s=self._settings.receipt_q95_s)

    async def send(self, job: SendJob) -> Outcome:
        """A place among what is under way, then begin(), then the publication; without a connection there is no begin()."""
        try:
            recipient = name(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "not-a-name")
        if job.size > self._settings.max_octets:
            return Permanent(Scope.MESSAGE, "too-long")
        try:
            place = self._open_session().slot(within_s=self._left_s(job) - self._settings.answer_s)
            async with place as slot, job.begin() as emission:
                return await self._publish(slot, emission, recipient, self._left_s(job))
        except LinkError as failed:
            return silence_outcome(why_unanswered(failed))

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the broker for our subscription once more. Raises: LinkError when there is no connection or no answer in time."""
        round_trip_s = await self._open_session().ask(within_s=budget.timeout_s)
        return ProbeResult(answered=True, round_trip_s=round_trip_s, detail="the broker answered")

    async def inbound(self) -> AsyncIterator[Inbound]:
        if self._session is None:
            return
        while (arrived := await self._session.receive()) is not None:
            yield inbound_of(arrived, self._settings)

    async def set_power(self, level: PowerLevel) -> None:
        """Below FULL it says good-bye and sleeps: no ping wakes the machine, and what comes waits at the broker."""
        if self._session is None:
            return
        if level is PowerLevel.FULL:
            self._is_resting = False
            self._session.wake()
        elif not self._session.is_asleep:
            self._is_resting = True
            await self._session.sleep()
            self._ctx.health(False, "asleep to save power")

    async def _publish(self, slot: Slot, emission: Emission, recipient: str, left_s: float) -> Outcome:
        await emission.turn()
        receipt_to = self._topics.receipt(recipient)
        payload = envelope(
            emission.payload.data,
            token=emission.token,
            n=emission.n,
            number=emission.number,
            place=(self._sequences.stream, self._sequences.next(recipient)),
            receipt_to=receipt_to,
        )
        publication = Publication(
            self._topics.out(recipient),
            payload,
            expiry_s=expiry_of(emission.validity_s),
            content_type=JSON,
            correlation=emission.token.encode(),
            response_topic=receipt_to,
        )
        answer = await slot.publish(publication, within_s=min(left_s - MARGIN_S, self._settings.answer_s))
        return answer_outcome(answer.code, answer.name, ref_of(recipient, emission.token))

    def _left_s(self, job: SendJob) -> float:
        return job.deadline - self._ctx.clock.monotonic()

    def _open_session(self) -> MqttSession:
        if self._session is None:
            raise NotPublished("not started")
        return self._session

    async def _terms(self) -> Terms:
        """Raises: ConfigError with the name of the key at fault."""
        settings = self._settings
        held = await asyncio.to_thread(credentials, settings, self._ctx.secret)  # files, and OpenSSL reads one more
        if held.faults:
            raise ConfigError("; ".join(f"{key} {fault}" for key, fault in held.faults.items()))
        return Terms(
            Place(settings.host, settings.port, settings.bind_address, settings.interface, unanswered_s=settings.answer_s),
            Login(
                settings.client_id or f"fenghuo-{settings.node}",
                settings.username,
                held.password,
                expiry_s=settings.session_expiry_s,
                keepalive_s=settings.keepalive_s,
                most_octets=settings.max_inbound_octets,
            ),
            topics=self._topics.listening(reports=settings.reports != "off"),
            tls=held.tls,
            window=settings.window,
            connect_s=settings.connect_s,
            answer_s=settings.answer_s,
            reconnect_most_s=settings.reconnect_most_s,
        )
