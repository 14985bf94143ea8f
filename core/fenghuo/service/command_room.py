"""What a command centre looks at and decides by, behind its desk: messages, plans, modes, coverage, roads, power, outages, incidents.

Built here and nowhere else, so that the simulation judges the desk that the daemon has.
"""

from __future__ import annotations

from fenghuo.command.duties import CommandRules
from fenghuo.service.collecting import CollectionKeeper
from fenghuo.service.command_watch import CommandWatch
from fenghuo.service.coverage_watch import CoverageWatch
from fenghuo.service.desk import Desk
from fenghuo.service.desk_coverage import CoverageVerbs
from fenghuo.service.desk_incidents import IncidentVerbs
from fenghuo.service.desk_messages import MessageVerbs
from fenghuo.service.desk_modes import ModeVerbs
from fenghuo.service.desk_outages import OutageVerbs
from fenghuo.service.desk_plans import PlanVerbs
from fenghuo.service.desk_power import PowerVerbs
from fenghuo.service.desk_prefer import PreferVerbs
from fenghuo.service.desk_queue import QueueVerbs
from fenghuo.service.desk_reached import ReachedVerbs
from fenghuo.service.desk_reconcile import ReconcileVerbs
from fenghuo.service.desk_release import ReleaseVerbs
from fenghuo.service.desk_roads import RoadVerbs
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.incidents import IncidentKeeper
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.modes import ModeKeeper
from fenghuo.service.power_energy import EnergyWatch
from fenghuo.service.roads import RoadKeeper
from fenghuo.store.store import Store

__all__ = ["CommandRoom"]


class CommandRoom:
    """`inventory`, `roads`, `modes`: the keepers of the node, each loaded by whoever made it."""

    def __init__(self, room: EngineRoom, store: Store, *, inventory: InventoryKeeper, roads: RoadKeeper, modes: ModeKeeper) -> None:
        self._room = room
        self._store = store
        self._inventory = inventory
        self._roads = roads
        self._modes = modes
        self.messages: MessageVerbs
        self.plans: PlanVerbs
        self.release: ReleaseVerbs
        self.incidents = IncidentKeeper(store, room.office)
        self.collections = CollectionKeeper(store, room.office)
        self._preferences = PreferVerbs(room.board, room.facts, store)
        self.coverage = CoverageWatch(room, store, inventory)
        self.watch = CommandWatch(store, room.office.clock, self.incidents, self.collections)

    def use(self, rules: CommandRules) -> None:
        """Clocks, sources and places of danger from now on; a clock that runs goes on as it began."""
        self.incidents.rules = rules

    async def load(self) -> None:
        """What the disk knows of incidents, and of channels that are preferred. Raises: StoreError."""
        await self.incidents.load()
        await self.collections.load()
        await self._preferences.load()

    def join(self, desk: Desk, energy: EnergyWatch | None) -> None:
        """Put everything behind this desk."""
        room, store, clock, node = self._room, self._store, self._room.office.clock, self._room.office.node
        desk.delegates, desk.delegated = room.in_force.delegates, room.in_force.delegated
        messages = self.messages = MessageVerbs(desk, room.intake, store)
        release = self.release = ReleaseVerbs(desk, room, store, messages)
        plans = self.plans = PlanVerbs(desk, room, store)
        if energy is not None:
            plans.battery = energy.lasts
        messages.plan, messages.outlook, messages.roads, messages.board = plans.explain, plans.outlook, self._roads, room.board
        outages = OutageVerbs(desk, room)
        outages.hangs_on = self._inventory.hangs_on
        self._roads.tell(room.modes.signal)
        self._roads.bar(room)
        for verbs in (
            messages.verbs(),
            release.verbs(),
            plans.verbs(),
            outages.verbs(),
            ModeVerbs(room, store, self._modes).verbs(),
            CoverageVerbs(room, store, self._inventory).verbs(),
            RoadVerbs(desk, self._roads, room).verbs(),
            PowerVerbs(energy).verbs(),
            QueueVerbs(room.decisions).verbs(),
            self._preferences.verbs(),
            IncidentVerbs(desk, store, room.office, incidents=self.incidents, collections=self.collections, send=messages.send).verbs(),
            ReconcileVerbs(store, clock, node=node).verbs(),
            ReachedVerbs(store, clock, room.decisions, node=node).verbs(),
        ):
            desk.add(verbs)
