"""Asks what nobody says: whether a channel that is down is back, and whether one that was quiet for long is still there.

A channel whose session came and went tells so itself; this is for the one that stayed connected and carried nothing, and for the one that
carried nothing because there was nothing to carry. One that cannot be asked, and that its emissions took down, is tried again instead, at
the pace of the questions: the next few emissions ask. Traffic is the better probe: only where nothing was heard in the window is anything
asked. It also notices the silence of a channel that is heard at a steady pace, which asks nothing at all.
Source: failover.md, Health of a channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from fenghuo.engine.cadence import late_at, lost_at, phi
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.facts import ChannelObserved, Facts
from fenghuo.engine.health import Sign, is_tried
from fenghuo.engine.office import Office
from fenghuo.engine.probing import longer_s, next_look_at, paid, refilled, window_s
from fenghuo.errors import LinkError
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import Channel, ProbeBudget, Probing, SimpleChannel

__all__ = ["Prober"]

PROBE_LIMIT_S = 10.0
LAST_IDLE_S, LAST_SHORTEST_S = 12.0, 5.0
"""How the only way that is left is asked: that it is gone too is to be seen within 30 s, up to a third more of the first and a question
included. Source: failover.md, Health of a channel: detection targets."""
PASSED = frozenset({Health.UP, Health.UNKNOWN})
"""States that end an outage; only then do the waits begin at the shortest again."""
log = structlog.stdlib.get_logger("fenghuo.prober")


class Prober:
    """One task for each channel that is down, that is asked when it is quiet, or that has a pace; none for all others."""

    def __init__(self, office: Office, facts: Facts, board: ChannelBoard) -> None:
        self._office = office
        self._facts = facts
        self._board = board
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turned: dict[str, asyncio.Event] = {}
        self._states: dict[str, Health] = {}
        self._waits: dict[str, float] = {}
        self._asking: set[str] = set()
        self._asked = 0
        self._last: Instance | None = None
        self.is_on_air: Callable[[Instance], bool] = _never

    def look(self) -> None:
        """Start a task for each channel that wants one and has none, and wake those whose channel has turned; called after each change of
        health."""
        last, self._last = self._last, self._only_one()
        if self._last is not None and self._last is not last:
            self._turned.setdefault(self._last.name, asyncio.Event()).set()
        for instance in self._board:
            was = self._states.get(instance.name)
            if was is not instance.health.state:
                self._states[instance.name] = instance.health.state
                if was is Health.SUSPECT or instance.health.state in PASSED:
                    self._waits.pop(instance.name, None)
                self._turned.setdefault(instance.name, asyncio.Event()).set()
            if instance.name not in self._tasks and _is_watched(instance):
                self._tasks[instance.name] = asyncio.get_running_loop().create_task(self._watch(instance), name=f"prober {instance.name}")
                self._tasks[instance.name].add_done_callback(partial(self._forget, instance.name))

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, name: str, done: asyncio.Task[None]) -> None:
        self._tasks.pop(name, None)

    async def _watch(self, instance: Instance) -> None:
        while _is_watched(instance):
            is_down, is_news = instance.health.state is Health.DOWN, self._is_news(instance)
            until = self._office.clock.time() + self._longer(instance) if is_down else self._look_at(instance)
            if await self._turns(instance, until):
                continue
            now = self._office.clock.time()
            if self._is_lost(instance):
                await self._turns(instance, now + self._pace(instance).shortest_s)  # until the loop has heard of it
                continue
            if is_down or is_news or now - instance.evidence_at >= self._window(instance):
                await self._ask_or_try(instance)

    # When.

    def _longer(self, instance: Instance) -> float:
        """The first wait of an outage is the shortest one, exactly: most outages are short. A probation that failed ends no outage."""
        probing, wait_s = self._pace(instance), self._waits.get(instance.name, 0.0)
        self._waits[instance.name] = longer_s(probing, wait_s, self._office.chance.uniform) if wait_s else probing.shortest_s
        return self._waits[instance.name]

    def _look_at(self, instance: Instance) -> float:
        """When something is due of a channel that is not down: a question, or its silence."""
        probing, state = self._pace(instance), instance.health.state
        if self._is_news(instance):  # whoever says so knows more than its last sign
            self._longer(instance)
            return self._office.clock.time()
        asked_at = next_look_at(_asked_as(instance), probing, instance.evidence_at, self._office.chance.uniform)
        silent_at = _silent_at(instance)
        wait_s = self._longer(instance) if state is Health.SUSPECT else probing.shortest_s
        return min(max(asked_at, self._office.clock.time() + wait_s), silent_at)

    def _pace(self, instance: Instance) -> Probing:
        """How it is asked: the last way that is left soon, where it is asked at all while it works and no mode has it spared."""
        plain = instance.probing
        if self._last is not instance or not plain.idle_s or plain != instance.capabilities.probing:
            return plain
        return msgspec.structs.replace(plain, idle_s=min(plain.idle_s, LAST_IDLE_S), shortest_s=min(plain.shortest_s, LAST_SHORTEST_S))

    def _only_one(self) -> Instance | None:
        """The one channel that is not down while all the others are, if there are others; nobody counts on one that can say nothing."""
        everyone = [one for one in self._board if not one.health.is_mute]
        left = [one for one in everyone if one.health.state is not Health.DOWN]
        return left[0] if len(left) == 1 < len(everyone) else None

    def _is_news(self, instance: Instance) -> bool:
        """Whether somebody says that it is out, and it was not asked since."""
        return instance.health.is_reported and instance.name not in self._waits

    def _window(self, instance: Instance) -> float:
        """Seconds of silence after which a channel that is not down is asked; infinite where it is not."""
        return window_s(_asked_as(instance), self._pace(instance)) or math.inf

    async def _turns(self, instance: Instance, until: float) -> bool:
        """Wait until then, UTC seconds, or until the state of the channel changes; whether it did."""
        turned = self._turned.setdefault(instance.name, asyncio.Event())
        turned.clear()
        wait_s = None if until == math.inf else max(0.0, until - self._office.clock.time())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await turned.wait()
        return turned.is_set()

    # What.

    def _is_lost(self, instance: Instance) -> bool:
        """Whether a channel with a pace has been silent for too long; then it is told: lost, or, while its pace is only declared, late."""
        now, cadence = self._office.clock.time(), instance.cadence
        if cadence is None or instance.health.state is Health.DOWN or now < _silent_at(instance):
            return False
        silence_s = now - (cadence.last_at or now)
        if now < lost_at(cadence):
            says = f"nothing heard for {silence_s:.0f} s, and every {cadence.expected_s:g} s was declared"
            self._facts.put(ChannelObserved(instance.name, Sign.STRAINED, says))
            return True
        says = f"nothing heard for {silence_s:.0f} s, phi {phi(cadence, now):.1f}"
        self._facts.put(ChannelObserved(instance.name, Sign.SILENT, says))
        return True

    async def _ask_or_try(self, instance: Instance) -> None:
        """One question; or, where nobody can be asked, a trial."""
        channel = instance.channel()
        if channel is None or not instance.may_ask:
            return
        if _can_be_asked(channel):
            await self._ask(instance)
        elif is_tried(instance.health) or self._is_forgiven(instance):
            self._facts.put(ChannelObserved(instance.name, Sign.TRIAL, began_at=self._office.clock.time()))

    def _is_forgiven(self, instance: Instance) -> bool:
        """Whether what a channel is suspected of, that cannot be asked, is as old as the longest wait, and nothing known of it since."""
        quiet_s = self._office.clock.time() - max(instance.health.weighed_at, instance.health.since)
        is_doubted = instance.health.state is Health.SUSPECT and not instance.health.is_reported
        return is_doubted and quiet_s >= instance.capabilities.probing.longest_s

    async def _ask(self, instance: Instance) -> None:
        """One probe, if the channel is there, its medium is free, and its purse pays."""
        channel, now = instance.channel(), self._office.clock.time()
        instance.purse = refilled(instance.purse, now)
        purse = paid(instance.purse, instance.capabilities.probing)
        is_busy = instance.capabilities.half_duplex and (instance.medium in self._asking or self.is_on_air(instance))
        if channel is None or purse is None or is_busy or not instance.may_ask:
            return
        instance.purse = purse
        self._asking.add(instance.medium)
        try:
            sign, says = await _answer(channel, instance)
        finally:
            self._asking.discard(instance.medium)
        self._asked += 1
        if sign is Sign.ANSWERED or (sign is not None and instance.health.state is not Health.DOWN):
            self._facts.put(ChannelObserved(instance.name, sign, says, f"probe/{self._asked}", now))
        if sign is Sign.ANSWERED and instance.health.is_reported and instance.capabilities.evidence_max < Evidence.DEVICE:
            self._facts.put(ChannelObserved(instance.name, Sign.CLEARED, "probe answered, and more it can never show"))


async def _answer(channel: Channel, instance: Instance) -> tuple[Sign | None, str]:
    """What a question showed; a plugin's bug in it says nothing of its path."""
    price = instance.capabilities.probing
    budget = ProbeBudget(timeout_s=PROBE_LIMIT_S, airtime_s=price.airtime_s, fee_fen=price.fee_fen)
    try:
        async with asyncio.timeout(PROBE_LIMIT_S):
            result = await channel.probe(budget)
    except (LinkError, TimeoutError) as error:
        return Sign.UNANSWERED, f"probe: {error or 'no answer in time'}"
    except Exception as error:  # noqa: BLE001  # and it ends no questioning
        log.warning("probe failed", channel=instance.name, cause=f"{type(error).__name__}: {error}")
        return None, ""
    return (Sign.ANSWERED, "probe answered") if result.answered else (Sign.UNANSWERED, f"probe: {result.detail or 'no answer'}")


