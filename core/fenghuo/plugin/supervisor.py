"""Keeps one plugin instance alive: start off the boot path, retry with jitter, pump what comes in, quarantine what keeps crashing.

Owns the object its factory makes and the task it lives in. Wakes up only for a retry that is due; logs once down, once up.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import NotReady
from fenghuo.plugin.backoff import Backoff, Setback, Strikes, setback_of
from fenghuo.plugin.context import HostedChannelContext, LoneNotes, NoBlobs
from fenghuo.plugin.patience import EAGER, Patience, Rest, Watch
from fenghuo.plugin.ports import Blobs, Capabilities, Channel, ChannelType, Front, Inbound, Notes, Sensor, Source
from fenghuo.plugin.signing import Signer, no_signer

__all__ = ["ChannelSupervisor", "FrontSupervisor", "SourceSupervisor", "Supervisor", "Wiring"]

START_LIMIT_S = 30.0
"""Longest start(): past it a device hangs rather than answers, and the next try begins with a fresh object."""

STOP_LIMIT_S = 5.0
"""Longest stop() of an object that failed; a stop on the way out has the daemon's own deadline."""

HEALTHY_S = 60.0
"""A source that lived this long was well: its next failure is told loudly again and waits from the base."""

INBOUND_AT_ONCE = 64
"""Inbound things of one channel under way at once; more wait with the peer."""
TAKING_LIMIT_S = 2.0
"""Longest wait for what was read when a channel ends."""

T = TypeVar("T")
OnHealth = Callable[[str, bool, str], None]
OnFault = Callable[[str, str], None]
OnInbound = Callable[[str, Inbound], Awaitable[None]]
OnArmed = Callable[[str, str, datetime | None], Awaitable[None]]


async def _unnoted(name: str, why_off: str, at: datetime | None) -> None:
    """A place without a store: no audit."""


class Ended(Exception):
    """An instance that must live until it is stopped came to an end by itself."""


