"""The alarms put together: what hears of every event in the writer, what tends their times, and what people do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fenghuo.clock import Clock
from fenghuo.engine.alarm_kinds import load_catalogue
from fenghuo.engine.alarms_kept import Annunciator
from fenghuo.engine.network import NODE
from fenghuo.engine.power import PowerState
from fenghuo.model.mode import NetworkMode
from fenghuo.model.situation import Health
from fenghuo.service.alarm_hook import AlarmHook
from fenghuo.service.alarms_tended import Holds, Tender
from fenghuo.service.audit import AuditKeeper
from fenghuo.service.cost_watch import CostWatch
from fenghuo.service.coverage_watch import CoverageWatch
from fenghuo.service.desk import Desk
from fenghuo.service.desk_alarms import AlarmVerbs
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.log_ring import LogRing
from fenghuo.service.power import PowerWatch
from fenghuo.service.settings_values import AlarmHookSettings
from fenghuo.service.tending import Work
from fenghuo.store.store import Store, StoreSettings
from fenghuo.store.tables import ALARM

__all__ = ["AlarmRoom", "Looked", "looks"]

FULL = "alarm.store_full"
HAS_SPACE = "store.has_space"


class Looked(NamedTuple):
    """Who knows, after a start, whether what was so before it still is."""

    room: EngineRoom
    power: PowerWatch
    lines: LogRing
    audit: AuditKeeper
    coverage: CoverageWatch


def looks(at: Looked) -> Mapping[str, Holds]:
    """By kind of alarm: whether it holds of the thing of this name. What is not here any more, a channel that was taken out of the
    settings, holds of nothing."""
    room = at.room

    def is_down(name: str) -> bool:
        channel = room.board.get(name)
        return channel is not None and channel.health.state is Health.DOWN

    def is_short(place: str) -> bool:
        left = room.network.left.get(NODE if place == "node" else place)
        return left is not None and left.ways.mode is not NetworkMode.FULL

    def is_unpowered(name: str) -> bool:
        sensed = at.power.sensed().get(name)
        return sensed is not None and (sensed.state is not PowerState.MAINS or sensed.is_low)

    def is_on_battery(_: str) -> bool:
        return any(sensed.state is not PowerState.MAINS for sensed in at.power.sensed().values())

    return {
        "alarm.no_rule": lambda _: False,  # a start asks the rules of it anew, and has told it again if none fits yet
        "alarm.power_stage": is_on_battery,
        "alarm.channel_down": is_down,
        "alarm.network": is_short,
        "alarm.power": is_unpowered,
        "alarm.invariant": lambda name: bool(room.invariants.now.get(name)),
        "alarm.coverage": lambda kind: not at.coverage.passes(kind),
        "alarm.log_full": lambda _: bool(at.lines.waits),
        "alarm.audit_place": at.audit.fails,
    }


class AlarmRoom:
    """Made before the store, which it hears; `open` comes before anything else may happen in it."""

    def __init__(self, hook: AlarmHookSettings | None = None, *, node: str = "local") -> None:
        self._annunciator = Annunciator(load_catalogue())
        self._hook_settings, self._node = hook, node
        self._tender: Tender

    @property
    def settings(self) -> StoreSettings:
        """Of the store that they hear."""
        return StoreSettings(follow=self._annunciator.hear)

    async def open(self, store: Store, clock: Clock) -> None:
        """Give a store that kept no alarms yet those that stand."""
        self._annunciator.began(store.events.head)
        self._store, self._clock = store, clock
        self._tender = Tender(store, clock, self._annunciator)
        await self._tender.seed()
        full = await store.find(ALARM, "is_over = 0 AND stands = 1 AND kind = ?", FULL)
        if full and await store.has_space():  # it was made while we were not here
            await store.run(lambda tx: tx.event(HAS_SPACE, full[0].subject))

    def join(self, desk: Desk, at: Looked) -> Mapping[str, Work]:
        """Let people act on them at the desk; what runs as long as the daemon."""
        self._tender.holds = looks(at)
        desk.add(AlarmVerbs(desk, self._store, self._clock, self._annunciator).verbs())
        works: dict[str, Work] = {"alarms": self._tender.run, "alarms of before": self._tender.look}
        works["costs"] = CostWatch(at.room.book, self._store).run
        if self._hook_settings is not None:
            kinds = self._annunciator.catalogue.kinds
            works["alarm webhook"] = AlarmHook(self._hook_settings, self._store, self._clock, kinds, node=self._node).run
        return works

    async def opened(self, start: Work) -> None:
        """As `start` opens the web port; what is told of it ends the alarm that it was not. Raises: what `start` raises."""
        await start()
        await self._store.run(lambda tx: tx.event("web.opened", "node"))
