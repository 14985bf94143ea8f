"""The desk's verb about the battery, and what a plan is made of: what draws, and what a message costs on each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fenghuo.clock import Clock, instant
from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.energy import Load, Price
from fenghuo.engine.loads import Loads
from fenghuo.model.message import Content, Info, Message, MessageId, content_hash
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.power_energy import EnergyWatch

__all__ = ["PowerVerbs", "draws", "prices"]

USUAL_TEXT = "请立即组织沿江低洼地带群众转移，清点人数后于两小时内报告。" * 2
"""The message that is counted: sixty Chinese characters, as long as a short rendition."""
NO_PLAN: Mapping[str, Any] = {
    "sensor": "",
    "state": "unknown",
    "says": ["nobody has said what the battery holds and feeds: [energy] of the settings is missing"],
    "plan": None,
}


class PowerVerbs:
    """`energy`: None where the settings say nothing of a battery."""

    def __init__(self, energy: EnergyWatch | None) -> None:
        self._energy = energy

    def verbs(self) -> Mapping[str, Verb]:
        return {"power.plan": self.plan}

    async def plan(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """How long the battery lasts, what to shed when, and how many messages are left."""
        return self._energy.view() if self._energy is not None else dict(NO_PLAN)


def draws(loads: tuple[Load, ...], board: ChannelBoard) -> tuple[Load, ...]:
    """The loads of the settings, and every channel that none of them names with what its type draws idle."""
    named = {load.channel for load in loads}
    others = [(one.name, one.capabilities.watts_idle) for one in board if one.name not in named and one.capabilities.watts_idle]
    return (*loads, *(Load(name, (watts, watts, watts, watts), name) for name, watts in others))


def prices(board: ChannelBoard, loads: Loads, clock: Clock) -> dict[str, Price]:
    """One message of usual length by each channel that can tell; what it draws idle is drawn anyhow, and not counted twice."""
    now = clock.time()
    infos = (Info(description=USUAL_TEXT),)
    content = Content(Kind.DISPATCH, Action.NEW, Traffic.ACTUAL, "plan", "plan", instant(now), infos=infos, priority=Priority.P1)
    message = Message(
        MessageId("(energy plan)"), 1, content, Priority.P1, content_hash(content), now, now + 3600.0, source="plan", number=1
    )
    idle = {one.name: one.capabilities.watts_idle for one in board}
    found = loads.tried(message, Priority.P1, idle)
    priced = {name: Price(load.airtime_s, max(0.0, load.joules - idle[name] * load.airtime_s)) for name, load in found.items()}
    return {name: price for name, price in priced.items() if price.airtime_s or price.joules}