def _can_be_asked(channel: Channel) -> bool:
    """Whether its type implements probe(): what a simple channel has in its place asks nobody."""
    return getattr(type(channel), "probe", None) is not SimpleChannel.probe


def _is_watched(instance: Instance) -> bool:
    """Whether there is anything to ask or to wait for."""
    if instance.health.state is Health.DOWN:
        return True
    is_asked = window_s(_asked_as(instance), instance.capabilities.probing)
    return instance.health.is_started and bool(is_asked or instance.capabilities.cadence_s)


def _asked_as(instance: Instance) -> Health:
    """Its state, as far as it is asked by that: in its probation one that speaks at a pace, or cannot be asked, is as any that works."""
    state, channel = instance.health.state, instance.channel()
    may_end = channel is not None and _can_be_asked(channel) and not instance.capabilities.cadence_s
    return state if may_end or state is not Health.PROBATION else Health.UP


def _silent_at(instance: Instance) -> float:
    """When its silence is news, UTC seconds: it is late, of a channel that nothing is said against yet, or lost."""
    if instance.cadence is None:
        return math.inf
    is_well = instance.health.state is Health.UP
    return min(lost_at(instance.cadence), late_at(instance.cadence) if is_well else math.inf)


def _never(instance: Instance) -> bool:
    """Until the dispatcher is wired in, nothing is on the air."""
    return False