class Supervisor(ABC, Generic[T]):
    """The life of one instance: make, run, and after a failure make a fresh one, until stop() or quarantine."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        on_fault: OnFault,
        chance: random.Random | None = None,
        patience: Callable[[], Patience] = lambda: EAGER,
    ) -> None:
        self.name = name
        self._clock = clock
        self._on_fault = on_fault
        self._backoff = Backoff(chance or random.SystemRandom())
        self._strikes = Strikes()
        self._rest = Rest(patience)
        self._life: asyncio.Task[None] | None = None
        self._stop_at: float | None = None
        self._failures = 0
        self._is_anew = False
        self.is_quarantined = False
        self.crashes = 0
        self.log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("fenghuo.supervisor", instance=name)

    async def run(self) -> None:
        """Live until stop() or until cancelled; whatever the plugin raises stays inside."""
        if self._stop_at is not None:
            return
        self._is_anew = True
        while self._is_anew and self._stop_at is None:
            self._is_anew = False
            life = self._life = asyncio.create_task(self._live(), name=f"supervisor {self.name}")
            try:
                await asyncio.wait({life})
            finally:
                life.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await life

    async def stop(self, deadline: float) -> None:
        """End for good by `deadline` (monotonic seconds); idempotent. Afterwards nothing of this instance runs."""
        self._stop_at = deadline
        if self._life is None or self._life.done():
            return
        self._life.cancel()
        await asyncio.wait({self._life}, timeout=max(0.0, deadline - self._clock.monotonic()) + 1.0)

    def retry_now(self) -> None:
        """Do not wait any longer, and lift a quarantine: a person has looked at it."""
        self._strikes.clear()
        self._rest.end()

    def knock(self) -> None:
        """Something urgent waits for it."""
        self._rest.knock()

    def look(self) -> None:
        """What its patience allows has changed."""
        self._rest.look()

    def begin_anew(self) -> None:
        """Stop the present object and make a fresh one at once: its settings have changed."""
        self._is_anew = True
        if self._life is not None:
            self._life.cancel()

    @abstractmethod
    async def _session(self) -> None:
        """One life of one object; returns never, raises what went wrong."""

    def _down(self, reason: str) -> None:
        """Tell whoever counts on this instance that it is gone."""

    def _up(self, reason: str) -> None:
        """It works: the next failure is a new one."""
        if self._failures:
            self.log.info("instance up", after_failures=self._failures, reason=reason)
        self._failures = 0
        self._backoff.reset()

    async def _live(self) -> None:
        while True:
            setback = await self._setback()
            self._note(setback)
            if setback.is_crash and self._strikes.is_out(self._clock.monotonic()):
                await self._quarantine(setback)
            else:
                await self._rest.take(self._backoff.next_s(setback, self._rest.cap_s(setback)), setback)

    async def _setback(self) -> Setback:
        began = self._clock.monotonic()
        fault: Exception = Ended("it came to an end by itself")
        try:
            await self._session()
        except Exception as raised:  # noqa: BLE001  # whatever a plugin raises is its own failure, not the daemon's
            fault = raised
        if self._clock.monotonic() - began > HEALTHY_S:
            self._up("it ran for a while")
        return setback_of(fault)

    def _note(self, setback: Setback) -> None:
        self._failures += 1
        if self._failures == 1:
            self.log.warning("instance down", cause=setback.reason)
        else:
            self.log.debug("instance still down", cause=setback.reason, failures=self._failures)
        if setback.is_crash:
            self.crashes += 1
            self._strikes.add(self._clock.monotonic())
        self._down(setback.reason)

    async def _quarantine(self, setback: Setback) -> None:
        self.is_quarantined = True
        self.log.error("instance quarantined", crashes=self.crashes, cause=setback.reason)
        self._down(f"quarantined after five crashes in ten minutes; the last: {setback.reason}")
        self._on_fault(self.name, f"{self.name} is quarantined after five crashes in ten minutes; the last: {setback.reason}")
        try:
            await self._rest.take(math.inf)
        finally:
            self.is_quarantined = False

    async def _started(self, start: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await start()
        except TimeoutError as late:
            raise NotReady(f"it did not start within {START_LIMIT_S:.0f} s") from late

    async def _close(self, stop: Callable[[float], Awaitable[None]]) -> None:
        """Stop an object within its limit, whatever it does; afterwards it is dropped."""
        deadline = self._stop_at if self._stop_at is not None else self._clock.monotonic() + STOP_LIMIT_S
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                await stop(deadline)
        except Exception as fault:  # noqa: BLE001  # a plugin that cannot even stop must not keep the daemon from stopping
            self.log.warning("instance did not stop cleanly", cause=f"{type(fault).__name__}: {fault}")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the core lends every channel supervisor.

    `secrets` reads a secret by its reference. `on_health(name, up, reason)` hears each start, each failure, and what the channel
    itself says. `on_inbound(name, inbound)` commits, then acks; what it raises is counted and the pump goes on.
    `on_fault(name, sentence)` hears what a person must look at. `open_link`: the durable memory of the narrow link, a fenghuo.link.Disk.
    `open_notes(name)`: the durable memory of an instance. `on_strain(name, reason)` hears that one still carries and may not for long.
    `open_blobs(name)`: the attachments that an instance may read. `on_armed(name, why_off, at)` has a change of its armed switch in the
    audit when it returns. `on_reopened(name)` hears that one reaches again whom it could not reach. `why_no_way(name,
    address)`: why nobody gets there for an instance. `open_signer(provider, key)`: a
    private key that a plugin's key provider holds. `open_shared(name, make)`: what instances of one plugin have in common.
    `patience(name)`: how long one rests between two tries at this time.
    """

    clock: Clock
    secrets: Callable[[str], str]
    on_health: OnHealth
    on_inbound: OnInbound
    on_fault: OnFault
    open_link: Callable[[], Any] = lambda: None
    open_notes: Callable[[str], Notes] = lambda name: LoneNotes()
    on_strain: Callable[[str, str], None] = lambda name, reason: None
    on_reopened: Callable[[str], None] = lambda name: None
    why_no_way: Callable[[str, str], str] = lambda name, address: ""
    on_armed: OnArmed = _unnoted
    open_signer: Callable[[str, str], Awaitable[Signer]] = no_signer
    open_blobs: Callable[[str], Blobs] = lambda name: NoBlobs()
    open_shared: Callable[[str, Callable[[Notes], Any]], Any] = lambda name, make: make(LoneNotes())
    patience: Callable[[str], Patience] = lambda name: EAGER


