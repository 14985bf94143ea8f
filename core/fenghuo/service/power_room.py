"""What follows the power of this node: sensors, batteries of sites, the energy plan, the hand-over. For daemon and simulation alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.traffic import Traffic
from fenghuo.service.desk_power import draws, prices
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.power import PowerWatch
from fenghuo.service.power_energy import EnergyWatch
from fenghuo.service.power_handover import OWN, HandOver
from fenghuo.service.power_sites import SiteBatteries
from fenghuo.service.settings_values import EnergySettings
from fenghuo.store.store import Store

__all__ = ["PowerRoom", "own_order"]


class PowerRoom:
    """`energy`: None where the settings do not say what the node lives on."""

    def __init__(self, room: EngineRoom, store: Store, settings: EnergySettings | None) -> None:
        clock = room.office.clock
        self.power = PowerWatch(store, clock)
        self.power.on_signal = room.modes.signal
        self.energy: EnergyWatch | None = None
        self._handover: HandOver | None = None
        room.receipts.on_measured = SiteBatteries(self.power, room.office).take
        if settings is not None:
            self.energy = EnergyWatch(store, clock, self.power, settings)
            self.energy.loads = lambda: draws(settings.loads, room.board)
            self.energy.prices = lambda: prices(room.board, room.opening.loads, clock)
            self.power.on_reading.append(self.energy.read)
            if settings.hand_over_to:
                until = settings.hand_over_until.timestamp() if settings.hand_over_until is not None else 0.0
                self._handover = HandOver(store, room.office, room.book, to=settings.hand_over_to, until=until, submit=own_order(room))
                self.energy.on_stage = self._handover.entered
                self.energy.on_corrected = self._handover.taken_back

    def stop(self) -> None:
        """Nothing more is followed."""
        self.power.stop()
        if self._handover is not None:
            self._handover.stop()


def own_order(room: EngineRoom) -> Callable[[bytes, str], Awaitable[Accepted | Refused]]:
    """What hands in an order of the node itself, which a person has put into the settings."""

    async def submit(raw: bytes, key: str) -> Accepted | Refused:
        origin = Origin(OWN, traffic=(Traffic.ACTUAL,))
        return (await room.intake.accept(Submission(raw, origin, "application/json", key)))[0]

    return submit
