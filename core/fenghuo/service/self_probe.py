"""The message by which the node tries itself once a minute: taken in, written, routed, planned, licensed, emitted, and answered.

It is of Test traffic and goes by a channel that ends in this process, which no settings can name, so that nobody is ever told. What it
shows is whatever lies between a source and a channel; what lies behind a channel, the channel's own probes show. It costs a wake-up a
minute and a few syncs; on battery it rests (failover.md: no periodic wake-ups when nothing is due). Its rows go when they are over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog

from fenghuo.engine.channels import Instance
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import Accepted, Outcome, Reached
from fenghuo.model.evidence import Evidence
from fenghuo.model.mode import ON_BATTERY, Axis
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.situation import Health
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Capabilities, Doubt, Inbound, InboundKind, SendJob, SimpleChannel
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.metrics import Metrics
from fenghuo.service.showing import rfc3339
from fenghuo.service.tending import log_fault
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM, ATTEMPT, DELIVERY, ENVELOPE, INBOX, MESSAGE, OBJECTIVE, RECEIPT, RENDITION, ROSTER, TARGET
from fenghuo.store.transaction import Tx

__all__ = ["ALARM_AFTER", "SelfProbe"]

ALARM_AFTER = 2
"""Probes missed in a row, after which a person is told: one may fall into a full disk that has room a moment later."""
LIMIT_S = 20.0
"""Longest wait for an answer, from the handing in; a healthy node takes some milliseconds."""
LIVES_S = 90.0
KEPT_S = 60.0
"""For so long after its end its rows are kept: whatever the engine still does with them is done by then."""
_ALARM, _PASSED = "alarm.self_probe", "probe.passed"
_OVER = "sender = ? AND +state = 'expired' AND expires_at < ?"
_READ = 1_000

log = structlog.stdlib.get_logger("fenghuo.self_probe")


class _Loopback(SimpleChannel):
    """Ends here: what it emits is answered by a receipt of its own, as from a far end."""

    def __init__(self, hear: Callable[[str, Inbound], Any]) -> None:
        self._hear = hear
        self._answers: set[asyncio.Task[None]] = set()

    async def send(self, job: SendJob) -> Outcome:
        async with job.begin() as emission:
            receipt = Inbound(InboundKind.RECEIPT, b"", _acked, token=emission.token, n=emission.n, level=Evidence.DEVICE)
        answer = asyncio.get_running_loop().create_task(self._hear(SELF_PROBE, receipt), name="answer to the self-probe")
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        answer.add_done_callback(log_fault)
        return Reached(Evidence.ACCEPTED)


class SelfProbe:
    """`every_s`: between two, 0: none is made; `limit_s`: the longest wait for an answer. Made before anything is recovered: a probe that a
    crash cut off finds its channel."""

    def __init__(self, room: EngineRoom, store: Store, *, every_s: float, limit_s: float = LIMIT_S) -> None:
        self._room = room
        self._store = store
        self._clock = room.office.clock
        self._every_s, self._limit_s = every_s, limit_s
        self._look = asyncio.Event()
        self._passed_at = self._clock.monotonic()
        self._passed: float | None = None
        self._latency_s: float | None = None
        self.missed = 0
        self._missed_ever = 0
        self._why = ""
        room.board.add_aside(_instance(_Loopback(room.receipts.take), self._clock.time()))

    def look(self) -> None:
        """A mode may have changed."""
        self._look.set()

    async def run(self) -> None:
        """One after each rest, for ever; an alarm of before is over with the first that passes, or if none is made any more."""
        stands = bool(await self._store.find(ALARM, "is_over = 0 AND kind = ?", _ALARM, limit=1))
        if not self._every_s:
            if stands:
                await self._tell_passed("it is switched off")
            return
        while True:
            await asyncio.sleep(self._every_s)
            await self._has_power()
            if not self._room.intake.is_open:  # the daemon ends
                return
            await self._once(stands=stands or self.missed >= ALARM_AFTER)
            stands = stands and bool(self.missed)

    async def _has_power(self) -> None:
        while self._rests:
            self._look.clear()
            await self._look.wait()
            self._passed_at = self._clock.monotonic()  # nobody has missed what was not made

    @property
    def _rests(self) -> bool:
        return self._room.modes.stand(Axis.POWER).mode in ON_BATTERY

    async def _once(self, *, stands: bool) -> None:
        began, why = self._clock.monotonic(), ""
        try:
            async with asyncio.timeout(self._limit_s):
                await self._there_and_back()
        except TimeoutError:
            why = f"no answer within {self._limit_s:g} s"
        except FenghuoError as error:
            why = str(error)
        if why:
            await self._miss(why)
            return
        self._passed_at, self._passed = self._clock.monotonic(), self._clock.time()
        self._latency_s, self.missed, self._why = self._passed_at - began, 0, ""
        if stands:
            await self._tell_passed("it came back")

    async def _there_and_back(self) -> None:
        """Raises: FenghuoError: it is not taken in."""
        after = self._store.events.head
        self._store.submit(self._clear).add_done_callback(_noted)  # rides in the same commit
        origin = Origin(SELF_PROBE, traffic=(Traffic.TEST,))
        answer = (await self._room.intake.accept(Submission(_order(), origin, "application/json")))[0]
        if not isinstance(answer, Accepted):
            raise FenghuoError(f"it was refused: {answer.message}")
        while True:
            await self._store.events.wait(after)
            for event in await self._store.events.read(after, _READ):
                after = event.seq
                if event.type == "objective.met" and event.body.get("message") == answer.id:
                    return

    async def _miss(self, why: str) -> None:
        self.missed, self._missed_ever, self._why = self.missed + 1, self._missed_ever + 1, why
        log.warning("the self-probe did not come back", missed=self.missed, cause=why)
        if self.missed != ALARM_AFTER:
            return
        says = f"{ALARM_AFTER} probes in a row did not come back: {why}"
        # Not awaited: what keeps the probe may keep this too, and it is written as soon as anything is.
        self._store.submit(lambda tx: tx.event(_ALARM, "node", message=says)).add_done_callback(_noted)

    async def _tell_passed(self, why: str) -> None:
        await self._store.run(lambda tx: tx.event(_PASSED, "node", message=why))

    def _clear(self, tx: Tx) -> None:
        """Take away what is left of probes that are over; the stream of events keeps that they were."""
        for message in tx.find(MESSAGE, _OVER, SELF_PROBE, self._clock.time() - KEPT_S, limit=20):
            for objective in tx.find(OBJECTIVE, "message = ? AND revision = ?", message.id, message.revision):
                _clear_objective(tx, objective.id)
            tx.delete(RENDITION, message.id, message.revision, SELF_PROBE)
            tx.delete(ENVELOPE, message.id, message.revision)
            tx.delete(MESSAGE, message.id, message.revision)

    # What is seen of it.

    @property
    def age_s(self) -> float:
        """Since the last one that came back, or since the start; seconds."""
        return self._clock.monotonic() - self._passed_at

    def view(self) -> dict[str, Any]:
        """As `status` shows it. `state`: ok, waiting for the first, missed, resting on battery, or off."""
        return {
            "state": self._state,
            "every_s": self._every_s,
            "latency_s": None if self._latency_s is None else round(self._latency_s, 4),
            "age_s": round(self.age_s, 1),
            "passed": None if self._passed is None else rfc3339(self._passed),
            "missed": self.missed,
            "limit_s": ALARM_AFTER * (self._every_s + self._limit_s),
            "why": self._why,
        }

    @property
    def _state(self) -> str:
        if not self._every_s:
            return "off"
        if self.missed:
            return "missed"
        if self._rests:
            return "resting"
        return "waiting" if self._passed is None else "ok"

    def watch(self, metrics: Metrics) -> None:
        """Its figures for whoever scrapes; without one that is made, none."""

        def figure(value: Callable[[], float | None]) -> Callable[[], Iterable[tuple[Mapping[str, str], float]]]:
            return lambda: [({}, known)] if self._every_s and (known := value()) is not None else []

        metrics.gauge("self_probe_latency_seconds", figure(lambda: self._latency_s))
        metrics.gauge("self_probe_age_seconds", figure(lambda: self.age_s))
        metrics.gauge("self_probe_missed", figure(lambda: float(self._missed_ever)))


def _instance(channel: _Loopback, now: float) -> Instance:
    capabilities = Capabilities(
        form=SELF_PROBE, evidence_max=Evidence.DEVICE, doubt=Doubt.IDEMPOTENT, traffic=(Traffic.TEST,), receipt_q95_s=LIMIT_S
    )
    made = Instance(SELF_PROBE, SELF_PROBE, capabilities, address_kinds=(SELF_PROBE,), channel=lambda: channel)
    made.health = msgspec.structs.replace(made.health, state=Health.UP, since=now, reason="")
    return made


def _clear_objective(tx: Tx, number: int) -> None:
    for delivery in tx.find(DELIVERY, "objective = ?", number):
        for attempt in tx.find(ATTEMPT, "delivery = ?", delivery.id):
            tx.delete(ATTEMPT, attempt.token, attempt.n)
        for receipt in tx.find(RECEIPT, "delivery = ?", delivery.id):
            tx.delete(RECEIPT, receipt.id)
            tx.delete(INBOX, receipt.inbox)
        tx.delete(DELIVERY, delivery.id)
    tx.delete(TARGET, number, SELF_PROBE)
    tx.delete(ROSTER, number)
    tx.delete(OBJECTIVE, number)


def _order() -> bytes:
    """Of a class that no mode sheds by itself (failover.md, Modes): what is shed would be missed."""
    order = {"to": [SELF_PROBE], "text": "self-probe", "traffic": "Test", "priority": "P2", "expires_s": LIVES_S, "deadline_s": LIVES_S}
    return msgspec.json.encode(order)


async def _acked() -> None:
    return None


def _noted(done: asyncio.Future[None]) -> None:
    """Of what nobody waits for: a disk that is full has alarms of its own."""
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("what the self-probe wrote was not taken", cause=str(error))
