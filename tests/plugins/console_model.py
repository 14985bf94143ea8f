"""A world of consoles in virtual time: the real front and the real client, and between them lines that lag, stall and break.

No socket: a line is the two ASGI callables of a WebSocket. The truth is a FakeDesk whose state can be asked for any past instant.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

from fenghuo import Actor
from fenghuo.client.console_machine import Machine
from fenghuo.formats.console_frames import PROTOCOL
from fenghuo.plugin.context import HostedFrontContext
from fenghuo.rig.simloop import SimLoop
from fenghuo_console import ConsoleSettings
from fenghuo_console.console import PUSH, Console
from fenghuo_console.session import Room
from tests.plugins.http_fakes import FakeDesk, FakeEvents

__all__ = ["World"]

TOPICS = ("message", "objective", "channel", "mode")
ROOM = Room(frames=6, octets=4_000, part=300)
WINDOW = 4
"""Frames that a line holds before its sender waits, as a socket's buffer does."""


class SimClock:
    """The loop's time, for the front."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def time(self) -> float:
        return 1_000_000.0 + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()

    def quality(self) -> str:
        return "ntp"


class Truth(FakeDesk):
    """The desk, which takes its time over a state; each value is the number of its version, and every past one is remembered."""

    def __init__(self, events: FakeEvents, chance: random.Random) -> None:
        super().__init__(events)
        self._chance = chance
        self.history: dict[str, list[tuple[int, int | None]]] = {}

    def touch(self, path: str) -> None:
        """One commit: a new version of an object, or its end."""
        gone = path in self.objects and self._chance.random() < 0.2
        version = self.events.head + 1
        self.history.setdefault(path, []).append((version, None if gone else version))
        self.change(path, None if gone else {"n": version, "text": "烽" * self._chance.randrange(20)})

    async def do(self, actor: Actor, verb: str, args: Any) -> Any:
        cursor = {"epoch": self.events.epoch, "seq": self.events.head}
        for _ in range(self._chance.randrange(3)):
            await asyncio.sleep(0)  # the state is read after the cursor: it may be newer, and never older
        answer = await super().do(actor, verb, args)
        return answer | {"cur": cursor} if verb == "state" else answer

    def version(self, path: str, at: int) -> int | None:
        """What was there at an instant of the stream; None: nothing."""
        return next((number for seq, number in reversed(self.history.get(path, [])) if seq <= at), None)


class Line:
    """One connection, as ASGI has it. It is `cut` when either end has gone."""

    def __init__(self) -> None:
        self.down: deque[str] = deque()
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._moved = asyncio.Event()
        self.is_cut = False

    async def receive(self) -> dict[str, Any]:
        return await self._up.get()

    async def send(self, message: Any) -> None:
        while len(self.down) >= WINDOW and not self.is_cut:
            self._moved.clear()
            await self._moved.wait()
        if message["type"] == "websocket.close":
            self.cut()
        elif message["type"] == "websocket.send" and not self.is_cut:
            self.down.append(message["text"])
            self._moved.set()

    def push(self, frame: bytes) -> bool:
        """A frame as the wire has it, where nothing is on the line; its head has two octets, or four."""
        if self.down or self.is_cut:
            return False
        self.down.append(frame[2 if frame[1] < 126 else 4 :].decode())
        self._moved.set()
        return True

    def say(self, text: str) -> None:
        self._up.put_nowait({"type": "websocket.receive", "text": text})

    def cut(self) -> None:
        if not self.is_cut:
            self.is_cut = True
            self._moved.set()
            self._up.put_nowait({"type": "websocket.disconnect"})

    async def text(self) -> str | None:
        """The next frame for the client; None: the line is cut, and what was on it is lost."""
        while not self.down and not self.is_cut:
            self._moved.clear()
            await self._moved.wait()
        if self.is_cut:
            return None
        text = self.down.popleft()
        self._moved.set()
        return text


class World:
    """Five consoles over one daemon. `heals`: from then on nothing lags or breaks any more."""

    def __init__(self, loop: SimLoop, seed: int) -> None:
        self.chance = random.Random(f"world {seed}")
        self.events = FakeEvents()
        self.truth = Truth(self.events, self.chance)
        self._clock: Any = SimClock(loop)
        self.paths = [f"{topic}/{number}" for topic in TOPICS for number in range(6)]
        self.machines = [self._machine(number) for number in range(5)]
        self.lines: list[Line | None] = [None] * 5
        self.heals = False
        self.frames: dict[str, int] = {}
        self.console = self._front()

    def _machine(self, number: int) -> Machine:
        topics = self.chance.sample(TOPICS, self.chance.randrange(1, 5)) if number else ()
        return Machine(token="duty-token", topics=topics, key=lambda: f"{self.chance.getrandbits(64):x}")

    def _front(self) -> Console:
        settings = ConsoleSettings(page=False, heartbeat_s=1.0)
        web: Any = type("NoWeb", (), {"mount": lambda self, path, app: None})()
        ctx = HostedFrontContext(name="console", settings=settings, clock=self._clock, desk=self.truth, events=self.events, web=web)
        return Console(ctx, room=ROOM)

    async def restart(self) -> None:
        """The daemon ends, with its lines, and starts again: over the same stream, or over a restored one of another name."""
        await self.console.stop(self._clock.monotonic() + 1.0)
        if self.chance.random() < 0.3:
            self.events.epoch = f"epoch-{self.chance.getrandbits(32):x}"
        self.console = self._front()

    async def life(self, number: int) -> None:
        """One console, for ever: connect, follow, break, connect again."""
        machine = self.machines[number]
        while True:
            line = self.lines[number] = Line()
            scope: dict[str, Any] = {"type": "websocket", "headers": [], "subprotocols": [PROTOCOL], "client": ("127.0.0.1", 1)}
            if number % 2:
                scope["extensions"] = {PUSH: line.push}
            line._up.put_nowait({"type": "websocket.connect"})
            served = asyncio.create_task(self.console(scope, line.receive, line.send))
            try:
                await self._follow(machine, line)
            finally:
                line.cut()
                machine.broken()
                await asyncio.wait({served})
            await asyncio.sleep(self.chance.uniform(0.1, 0.5))

    async def _follow(self, machine: Machine, line: Line) -> None:
        machine.opened()
        while (text := await line.text()) is not None:
            for answer in machine.take(text):
                line.say(answer)
            kind = text.partition('"t":"')[2].partition('"')[0]
            self.frames[kind] = self.frames.get(kind, 0) + 1
            if machine.is_live:
                self.check(machine)
            if not self.heals and self.chance.random() < 0.15:
                await asyncio.sleep(self.chance.choice((0.01, 0.1, 1.5)))

    def check(self, machine: Machine) -> None:
        """A live console shows of every object what was there at its cursor, or something newer; never half a state, never an older one."""
        assert machine.cursor is not None
        if machine.cursor.epoch != self.events.epoch:
            return
        at = machine.cursor.seq
        for path in self.paths_of(machine):
            row, least = machine.state.get(path), self.truth.version(path, at)
            shown = row.value["n"] if row is not None else None
            newer = [number for seq, number in self.truth.history.get(path, []) if seq > at]
            assert shown == least or shown in newer, f"{path} at {at}: shows {shown}, and {least} was there"

    def paths_of(self, machine: Machine) -> list[str]:
        topics = machine._topics or TOPICS
        return [path for path in self.paths if path.partition("/")[0] in topics]

    def apart(self) -> str:
        """Which consoles are not live, or do not show what is; "" when there is none."""
        return "; ".join(
            f"{number} {machine.cursor} of {self.events.head}" for number, machine in enumerate(self.machines) if self._is_apart(machine)
        )

    def _is_apart(self, machine: Machine) -> bool:
        shown = {path: row.value for path, row in machine.state.items()}
        true = {path: self.truth.objects[path] for path in self.paths_of(machine) if path in self.truth.objects}
        return not machine.is_live or shown != true
