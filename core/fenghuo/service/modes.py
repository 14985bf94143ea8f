"""Keeps the modes: from the disk at a start, to the loop as facts, awake when the next one is due, and to the devices as power levels.

Nothing wakes it but a word, a declaration, or the time at which something is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from fenghuo.engine.apply import MODES_KEPT
from fenghuo.engine.channels import Instance
from fenghuo.engine.facts import ModesChanged
from fenghuo.engine.modes import Change, Declared, Modes
from fenghuo.engine.modes_axis import AxisState
from fenghuo.engine.modes_profile import Profiles
from fenghuo.errors import Overloaded
from fenghuo.model.audit import By
from fenghuo.model.mode import Axis
from fenghuo.plugin.ports import Channel, PowerLevel
from fenghuo.service.engine_room import EngineRoom
from fenghuo.store.store import Store
from fenghuo.store.tables import META

__all__ = ["ModeKeeper"]

DECLARED_WITHIN_S = 10.0
LONGEST_WAIT_S = 3_600.0
"""A timer of the loop may not be endless; what holds for longer is looked at again then."""
SHORTEST_WAIT_S = 0.01
"""Our clock may be a little behind the loop's: what is not yet due then is looked at again."""
TOLD_WITHIN_S = 5.0
"""Longest that a device may take to go quiet or wake up; it is a fault after that, and holds up nobody."""

log = structlog.stdlib.get_logger("fenghuo.modes")


class _Kept(msgspec.Struct, frozen=True):
    sensed: tuple[AxisState, ...] = ()
    declared: tuple[Declared, ...] = ()


class ModeKeeper:
    """The modes of this node for as long as the process lives; `modes.signal` is how a sensor says something."""

    def __init__(self, room: EngineRoom, store: Store, profiles: Profiles) -> None:
        self._room = room
        self._store = store
        self.modes: Modes = room.modes
        self.modes.on_change, self.modes.on_heard = self._changed, self._arm
        room.in_force.profiles = profiles
        self._timer: asyncio.TimerHandle | None = None
        self._soon: asyncio.Handle | None = None
        self._changes: list[Change] = []
        self._asked: tuple[By, asyncio.Future[None], str] | None = None
        self._levels: dict[str, tuple[Channel, PowerLevel]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """What held when the last process ended, before anything is planned. What cannot be read stops no start: a person is told, and may
        declare it anew."""
        row = await self._store.sound(META, MODES_KEPT)
        try:
            kept = msgspec.json.decode(row.value, type=_Kept) if row is not None else _Kept()
        except msgspec.MsgspecError as fault:
            kept, says = _Kept(), f"the modes that held cannot be read, and are unknown until they are sensed or declared again: {fault}"
            await self._store.run(lambda tx: tx.event("alarm.modes_lost", "node", message=says))
        self.modes.take_back(kept.sensed, kept.declared)
        self._room.modes_applied.rule()

    async def declare(self, declared: Declared, by: By) -> None:
        """A person's word; on the disk, with the plans that follow begun, when this returns. Raises: Overloaded."""
        await self._answered(partial(self.modes.declare, declared), by)

    async def end(self, axis: Axis, place: str, by: By, reason: str) -> None:
        """Take a declaration back, as declare(). Raises: NotFound, Overloaded."""
        await self._answered(partial(self.modes.end, axis, place), by, reason)

    def use(self, profiles: Profiles) -> None:
        """Other profiles from now on: everything that is open is looked at again."""
        self._room.in_force.profiles = profiles
        self._room.facts.put(ModesChanged((), self._kept()))
        self.tell_devices()

    def stop(self) -> None:
        """No timer is left, and no device is waited for; what is said from now on is said to nobody."""
        self.modes.on_heard = _nobody_listens
        for handle in (self._timer, self._soon):
            if handle is not None:
                handle.cancel()
        for task in self._telling:
            task.cancel()

    def tell_devices(self) -> None:
        """Have every channel that runs draw what the modes of the node allow; one that has begun anew is told anew."""
        wanted = self._room.in_force.node().power
        for instance in self._room.board:
            channel, level = instance.channel(), wanted.get(instance.name, PowerLevel.FULL)
            told = self._levels.get(instance.name)
            is_news = level is not PowerLevel.FULL if told is None or told[0] is not channel else told[1] is not level
            if channel is not None and is_news:
                self._levels[instance.name] = (channel, level)
                task = asyncio.get_running_loop().create_task(_tell(instance, channel, level), name=f"power {instance.name}")
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    async def _answered(self, say: Callable[[], object], by: By, reason: str = "") -> None:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked = (by, answer, reason)
        try:
            say()
        finally:
            self._asked = None
        try:
            async with asyncio.timeout(DECLARED_WITHIN_S):
                await answer
        except TimeoutError:
            says = "the mode holds, and waits for the loop; `fenghuo mode ls` shows whether it was taken"
            raise Overloaded(says, retry_after_s=DECLARED_WITHIN_S) from None

    def _changed(self, changes: tuple[Change, ...]) -> None:
        """What many say in one breath is one change to the loop, with one commit; a person's word has one of its own."""
        if self._asked is not None:
            self._hand_over()
            by, answer, reason = self._asked
            self._room.facts.put(ModesChanged(changes, self._kept(), by, answer, reason))
        else:
            self._changes += changes

    def _hand_over(self) -> None:
        if self._changes:
            self._room.facts.put(ModesChanged(tuple(self._changes), self._kept()))
            self._changes.clear()

    def _kept(self) -> str:
        return msgspec.json.encode(_Kept(*self.modes.kept())).decode()

    def _arm(self) -> None:
        """Once for all that is said in this turn of the event loop."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._said)

    def _said(self) -> None:
        """Hand over what has changed, and look again when something is due by itself."""
        self._soon = None
        self._hand_over()
        self.tell_devices()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self.modes.next_at()
        if at is not None:
            wait_s = min(max(at - self._room.office.clock.time(), SHORTEST_WAIT_S), LONGEST_WAIT_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.modes.look)


def _nobody_listens() -> None:
    """After the end."""


async def _tell(instance: Instance, channel: Channel, level: PowerLevel) -> None:
    try:
        async with asyncio.timeout(TOLD_WITHIN_S):
            await channel.set_power(level)
    except Exception as fault:  # noqa: BLE001  # a device that does not listen stops no mode, and a person must know
        cause = f"{type(fault).__name__}: {fault}"
        log.error("a device was not told to change its power", channel=instance.name, level=level.value, cause=cause)
