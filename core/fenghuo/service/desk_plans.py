"""Verbs of the desk about routes, channels and queues: explain, lint, list, enable, disable, why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import msgspec
import structlog

from fenghuo.engine.addressees import sentences, unknown
from fenghuo.engine.channels import Instance
from fenghuo.engine.energy import EnergyPlan
from fenghuo.engine.facts import ChannelSwitched
from fenghuo.engine.judging import clarity
from fenghuo.engine.linting import lint_rules
from fenghuo.engine.routing import route
from fenghuo.errors import NotFound
from fenghuo.formats.sentences import said, spoken
from fenghuo.model.delivery import OPEN_STATES, Delivery
from fenghuo.model.situation import Admin
from fenghuo.plugin.ports import Actor, Doubt, PowerLevel
from fenghuo.service.channel_health import health_says, health_view
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.energy_words import lasts_says, left_s
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.explaining import Explaining
from fenghuo.service.outlook import Outlook, channel_says
from fenghuo.service.public_queue import public_queue
from fenghuo.service.showing import channel_view, remark_of, rfc3339
from fenghuo.service.supposing import supposed
from fenghuo.service.unsent import unsent
from fenghuo.store.audit import Deed
from fenghuo.store.records import ChannelRow
from fenghuo.store.store import Store
from fenghuo.store.tables import CHANNEL, DELIVERY
from fenghuo.store.transaction import Tx

__all__ = ["PlanVerbs"]

SILENCE_S = 2.0
"""Longest wait for a device that is to be silent: who switched it off is told by then either way."""
log = structlog.stdlib.get_logger("fenghuo.desk")


class Explain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bytes of a message that is not to be sent."""

    raw: bytes
    media_type: str = ""


