"""What became of a message, told to the post it came from: once all that the own rules made of it is met, or a person said so.

So a custodian that passed a message on tells the level above, and whoever reported from below learns that it was read. Where the post
above knows who is behind this node, it hears of all of them in one receipt: when all have it, or some time after the first has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.engine.channels import ChannelBoard
from fenghuo.errors import FenghuoError
from fenghuo.model.delivery import Delivery, Objective, ObjectiveState
from fenghuo.model.event import Event
from fenghuo.model.evidence import DELIVERED, Evidence
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Channel, Unsupported
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DELIVERY, IDEMPOTENCY, META, OBJECTIVE

__all__ = ["GATHER_S", "Upward", "addresses_of"]

GATHER_S = 30.0
"""So long the first receipt from behind this node waits for the others, so that they go up in one frame."""
_KEY = "key\x1fpost:"
_CURSOR = "upward.after"
_PAGE = 1000
_TOLD_OF = ("delivery.met", "delivery.awaiting", "receipt.matched", "receipt.late")
Key = tuple[MessageId, int]
log = structlog.stdlib.get_logger("fenghuo.upward")


class _Gathering(msgspec.Struct, frozen=True):
    """Receipts of a message that nobody was told of: since which event, until when others may join them (monotonic seconds), and by which
    channel and name they go up."""

    since: int
    until: float
    traffic: Traffic
    ref: str
    channel: Channel


class Upward:
    """Finds by which name the sender knows a message, and the channel that leads back to it."""

    def __init__(self, board: ChannelBoard, store: Store, clock: Clock) -> None:
        self._board = board
        self._store = store
        self._clock = clock
        self._told: set[tuple[MessageId, int, Evidence]] = set()
        self._tallied: dict[tuple[MessageId, int, Evidence], frozenset[str]] = {}
        self._gathering: dict[Key, _Gathering] = {}

    async def tell(self, message: MessageId, revision: int, traffic: Traffic, *, level: Evidence, text: str) -> str:
        """By which channel the sender is told, durably; empty if the message came over none. Raises: NotReady, FrameError, KeyUnusable."""
        ref = await self._ref(message, revision)
        for name, channel in self._channels() if ref else ():
            if not isinstance(await channel.acknowledge(ref, level, text=text, traffic=traffic), Unsupported):
                self._told.add((message, revision, level))
                return name
        return ""

    async def run(self) -> None:
        """Follow the events for ever; what a crash cut off is told again, which the sender takes for the same."""
        kept = await self._store.sound(META, _CURSOR)
        after = int(kept.value) if kept is not None else self._store.events.head
        while True:
            await self._news(after)
            for event in await self._store.events.read(after, _PAGE):
                after = event.seq
                if event.type == "objective.met":
                    await self._met(event)
                elif event.type in _TOLD_OF and event.subject.startswith("delivery/"):
                    await self._reached(event)
            for key in [key for key, each in self._gathering.items() if each.until <= self._clock.monotonic()]:
                await self._tally(key, is_over=True)
                await self._remember(after)

    async def _news(self, after: int) -> None:
        """Until there are events, or something was gathered for long enough."""
        until = min((each.until for each in self._gathering.values()), default=None)
        try:
            async with asyncio.timeout(None if until is None else max(0.0, until - self._clock.monotonic())):
                await self._store.events.wait(after)
        except TimeoutError:
            return

    async def _ref(self, message: MessageId, revision: int) -> str:
        """By what the channel knows the message; empty if it came over none."""
        keys = await self._store.find(IDEMPOTENCY, "message = ? AND revision = ? AND key LIKE ?", message, revision, f"{_KEY}%", limit=1)
        return keys[0].key.rpartition("\x1f")[2] if keys else ""

    def _channels(self) -> Iterator[tuple[str, Channel]]:
        for instance in self._board:
            channel = instance.channel()
            if channel is not None and instance.capabilities.inbound:
                yield instance.name, channel

    async def _met(self, event: Event) -> None:
        objective = await self._store.sound(OBJECTIVE, int(event.subject.partition("/")[2]))
        if objective is None:
            return
        key = (objective.message, objective.revision)
        if await self._gather(key, objective.traffic, event.seq):
            return
        mine = await self._store.find(OBJECTIVE, "message = ? AND revision = ?", *key)
        level = _whole(mine)
        if level < DELIVERED or (*key, level) in self._told:
            return
        try:
            told = await self.tell(*key, objective.traffic, level=level, text="")
        except FenghuoError as fault:
            log.warning("the sender was not told", message=objective.message, level=level.name, cause=str(fault))
            return
        if told:
            await self._remember(event.seq)

    async def _reached(self, event: Event) -> None:
        delivery = await self._store.sound(DELIVERY, int(event.subject.partition("/")[2]))
        if delivery is not None and delivery.evidence >= DELIVERED:
            await self._gather((delivery.message, delivery.revision), delivery.traffic, event.seq)

    async def _gather(self, key: Key, traffic: Traffic, seq: int) -> bool:
        """Somebody has it: told with the others, once all have it or the first has waited long enough. False: nobody above wants it."""
        ref = await self._ref(*key)
        channel = await self._wanting(ref, traffic) if ref else None
        if channel is None:
            return False
        self._gathering.setdefault(key, _Gathering(seq, self._clock.monotonic() + GATHER_S, traffic, ref, channel))
        await self._tally(key, is_over=False)
        await self._remember(seq)
        return True

    async def _wanting(self, ref: str, traffic: Traffic) -> Channel | None:
        for _, channel in self._channels():
            if not isinstance(await channel.tally(ref, DELIVERED, (), traffic=traffic), Unsupported):
                return channel
        return None

    async def _tally(self, key: Key, *, is_over: bool) -> None:
        """Tell at each level who has it, if that is all of them or `is_over`, and anything is new."""
        gathering = self._gathering.pop(key)
        deliveries = await self._store.find(DELIVERY, "message = ? AND revision = ?", *key)
        everybody, is_told = {each.recipient for each in deliveries}, True
        for level in (Evidence.DEVICE, Evidence.HUMAN, Evidence.DONE):
            reached = {each.recipient for each in deliveries if each.evidence >= level}
            addresses = addresses_of(reached, deliveries)
            if not addresses or addresses == self._tallied.get((*key, level)):
                continue
            is_due = is_over or reached == everybody
            if is_due and await _said(gathering, level, addresses):
                self._tallied[(*key, level)] = addresses
            else:
                is_told = False
        if not is_told:
            until = self._clock.monotonic() + GATHER_S if is_over else gathering.until
            self._gathering[key] = msgspec.structs.replace(gathering, until=until)

    async def _remember(self, seq: int) -> None:
        """Up to where a restart need not read again: what is still gathered is not told yet."""
        done = min((each.since - 1 for each in self._gathering.values()), default=seq)
        row = MetaRow(_CURSOR, str(min(seq, done)))
        await self._store.run(lambda tx: tx.put(META, row))


def addresses_of(recipients: Collection[str], deliveries: Sequence[Delivery]) -> frozenset[str]:
    """All addresses of these people, whichever of them they were reached by: above they are known by one, and a card that was read out to
    somebody without a radio counts for his callsign."""
    return frozenset(each.address for each in deliveries if each.recipient in recipients)


async def _said(gathering: _Gathering, level: Evidence, addresses: Collection[str]) -> bool:
    """Whether it is on its way; if not, it is tried again."""
    try:
        await gathering.channel.tally(gathering.ref, level, addresses, traffic=gathering.traffic)
    except FenghuoError as fault:
        log.warning("the sender was not told", ref=gathering.ref, level=level.name, cause=str(fault))
        return False
    return True


def _whole(objectives: Sequence[Objective]) -> Evidence:
    """What can be said of a message as a whole: the lowest of what its objectives asked for, once all are met."""
    if any(objective.state is not ObjectiveState.MET for objective in objectives):
        return Evidence.STORED
    return min((objective.needed for objective in objectives), default=Evidence.STORED)