class ChannelSupervisor(Supervisor[Channel]):
    """One channel instance. `channel` is the started object and None at any other time."""

    def __init__(
        self, name: str, kind: ChannelType, settings: msgspec.Struct, wiring: Wiring, *, chance: random.Random | None = None
    ) -> None:
        patience = functools.partial(wiring.patience, name)
        super().__init__(name, clock=wiring.clock, on_fault=wiring.on_fault, chance=chance, patience=patience)
        self._watch = Watch(patience)
        self.kind = kind
        self.settings = settings
        self.capabilities: Capabilities = kind.capabilities(settings)
        self.channel: Channel | None = None
        self.inbound_faults = 0
        self._wiring = wiring
        self._chance = chance or random.SystemRandom()
        self._last_word: object = None

    async def _session(self) -> None:
        word = self._last_word = object()
        spoke: list[bool] = []

        def on_health(up: bool, reason: str) -> None:
            if word is self._last_word:  # an object that was dropped has no say any more
                spoke.append(up)
                self._watch.saw(up=up)
                self._wiring.on_health(self.name, up, reason)

        def on_strain(reason: str) -> None:
            if word is self._last_word:
                self._wiring.on_strain(self.name, reason)

        def on_reopened() -> None:
            if word is self._last_word:
                self._wiring.on_reopened(self.name)

        wiring = self._wiring
        context = HostedChannelContext(
            self.name,
            self.settings,
            self._clock,
            wiring.secrets,
            on_health,
            random=self._chance,
            open_link=wiring.open_link,
            notes=wiring.open_notes(self.name),
            on_strain=on_strain,
            on_reopened=on_reopened,
            why_no_way=functools.partial(wiring.why_no_way, self.name),
            open_signer=wiring.open_signer,
            on_armed=functools.partial(wiring.on_armed, self.name),
            blobs=wiring.open_blobs(self.name),
            open_shared=wiring.open_shared,
        )
        channel = self.kind.factory(context)
        try:
            await self._started(channel.start)
            self.channel = channel
            self._up("started")
            if not spoke:  # a channel that told its own health while starting knows better
                self._wiring.on_health(self.name, True, "started")
            await self._attended(channel)
        finally:
            self.channel = None
            self._last_word = None
            self._watch.end()
            await self._close(channel.stop)

    async def _attended(self, channel: Channel) -> None:
        """Take what comes in, until the channel has lost its far end for longer than patience allows. Raises: NotReady: then."""
        try:
            async with asyncio.timeout(None) as self._watch.until:
                self._watch.look()
                await self._pump(channel)
        except TimeoutError as fault:
            if self._watch.until is None or not self._watch.until.expired():
                raise
            raise NotReady("its far end is gone, and it is let go to save power") from fault

    async def _pump(self, channel: Channel) -> None:
        """Take what comes in the order in which it comes, several at once: a flood of receipts shares its commits."""
        room = asyncio.Semaphore(INBOUND_AT_ONCE)
        taking: dict[asyncio.Task[None], None] = {}  # no set: its order would change from run to run

        def taken(task: asyncio.Task[None]) -> None:
            taking.pop(task)
            room.release()

        try:
            async for inbound in channel.inbound():
                await room.acquire()
                task = asyncio.create_task(self._take(inbound), name=f"inbound {self.name}")
                taking[task] = None
                task.add_done_callback(taken)
            if self.capabilities.inbound:
                await asyncio.gather(*taking)
                raise Ended("its inbound came to an end by itself")
            await asyncio.Event().wait()  # a channel that only sends lives until it is stopped
        finally:
            if taking:  # what was read is taken, whatever ends the ear: it may be acked already and not yet understood
                await asyncio.wait(taking, timeout=TAKING_LIMIT_S)
            for task in taking:
                task.cancel()
            await asyncio.gather(*taking, return_exceptions=True)

    async def _take(self, inbound: Inbound) -> None:
        try:
            await self._wiring.on_inbound(self.name, inbound)
        except Exception as fault:  # noqa: BLE001  # one bad frame must not close the ear of a channel
            self._count_inbound_fault(fault)

    def _count_inbound_fault(self, fault: Exception) -> None:
        self.inbound_faults += 1
        level = self.log.error if self.inbound_faults == 1 else self.log.debug
        level("inbound not taken", cause=f"{type(fault).__name__}: {fault}", count=self.inbound_faults)

    def look(self) -> None:
        super().look()
        self._watch.look()

    def _down(self, reason: str) -> None:
        self._wiring.on_health(self.name, False, reason)


class SourceSupervisor(Supervisor[Source | Sensor]):
    """One source or sensor: `run()` is restarted when it fails or ends."""

    def __init__(
        self, name: str, make: Callable[[], Source | Sensor], *, clock: Clock, on_fault: OnFault, chance: random.Random | None = None
    ) -> None:
        super().__init__(name, clock=clock, on_fault=on_fault, chance=chance)
        self._make = make

    async def _session(self) -> None:
        await self._make().run()


class FrontSupervisor(Supervisor[Front]):
    """One front: started with a limit, stopped with the daemon's. `started` is set once it serves."""

    def __init__(
        self, name: str, make: Callable[[], Front], *, clock: Clock, on_fault: OnFault, chance: random.Random | None = None
    ) -> None:
        super().__init__(name, clock=clock, on_fault=on_fault, chance=chance)
        self._make = make
        self.started = asyncio.Event()

    async def _session(self) -> None:
        front = self._make()
        try:
            await self._started(front.start)
            self._up("started")
            self.started.set()
            await asyncio.Event().wait()
        finally:
            self.started.clear()
            await self._close(front.stop)