class Suppose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Risk groups or channels that fail together; none: every single point of failure."""

    lose: tuple[str, ...] = ()


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel, and why it is switched."""

    name: str
    reason: str = ""


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deliveries that are not at an end; `channel`: only of this one."""

    channel: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


class PlanVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, room: EngineRoom, store: Store) -> None:
        self._desk = desk
        self._office = room.office
        self._store = store
        self._board = room.board
        self._facts = room.facts
        self._queues = room.queues
        self._loads = room.opening.loads
        self._seals = room.opening.seals
        self.battery: Callable[[Collection[str]], EnergyPlan | None] = _nobody_knows
        self._in_force = room.in_force
        self._outages = room.outages

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "route.explain": self.explain,
            "route.lint": self.lint,
            "whatif": self.whatif,
            "channel.ls": self.channels,
            "channel.enable": self.enable,
            "channel.disable": self.disable,
            "channel.why": self.why,
            "queue.ls": self.queue,
        }

    def outlook(self) -> Outlook:
        """What can be known now."""
        return Outlook(self._board.situation(), self._office.clock.time())

    async def explain(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What would become of a message: objectives, rungs, channels left out and why. Nothing is kept, nothing is sent."""
        wanted = msgspec.convert(args, Explain)
        message = unsent(self._desk, self._office, actor, wanted.raw, media_type=wanted.media_type)
        routed = route(message, self._office.rules, self._office.directory, self._office.devices)
        explaining = Explaining(message, self._office, self._board.situation(), self._loads, routed=routed)
        explaining.under(self._in_force.of)
        objectives = await asyncio.to_thread(explaining.objectives)
        return {
            "objectives": objectives,
            "unknown": list(sentences(unknown(message, self._office.directory), self._office.directory)),
            "unclear": [verdict.detail for verdict in clarity(message)],
            "left_out": [{"channel": name, "reason": reason, "recipients": n} for (name, reason), n in explaining.left.items()],
            "envelope": self._seals.enclosed(message, routed).digest if routed else "",
            "situation": self._board.situation().digest,
            "rules": self._office.rules.digest,
        }

    async def lint(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What is wrong with the rules on the channels and the directory of this node."""
        return {"faults": list(lint_rules(self._office.rules, self._office.directory, self._board.situation()))}

    async def whatif(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Who could not be reached any more if something failed, on channels, rules and directory as they are; nothing is changed."""
        wanted = msgspec.convert(args, Suppose)
        watts = {instance.name: instance.capabilities.watts_idle for instance in self._board}
        answer = await asyncio.to_thread(supposed, self._office, self._board.situation(), wanted.lose, watts)
        if "left" not in answer:
            return answer
        plan = self.battery(answer["left"])
        lasts = spoken(lasts_says(plan))
        both = {name: [*answer[name], *lasts[name]] for name in lasts}
        return {**answer, "battery_left_s": left_s(plan), **both}

    async def channels(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [channel_view(instance, self._queues.queued(instance.name)) for instance in self._board]

    async def enable(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._switch(actor, msgspec.convert(args, Switch), Admin.ENABLED)

    async def disable(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._switch(actor, msgspec.convert(args, Switch), Admin.DISABLED)

    async def why(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The state of a channel with the evidence behind it."""
        instance, situation = self._instance(msgspec.convert(args, Switch).name), self._board.situation()
        now, outages, remark = self._office.clock.time(), self._outages.of(instance), remark_of(instance)
        remarks = [said("plain", text=remark)] if remark else []
        says = [*health_says(instance, now, outages), *remarks, *channel_says(situation.channel[instance.name], situation)]
        return {**channel_view(instance, self._queues.queued(instance.name)), **health_view(instance, now, outages), **spoken(says)}

    async def _switch(self, actor: Actor, wanted: Switch, admin: Admin) -> dict[str, Any]:
        instance = self._instance(wanted.name)
        now = self._office.clock.time()
        row = ChannelRow(instance.name, admin, actor.name, wanted.reason, now)

        def keep(tx: Tx) -> None:
            tx.put(CHANNEL, row)
            tx.event("channel.admin", f"channel/{instance.name}", admin=admin.value, by=actor.name, reason=wanted.reason)
            tx.audit(Deed.of("switch", f"channel/{instance.name}", admin=admin.value, reason=wanted.reason))

        def switch(_: None) -> None:
            self._board.switch(instance.name, admin, f"{admin.value} by {actor.name}: {wanted.reason}")
            self._facts.put(ChannelSwitched(instance.name))

        await self._store.run(keep, then=switch)
        instance.knock()
        await _tell_device(instance, PowerLevel.FULL if admin is Admin.ENABLED else PowerLevel.LISTEN)
        return channel_view(instance, self._queues.queued(instance.name))

    def _instance(self, name: str) -> Instance:
        instance = self._board.get(name)
        if instance is None:
            known = ", ".join(sorted(known.name for known in self._board)) or "none"
            raise NotFound(f"no channel is named {name}; there are {known}")
        return instance

    async def queue(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = msgspec.convert(args, Queue)
        states = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
        where, params = f"state IN ({states})", []
        if wanted.channel:
            where, params = f"{where} AND channel = ?", [wanted.channel]
        head = self._store.events.head
        rows = await self._store.find(DELIVERY, f"{where} ORDER BY priority, id", *params, limit=wanted.limit)
        publics = await public_queue(self._store, self._queues.fan_outs, wanted.channel)
        lines = [{**line, "rev": head} for line in (*map(_queued, rows), *publics)]
        return sorted(lines, key=lambda line: str(line["priority"]))[: wanted.limit]


def _nobody_knows(left: Collection[str]) -> None:
    """Until the settings say what a battery holds."""


def _queued(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "message": row.message,
        "objective": row.objective,
        "recipient": row.recipient,
        "channel": row.channel,
        "priority": row.priority.name,
        "state": row.state.value,
        "reason": row.reason,
        "tries": row.tries,
        "until": rfc3339(row.until),
    }


async def _tell_device(instance: Instance, level: PowerLevel) -> None:
    """Whoever switches off what starts a device (a siren, a loudspeaker) means what sounds now, too. Every other channel ends what it
    has begun."""
    channel = instance.channel()
    if channel is None or instance.capabilities.doubt is not Doubt.ACTUATOR:
        return
    try:
        async with asyncio.timeout(SILENCE_S):
            await channel.set_power(level)
    except Exception as fault:  # noqa: BLE001  # it is switched all the same, and a person must know that it may still sound
        log.error("a device was not told that its channel was switched", channel=instance.name, cause=f"{type(fault).__name__}: {fault}")
