"""Channel `vsat.mqtt`: messages by an MQTT 5 broker at the far end of a satellite path, receipts and answers back.

What is under way is nowhere but in the core's own store: a PUBACK lets nothing go but the doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Inbound,
    InboundKind,
    LinkError,
    LinkTimeout,
    NotReady,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
)
from fenghuo.formats.mqtt_answers import answer_outcome, silence_outcome
from fenghuo.formats.mqtt_envelope import Sequences, answer_text, envelope, read_receipt, ref_of, unread_answer
from fenghuo.formats.mqtt_topics import is_name
from fenghuo_adapters.bound_socket import wire_octets
from fenghuo_adapters.mqtt_credentials import credentials
from fenghuo_adapters.mqtt_session import (
    Arrived,
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
from fenghuo_adapters.rate_bucket import RateBucket
from fenghuo_vsat.depot import Depot, depot_of
from fenghuo_vsat.mqtt_settings import MqttSettings
from fenghuo_vsat.mqtt_words import publish_octets
from fenghuo_vsat.parcels import carried, parcels_of
from fenghuo_vsat.path_guard import PathGuard
from fenghuo_vsat.wire_cost import cost, on_the_wire

__all__ = ["VsatMqtt"]

ADDRESS_KIND = "mqtt"
ENVELOPE_OCTETS = 128
"""What the envelope adds to the payload beside its topic, about."""


class VsatMqtt(SimpleChannel):
    """The session connects again by itself once it was connected; health is told at each change."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: MqttSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._topics = settings.topics
        self._sequences = Sequences(ctx.clock.time())
        self._bucket = RateBucket(settings.rate_kbit * 125, settings.burst_octets, ctx.clock.monotonic)
        self._counted = 0
        self._guard = PathGuard(ctx, self._interface)
        self._session: MqttSession | None = None
        self._asking: asyncio.Task[None] | None = None
        self._depot: Depot | None = None
        self._is_stopping = False

    @property
    def spent_octets(self) -> int:
        """Octets of IP that it has sent."""
        self._settle()
        return self._bucket.spent

    async def start(self) -> None:
        """Connect and subscribe. Raises: NotReady (anything that may pass), ConfigError (files that cannot work), AuthFailed."""
        terms = await asyncio.to_thread(self._terms)  # files, and OpenSSL reads one more
        if self._settings.attachments_share:
            self._depot = depot_of(self._ctx, self._settings.attachments_share)
            await self._depot.open()
        session = MqttSession(terms, self, self._ctx.random)
        self._guard.start()
        try:
            await session.open()
        except LinkError as failed:
            await session.close()
            await self._guard.stop()
            if isinstance(failed, Refused) and failed.is_for_a_person:
                raise AuthFailed(str(failed)) from failed
            raise NotReady(str(failed), retry_after_s=min(10.0, self._settings.reconnect_most_s)) from failed
        self._session = session

    async def stop(self, deadline: float) -> None:
        """Say good-bye and close; the broker keeps the session, and what is under way becomes Unknown."""
        self._is_stopping = True
        await self._guard.stop()
        asking = self._ask_no_more()
        if asking is not None:
            await asyncio.wait((asking,))
        if self._session is not None:
            await self._session.close()

    def connected(self) -> None:
        """The session is connected (MqttEvents)."""
        self._counted = 0
        self._ctx.health(True, "connected and subscribed")

    def lost(self, reason: str) -> None:
        """The connection was lost (MqttEvents)."""
        if not self._is_stopping:
            self._ctx.health(False, reason)

    def remark(self) -> str:
        """Whether there is somebody who brings what goes with a text."""
        if self._depot is None or self._depot.is_served or not self._depot.carried(""):
            return ""
        return f"no vsat.http of the share {self._settings.attachments_share!r} is there to bring what goes with the texts"

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return cost(self._octets(len(payload.data), address), self._settings)

    async def send(self, job: SendJob) -> Outcome:
        """A place among what is under way, then begin(), then the publication; without a connection there is no begin()."""
        if not is_name(job.address):
            return Permanent(Scope.RECIPIENT, "not-a-name")
        if job.size > self._settings.max_octets:
            return Permanent(Scope.MESSAGE, "too-long")
        foreseen = on_the_wire(self._octets(job.size, job.address))
        is_owed = self._bucket.wait_s() > 0
        wait_s = self._bucket.take(foreseen)
        if not is_owed:  # a long one goes when nothing else waits, and the next ones pay for it
            wait_s = min(wait_s, self._spare_s(job))
        try:
            if wait_s > self._spare_s(job):
                return Transient(Scope.MESSAGE, "rate-budget", wait_s)
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            async with self._open_session().slot(within_s=self._spare_s(job)) as slot, job.begin() as emission:
                outcome = await self._publish(slot, emission, job.address)
                if self._depot is not None and isinstance(outcome, Reached):
                    share, now = self._settings.attachments_share, self._ctx.clock.time()
                    brings = await carried(emission, self._ctx.blobs)
                    await self._depot.add(parcels_of(job, brings, "", now, share=share))
                return outcome
        except LinkError as failed:
            return silence_outcome(why_unanswered(failed))
        finally:
            self._bucket.settle(-foreseen)  # what was reserved gives way to what was sent
            self._settle()

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the broker for our subscription once more. Raises: LinkError when there is no connection or no answer in time."""
        round_trip_s = await self._open_session().ask(within_s=budget.timeout_s)
        detail = " · ".join(filter(None, ("the broker answered", self._guard.said())))
        return ProbeResult(answered=True, round_trip_s=round_trip_s, detail=detail)

    async def inbound(self) -> AsyncIterator[Inbound]:
        if self._session is None:
            return
        while (arrived := await self._session.receive()) is not None:
            yield self._read(arrived)

    async def _publish(self, slot: Slot, emission: Emission, recipient: str) -> Outcome:
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
            content_type="application/json",
            correlation=emission.token.encode(),
            response_topic=receipt_to,
        )
        answer = await slot.publish(publication, within_s=self._settings.attempt_s)
        return answer_outcome(answer.code, answer.name, ref_of(recipient, emission.token))

    def _octets(self, size: int, address: str) -> int:
        """Of the PUBLISH that carries a message of `size`."""
        topic, receipt_to = self._topics.out(address), self._topics.receipt(address)
        return publish_octets(size + ENVELOPE_OCTETS + len(receipt_to.encode()), topic, receipt_to)

    def _settle(self) -> None:
        """Count what the kernel says that this connection has sent since it was last asked, pings and all."""
        sent = self._session.measured(wire_octets) if self._session is not None else None
        if sent is not None:
            self._bucket.settle(sent - self._counted)
            self._counted = sent

    def _read(self, arrived: Arrived) -> Inbound:
        """A receipt or an answer; what is refused is kept as it came, and proves nothing."""
        told = self._topics.told_apart(arrived.topic, reports=False)
        if told is None or arrived.retained:
            self._refuse(arrived, "it is retained; publish it without retain" if arrived.retained else "its topic is none of ours")
            return _inbound(InboundKind.RECEIPT, arrived, "")
        word, sender = told
        if word == "answer":
            text = answer_text(arrived.payload)
            if text is None:
                return _inbound(
                    InboundKind.REFUSED, arrived, sender, text=f"a message at {arrived.topic}: {unread_answer(arrived.payload)}"
                )
            return _inbound(InboundKind.ANSWER, arrived, sender, text=text)
        receipt = read_receipt(arrived.payload)
        if receipt is None:
            self._refuse(arrived, "it is no receipt")
            return _inbound(InboundKind.RECEIPT, arrived, sender)
        return Inbound(
            InboundKind.RECEIPT,
            arrived.payload,
            _acknowledging(arrived),
            address_kind=ADDRESS_KIND,
            address=sender,
            ref=ref_of(sender, receipt.id),
            level=receipt.evidence,
            failure=receipt.failure,
            text=receipt.text,
        )

    def _refuse(self, arrived: Arrived, cause: str) -> None:
        self._ctx.log.warning("a message was refused", topic=arrived.topic, cause=cause)

    def _interface(self, is_running: bool, reason: str) -> None:
        """The interface came or went. A session that outlives that has nothing to tell: the broker is asked."""
        self._ask_no_more()
        if not is_running:
            self._ctx.health(False, reason)
        elif self._session is not None:
            self._asking = asyncio.create_task(self._ask(self._session, reason), name=f"vsat broker of {self._ctx.name}")

    async def _ask(self, session: MqttSession, reason: str) -> None:
        """Until the broker has answered; a session that is lost meanwhile tells so itself, and that it is connected again."""
        while session.is_connected:
            try:
                await session.ask(within_s=self._settings.attempt_s)
            except LinkTimeout as silent:
                self._ctx.log.info("the broker is asked again", cause=str(silent))
            except LinkError:
                return
            else:
                self._ctx.health(True, f"{reason}, and the broker answered")
                return

    def _ask_no_more(self) -> asyncio.Task[None] | None:
        """The task that ends by this, if there is one."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
        return asking

    def _spare_s(self, job: SendJob) -> float:
        """Seconds that may pass before the publication, so that a whole `attempt_s` is left for it."""
        return max(0.0, job.deadline - self._ctx.clock.monotonic() - self._settings.attempt_s)

    def _open_session(self) -> MqttSession:
        if self._session is None:
            raise NotPublished("not started")
        return self._session

    def _terms(self) -> Terms:
        settings = self._settings
        held = credentials(settings, self._ctx.secret)
        if held.faults:
            raise ConfigError("; ".join(f"{key} {fault}" for key, fault in held.faults.items()))
        return Terms(
            Place(settings.host, settings.port, settings.source, settings.interface, unanswered_s=settings.attempt_s),
            Login(
                settings.client_id or f"fenghuo-{settings.node}-vsat",
                settings.username,
                held.password,
                expiry_s=settings.session_expiry_s,
                keepalive_s=settings.keepalive_s,
            ),
            topics=self._topics.listening(reports=False),
            tls=held.tls,
            window=settings.window,
            connect_s=settings.connect_s,
            answer_s=settings.attempt_s,
            reconnect_most_s=settings.reconnect_most_s,
        )


def _inbound(kind: InboundKind, arrived: Arrived, sender: str, *, text: str = "") -> Inbound:
    return Inbound(kind, arrived.payload, _acknowledging(arrived), address_kind=ADDRESS_KIND, address=sender, text=text)


def _acknowledging(arrived: Arrived) -> Callable[[], Awaitable[None]]:
    """The acknowledgement as the core awaits it."""

    async def ack() -> None:
        arrived.acknowledge()

    return ack
