"""Devices of a scenario and the people behind them: they drop copies, confirm, and answer, each as the file says."""

from __future__ import annotations

import re

from fenghuo.model.area import AreaRef
from fenghuo.model.directory import Directory
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import InboundKind
from fenghuo.rig.scenario.schema import Behaviour, Scenario
from fenghuo.rig.world.bearer import Bearer, Frame, Word
from fenghuo.rig.world.log import Shown, World

__all__ = ["People"]

NUMBER = re.compile(r"#(\d{4})")


class People:
    """`gone`: by channel the areas where nobody is reached over it, whatever the network takes."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world = world
        self._scenario = scenario
        self._had: set[tuple[str, str, int]] = set()
        self._tokens: set[tuple[str, str]] = set()
        self._areas = {owner: _areas_of(world.ground.directory, owner) for owner in set(world.ground.owners.values())}
        self.gone: dict[str, set[AreaRef]] = {}

    def receive(self, bearer: Bearer, frame: Frame) -> None:
        """A repetition by the network is dropped; a copy by us is shown only when it is marked."""
        name, owner = bearer.way.name, self._world.ground.owners[frame.address]
        if self.is_gone(name, owner) or (frame.address, frame.token, frame.n) in self._had:
            return
        self._had.add((frame.address, frame.token, frame.n))
        is_copy = (frame.address, frame.token) in self._tokens
        self._tokens.add((frame.address, frame.token))
        if not is_copy or "重发" in frame.text:
            self._world.add(Shown, name, frame.address, frame.token, frame.n, frame.text)
        manner, chance = self._scenario.behaviours.get(owner, self._scenario.behaviour), self._world.chance
        if bearer.way.capabilities.evidence_max < Evidence.DEVICE:
            return
        if not bearer.way.members and chance.random() < manner.confirms:  # a post on the link has said so itself
            word = Word(0, InboundKind.RECEIPT, frame.address, frame.ref, frame.token, frame.n, Evidence.DEVICE)
            self._world.later(chance.expovariate(1 / manner.confirm_s), bearer.say, word)
        is_person = not owner.startswith(("area:", "org:"))
        if is_person and not is_copy and chance.random() < manner.answers:
            self._world.later(chance.expovariate(1 / manner.answer_s), self._answer, bearer, frame, manner)

    def is_gone(self, channel: str, owner: str) -> bool:
        """Whether nobody is reached there over this channel now."""
        return any(gone.covers(area) for gone in self.gone.get(channel, ()) for area in self._areas[owner])

    def _answer(self, bearer: Bearer, frame: Frame, manner: Behaviour) -> None:
        if self.is_gone(bearer.way.name, self._world.ground.owners[frame.address]):
            return
        number = NUMBER.search(frame.text)
        text = f"{manner.says} {number[0]}" if number else manner.says
        level = Evidence.DONE if text.startswith("完成") else Evidence.HUMAN
        bearer.say(Word(0, InboundKind.ANSWER, frame.address, "", frame.token, frame.n, level, text))


def _areas_of(directory: Directory, owner: str) -> tuple[AreaRef, ...]:
    """Where somebody is, by either code."""
    if owner.startswith("area:"):
        own: tuple[AreaRef, ...] = (AreaRef.parse(owner.removeprefix("area:")),)
    else:
        person = directory.person_by_id.get(owner)
        own = person.areas if person is not None else ()
    other = (directory.area_by_ref[ref].same_as for ref in own if ref in directory.area_by_ref)
    return (*own, *(ref for ref in other if ref is not None))
