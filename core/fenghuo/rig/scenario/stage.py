"""A scenario on its way: the daemon in the midst of its world, the steps at their times, and what came of each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from fenghuo.clock import instant
from fenghuo.errors import FenghuoError
from fenghuo.formats.power_report import PowerReport, encode_power
from fenghuo.model.area import AreaRef
from fenghuo.model.coverage import Reach
from fenghuo.model.delivery import Accepted
from fenghuo.model.message import MessageId
from fenghuo.model.mode import Axis, Signal
from fenghuo.plugin.ports import Actor, Observation
from fenghuo.rig.scenario.called import CalledNetwork, pieces_of
from fenghuo.rig.scenario.centre import Centre, Network, share_servers
from fenghuo.rig.scenario.covering import ask_coverage
from fenghuo.rig.scenario.discharge import READ_S, running_down
from fenghuo.rig.scenario.letters import Writer
from fenghuo.rig.scenario.log_volume import LogVolume
from fenghuo.rig.scenario.members import DOOR, log_in
from fenghuo.rig.scenario.other_node import OtherNode, reconcile, recorded
from fenghuo.rig.scenario.people import People
from fenghuo.rig.scenario.pictures import picture
from fenghuo.rig.scenario.posts import Utterance, characters_of, octets_of
from fenghuo.rig.scenario.schema import HAND_OVER, ChannelSpec, Do, Scenario, Step
from fenghuo.rig.simloop import SimLoop
from fenghuo.rig.world.bearer import Bearer, Frame, Weather
from fenghuo.rig.world.clients import Letter
from fenghuo.rig.world.ground import Ground, Way
from fenghuo.rig.world.host import Host
from fenghuo.rig.world.log import Acked, Entry, Submitted, Told
from fenghuo.rig.world.node import OPERATOR, Gone

__all__ = ["SETTLE_S", "Stage"]

SETTLE_S = 120.0
"""The daemon is up for so long before T+0, and every channel has said what it is."""
PATIENCE_S = 5.0
SINCE = re.compile(r"T\+(\d+(?:\.\d+)?)")
SLOW_S = 1.5


class Stage(Host):
    """By label: `letters`, `answers`: what was handed in and what the daemon said; `refusals`: the code of what it refused; `submitted`:
    from when until when it was handed in; `figures`: what it said of coverage; `asked`: what else it said; `at`: when the step began,
    virtual seconds; `said`: what other posts said. `least_loss`: share of frames that every network loses."""

    node_type = Centre

    def __init__(self, loop: SimLoop, folder: Path, seed: int, *, scenario: Scenario, ground: Ground, least_loss: float) -> None:
        super().__init__(loop, folder, seed, ground)
        self.scenario = scenario
        self.least_loss = least_loss
        self.people = People(self.world, scenario)
        self.writer = Writer(ground.directory, self.world.true() + SETTLE_S + scenario.ends_s)
        self.letters: dict[str, Letter] = {}
        self.answers: dict[str, Accepted] = {}
        self.refusals: dict[str, str] = {}
        self.submitted: dict[str, tuple[float, float]] = {}
        self.figures: dict[str, dict[str, Any]] = {}
        self.asked: dict[str, Any] = {}
        self.at: dict[str, float] = {}
        self.log_volume = LogVolume()
        self.said: dict[str, list[Utterance]] = {}
        self.others: Mapping[str, OtherNode] = {}
        self.is_other = False
        self.record: OtherNode | None = None
        self._awaited: list[tuple[str, str, Letter]] = []
        self.world.on_entry = self._noticed
        self.added: tuple[Reach, ...] = ()
        share_servers(self.bearers.values())
        for name, spec in scenario.channels.items():
            self.bearers[name].change(self._weather(spec))

    def bearer(self, way: Way) -> Bearer:
        kind = CalledNetwork if way.members else Network
        return kind(way, self.world, self.receive)

    def receive(self, bearer: Bearer, frame: Frame) -> None:
        assert isinstance(bearer, Network)
        bearer.relayed(frame, self.people.receive)

    async def play(self) -> None:
        """From the start of the daemon to the end of everything that was said."""
        await self.start()
        for step in sorted(self.scenario.steps, key=lambda step: step.at_s):
            self.world.spawn(self._in_time(step))
            if step.do is Do.DISCHARGE:
                self.world.spawn(self._float(step))
        await asyncio.sleep(SETTLE_S + self.scenario.ends_s)
        await self.look_at_all()
        await self.audit()
        if self.is_other:
            self.record = await recorded(self.scenario.name, partial(self._wanted, OPERATOR))
        await self.end()

    async def _in_time(self, step: Step) -> None:
        wait_s = SETTLE_S + step.at_s - self.world.now
        await asyncio.sleep(max(0.0, wait_s))
        self.world.note("step", step.do, step.label or step.text)
        if step.label:
            self.at[step.label] = self.world.now
        await self._works[step.do](self, step)

    # What is said.

    async def _hand_in(self, step: Step) -> None:
        for number in range(step.count):
            if number:
                await asyncio.sleep(step.every_s or 0.0)
            about, earlier = self.letters.get(step.about), self.answers.get(step.about)
            letter = self.writer.letter(step, about, earlier.id if earlier is not None else "", self.world.true())
            if step.picture_octets is not None and not number:
                await self.ask("", "attachment.put", OPERATOR, raw=picture(step.picture_octets))
            began = self.world.now
            answer = await self.clients.hand_in(letter)
            if step.label and step.label not in self.letters:
                self.letters[step.label] = letter
                self.submitted[step.label] = (began, self.world.now)
            if answer is None:
                self.refusals[step.label] = self.clients.refused[letter.key].code if letter.key in self.clients.refused else "conflict"
            elif step.label and step.label not in self.answers:
                self.answers[step.label] = answer

    async def _from_post(self, step: Step) -> None:
        """The post above says it, or the one of `by`; without either every member in turn."""
        (channel,) = step.channels
        network = self._network(channel)
        for number, call in enumerate((step.by,) if step.by else network.way.members):
            if number:
                await asyncio.sleep(step.every_s or 0.0)
            letter = msgspec.structs.replace(self.writer.letter(step, None, "", self.world.true()), actor=call)
            body, name = octets_of(letter, self.world.true(), number=number + 1)
            said = (letter.key, letter.tag, letter.action, letter.about, letter.priority, letter.traffic, letter.expires_at, letter.people)
            self.world.add(Submitted, *said)
            self._awaited.append((step.label, f"post:{call}", letter))
            pieces, characters = pieces_of(body), characters_of(body)
            self.said.setdefault(step.label, []).append(Utterance(name, pieces, characters))
            self.letters.setdefault(step.label, letter)
            self.submitted.setdefault(step.label, (self.world.now, self.world.now))
            network.said_by(call, body, name, letter)

    def _noticed(self, entry: Entry) -> None:
        """What a post said is accepted: from now on it is one of the messages that are followed to their end."""
        if isinstance(entry, Told) and entry.event.type == "power.handover":
            self.answers.setdefault(HAND_OVER, Accepted(MessageId(str(entry.event.body["message"])), 1, "active", (), ()))
            self.submitted.setdefault(HAND_OVER, (entry.at, entry.at))
        if not isinstance(entry, Told) or entry.event.type not in ("message.accepted", "message.held"):
            return
        source, state = entry.event.body["source"], "held" if entry.event.type == "message.held" else "active"
        mine = next((one for one in self._awaited if one[1] == source), None)
        if mine is None:
            return
        self._awaited.remove(mine)
        label, _, letter = mine
        answer = Accepted(MessageId(entry.event.subject.partition("/")[2]), int(str(entry.event.body["revision"])), state, (), ())
        self.answers.setdefault(label, answer)
        self.clients.mail.append((letter, answer))
        self.world.add(Acked, letter.key, letter.tag, answer.id, answer.revision, answer.state)

    async def _telemetry(self, step: Step) -> None:
        """The post at an address says what it lives on."""
        (channel,) = step.channels
        network = self._network(channel)
        network.measured(
            step.by, encode_power(PowerReport(step.state, charge_pct=step.charge_pct, minutes=step.left_min, fuel_pct=step.fuel_pct))
        )

    async def _forge(self, step: Step) -> None:
        """Somebody without the keys speaks in the name of a post."""
        (channel,) = step.channels
        network = self.bearers[channel]
        assert isinstance(network, CalledNetwork)
        for number in range(step.count):
            if number:
                await asyncio.sleep(step.every_s or 0.0)
            letter = self.writer.letter(msgspec.structs.replace(step, do=Do.ORDER), None, "", self.world.true())
            body, _ = octets_of(letter, self.world.true(), number=number + 1)
            network.forge(step.by, body)

    async def _sign(self, step: Step) -> None:
        answer = self.answers.get(step.about)
        if answer is None:
            self.refusals[step.label] = "nothing to sign"
            return
        signer, seen = Actor(step.by, ("releaser",), "sim"), f"{step.label}, seen"
        named = {"id": answer.id, "token": step.by}
        await self.ask(seen, "alert.review", signer, **named)
        shown = self.asked.get(seen)
        if not isinstance(shown, dict):
            self.refusals[step.label] = self.refusals.pop(seen, "no answer")
            return
        await self.ask(step.label, "alert.sign", signer, **named, envelope=shown["envelope"])

    async def ask(self, label: str, verb: str, actor: Actor, **args: Any) -> None:
        """Have the daemon do something, and keep what it says under the label: an answer, or the code of its refusal."""
        for _ in range(4):
            await self.up()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self.asked[label] = await self._wanted(actor, verb, args)
            except (Gone, TimeoutError):
                await asyncio.sleep(1.0)
                continue
            except FenghuoError as refusal:
                self.world.note("refused", verb, str(refusal))
                self.refusals[label] = str(getattr(refusal, "code", "") or type(refusal).__name__)
            return
        self.refusals[label] = "no answer"

    # What happens to the ways.

    def _named(self, step: Step) -> Iterable[tuple[str, ChannelSpec]]:
        for name, spec in self.scenario.channels.items():
            groups = spec.risk_groups or (name,)
            if name in step.channels or set(groups) & set(step.groups):
                yield name, spec

    def _network(self, name: str) -> Network:
        network = self.bearers[name]
        assert isinstance(network, Network)
        return network

    def _weather(self, spec: ChannelSpec, **changes: Any) -> Weather:
        loss = max(spec.loss, self.least_loss)
        return msgspec.structs.replace(Weather(loss=loss, double=spec.double, delay_s=spec.delay_s, refuse=0.0, mute=0.0), **changes)

    async def _cut(self, step: Step) -> None:
        """Whoever is connected notices nothing: everything is taken, and nothing comes through."""
        for name, spec in self._named(step):
            self.bearers[name].change(self._weather(spec, deaf=True, loss=1.0))

    async def _unplug(self, step: Step) -> None:
        for name, spec in self._named(step):
            self.bearers[name].change(self._weather(spec, is_up=False, loss=1.0))

    async def _degrade(self, step: Step) -> None:
        for name, spec in self._named(step):
            worse = {key: value for key in ("loss", "delay_s") if (value := getattr(step, key)) is not None}
            self.bearers[name].change(self._weather(spec, **worse))

    async def _repair(self, step: Step) -> None:
        for name, spec in self._named(step):
            self._network(name).relay_s = step.every_s if step.do is Do.RELAY else None
            self.bearers[name].change(self._weather(spec))

    async def _flap(self, step: Step) -> None:
        while self.world.now < SETTLE_S + (step.until_s or 0.0):
            await self._cut(step)
            await asyncio.sleep(step.down_s or 0.0)
            await self._repair(step)
            await asyncio.sleep(step.up_s or 0.0)

    async def _unreachable(self, step: Step) -> None:
        for name in step.channels:
            self.people.gone.setdefault(name, set()).update(map(AreaRef.parse, step.areas))

    async def _reachable(self, step: Step) -> None:
        for name in step.channels:
            self.people.gone.get(name, set()).difference_update(map(AreaRef.parse, step.areas))

    async def _switch(self, step: Step) -> None:
        for name in step.channels:
            await self.ask(step.label, f"channel.{step.do}", OPERATOR, name=name, reason=step.text or "scenario")

    # What happens to the machine.

    async def _kill(self, step: Step) -> None:
        await self.crash(step.restart_s if step.restart_s is not None else 1.0)

    async def _disk(self, step: Step) -> None:
        self.world.note("disk", step.state)
        self.disk.heal()
        self.disk.is_full, self.disk.is_short = step.state == "full", step.state == "short"
        self.disk.is_failing, self.disk.slow_s = step.state == "failing", SLOW_S if step.state == "slow" else 0.0

    async def _log_volume(self, step: Step) -> None:
        """The volume of the log alone; the store lies on another one."""
        self.log_volume.is_full = step.state == "full"
        self.log_volume.ring.look()

    async def _clock(self, step: Step) -> None:
        self.world.wall_off_s = step.off_s or 0.0
        self.world.note("clock", "", f"{self.world.wall_off_s:+.0f} s")

    # What is asked.

    async def _discharge(self, step: Step) -> None:
        """The mains are gone: a sensor tells the charge, a little off, as the battery runs down by what the loads draw in each stage."""
        ends = SETTLE_S + step.until_s if step.until_s is not None else inf
        async for charge in running_down(self.world, step.every_s or READ_S, ends):
            await self._gauge(step, "battery", charge)

    async def _float(self, step: Step) -> None:
        """Until its mains are gone the battery stands on its float, and its sensor says so."""
        while self.world.now < SETTLE_S + step.at_s - 1.0:
            await self._gauge(step, "mains", 100.0)
            await asyncio.sleep(min(READ_S, max(0.5, SETTLE_S + step.at_s - 1.0 - self.world.now)))

    async def _gauge(self, step: Step, state: str, charge: float) -> None:
        """One reading, in whole percents."""
        node, holds_s = await self.up(), 3 * (step.every_s or READ_S)
        assert isinstance(node, Centre)
        told = float(min(100.0, max(0.0, round(charge))))
        for what, value in (("low", False), ("cause", ""), ("charge", told), ("state", state)):
            node.follows.power.observe(step.by, Observation(f"power.{what}", value, "", self.world.wall(), holds_s))

    async def _note(self, step: Step) -> None:
        """It stands in the time line, and nothing happens."""

    async def _ask(self, step: Step) -> None:
        """Whatever the desk can do; `@LABEL` in an argument is the id of that message."""
        args = {key: self._id(value) for key, value in step.args.items()}
        actor: Actor | None = Actor(step.by, OPERATOR.rights, "sim") if step.by else OPERATOR
        if step.session:
            actor = await self._member(step)
        if actor is not None:
            await self.ask(step.label, step.verb, actor, **args)

    async def _reconcile(self, step: Step) -> None:
        self.asked[step.label] = await reconcile(partial(self._wanted, OPERATOR), self.others[step.by])

    async def _wanted(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        """What the daemon says, who serves now. Raises: FenghuoError: it refuses."""
        node = await self.up()
        return msgspec.to_builtins(await node.call(node.desk.do(actor, verb, args)), str_keys=True)

    async def _member(self, step: Step) -> Actor | None:
        """Who uses a session from an address; None: it is refused."""
        node, opened = await self.up(), self.asked.get(step.session, {})
        try:
            return node.desk.member(str(opened.get("session", "")), str(opened.get("csrf", "")), "http", step.address)
        except FenghuoError as refusal:
            self.world.note("refused", step.verb, str(refusal))
            self.refusals[step.label] = str(getattr(refusal, "code", "") or type(refusal).__name__)
            return None

    async def _log_in(self, step: Step) -> None:
        await self.ask(step.label, "session.open", DOOR, **log_in(step.by, step.address))

    def _id(self, value: Any) -> Any:  # whatever an argument may be
        """`@LABEL`: the id of that message, or of what that question was answered with; `T+SECONDS`: that time."""
        if isinstance(value, str) and (seconds := SINCE.fullmatch(value)) is not None:
            return instant(self.world.true() - self.world.now + SETTLE_S + float(seconds[1])).isoformat()
        label = value.removeprefix("@") if isinstance(value, str) else ""
        if value == label or not label:
            return value
        asked = self.asked.get(label)
        return self.answers[label].id if label in self.answers else asked["id"] if isinstance(asked, dict) and "id" in asked else value

    async def _signal(self, step: Step) -> None:
        """A sensor's word on a mode; it holds for an hour where the step does not say."""
        node, now = await self.up(), self.world.wall()
        until = self.world.true() + (step.until_s + SETTLE_S - self.world.now if step.until_s is not None else 3600.0)
        node.room.modes.signal(Signal(Axis(step.axis), step.place, step.mode, step.by, now, until, step.text))

    _works: ClassVar[dict[Do, Callable[[Stage, Step], Awaitable[None]]]] = {
        Do.ALERT: _hand_in,
        Do.ORDER: _hand_in,
        Do.UPDATE: _hand_in,
        Do.CANCEL: _hand_in,
        Do.REPEAT: _hand_in,
        Do.FROM_POST: _from_post,
        Do.FORGE: _forge,
        Do.TELEMETRY: _telemetry,
        Do.SIGN: _sign,
        Do.CUT: _cut,
        Do.UNPLUG: _unplug,
        Do.DEGRADE: _degrade,
        Do.REPAIR: _repair,
        Do.RELAY: _repair,
        Do.FLAP: _flap,
        Do.UNREACHABLE: _unreachable,
        Do.REACHABLE: _reachable,
        Do.DISABLE: _switch,
        Do.ENABLE: _switch,
        Do.KILL: _kill,
        Do.DISK: _disk,
        Do.LOG_VOLUME: _log_volume,
        Do.CLOCK: _clock,
        Do.DISCHARGE: _discharge,
        Do.COVERAGE: ask_coverage,
        Do.SIGNAL: _signal,
        Do.ASK: _ask,
        Do.RECONCILE: _reconcile,
        Do.LOG_IN: _log_in,
        Do.NOTE: _note,
    }
