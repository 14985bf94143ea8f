"""A simulated county over some days: world, bearers, people, clients, and the daemon that is killed and started in their midst."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fenghuo.clock import SystemClock
from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.linting import lint_rules
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import StoreError
from fenghuo.model.traffic import Traffic
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.world.bearer import Bearer, Frame
from fenghuo.rig.world.host import Host
from fenghuo.rig.world.node import Gone, command_of
from tests.sim.clients import Writers
from tests.sim.ground import DIRECTORY, GROUND, POOR_RULES, RULES, WAYS
from tests.sim.people import People

POOR = 12
"""On one day of so many an operator brings rules whose alerts have two ways, and those are lost together."""


class County(Host):
    """Everything there is."""

    def __init__(self, loop: SimLoop, folder: Path, seed: int) -> None:
        super().__init__(loop, folder, seed, GROUND)
        self.people = People(self.world)
        self.writers = Writers(self.world)
        self.rules = in_force(seed)

    def receive(self, bearer: Bearer, frame: Frame) -> None:
        self.people.receive(bearer, frame)

    async def lose_command(self) -> None:
        """Another node takes command: the store says so, and whoever runs here does not know yet."""
        node = await self.up()
        self.epoch += 1
        assert node.store is not None
        try:
            await node.call(node.store.run(command_of(self.epoch)))
        except (Gone, StoreError):
            return

    def bind(self, name: str, traffic: tuple[Traffic, ...]) -> None:
        """The operator allows a channel this traffic alone, from the next start on."""
        bearer = self.bearers[name]
        bearer.terms = msgspec.structs.replace(bearer.terms, traffic=traffic)


def in_force(seed: int) -> RuleBook:
    """The rules of the day: what is brought, unless the linter refuses it; then those that were in force stay."""
    brought = POOR_RULES if seed % POOR == POOR // 2 else RULES
    office = Office(node="sim", clock=SystemClock(), rules=brought, directory=DIRECTORY)
    board = ChannelBoard(office)
    for way in WAYS:
        board.add(Instance(way.name, way.name, way.capabilities, address_kinds=way.kinds, channel=lambda: None, terms=way.terms))
    return RULES if lint_rules(brought, DIRECTORY, board.situation()) else brought
