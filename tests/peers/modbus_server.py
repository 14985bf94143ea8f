"""pymodbus's server in a process of its own, as a siren controller: relays, motor sensors, device timers, watchdogs, stop buttons.

`python modbus_server.py tcp PORT | serial DEVICE`, options as JSON in the third argument. Each thing that happens is a JSON line on
stdout; commands come on stdin: `force UNIT/RELAY on|off` (a hand at the cabinet), `held UNIT/RELAY on|off`, `dead UNIT/RELAY` (the
motor), `loud UNIT/RELAY on|off` and `told 1/1 on|off` (see Cabinet), `reset 0/0` (everything as it was at the start).
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import sys
import time
from typing import Any

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

UNITS, RELAYS = 10, 4
COIL, WATCHDOG, SENSOR, STOP, TIMER, SESSION, CURRENT = 0, 16, 100, 120, 200, 300, 400


class Relay:
    """One siren: `on` since when, until when by its own timer; `is_dead`: its motor turns no more; `held`: stopped on the spot."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.on_at: float | None = None
        self.until = float("inf")
        self.fed_at: float | None = None
        self.is_dead = self.held = self.is_loud = False

    def switch(self, *, on: bool, by: str) -> None:
        if on != (self.on_at is not None):
            say(coil=self.name, on=on, by=by)
        self.on_at = (self.on_at or time.monotonic()) if on else None
        self.until = self.until if on else float("inf")


class Cabinet:
    """All relays, and what the options say: `delay_s` until a motor is heard, `watchdog_s`, `die_on` one of coil, timer; `is_told`: a
    motor is heard only when a command says so."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.relays = {(unit, relay): Relay(f"{unit}/{relay + 1}") for unit in range(1, UNITS + 1) for relay in range(RELAYS)}
        self.delay_s = float(options.get("delay_s", 0.05))
        self.watchdog_s = float(options.get("watchdog_s", 0.0))
        self.die_on = options.get("die_on", "")
        self.is_told = bool(options.get("is_told", False))
        self.timers: dict[tuple[int, int], int] = {}

    def tick(self) -> None:
        """What relays do by themselves."""
        now = time.monotonic()
        for relay in self.relays.values():
            if relay.on_at is not None and now >= relay.until:
                relay.switch(on=False, by="timer")
            if relay.on_at is not None and self.watchdog_s and now > (relay.fed_at or relay.on_at) + self.watchdog_s:
                relay.switch(on=False, by="watchdog")

    def heard(self, relay: Relay) -> bool:
        if self.is_told:
            return relay.is_loud
        return relay.on_at is not None and not relay.is_dead and time.monotonic() >= relay.on_at + self.delay_s

    async def act(self, unit: int, function: int, start: int, at: int, count: int, registers: list[int], values: list[Any] | None) -> None:
        self.tick()
        if values is not None:
            self.written(unit, function, at, [int(value) for value in values])
        elif function in (1, 2):
            self.show(unit, function, registers)
        elif function == 4:
            for relay in range(RELAYS):
                registers[CURRENT + relay - start] = 82 if self.heard(self.relays[unit, relay]) else 3

    def written(self, unit: int, function: int, at: int, values: list[int]) -> None:
        if function == 5 and COIL <= at < COIL + RELAYS:
            relay = self.relays[unit, at - COIL]
            say(write="coil", unit=unit, relay=at - COIL + 1, on=bool(values[0]))
            limit = self.timers.get((unit, at - COIL), 0)
            if values[0] and relay.on_at is None:
                relay.until = time.monotonic() + limit / 10 if limit else float("inf")
            relay.switch(on=bool(values[0]), by="master")
            self.die("coil")
        elif function == 5 and at >= WATCHDOG:
            self.relays[unit, at - WATCHDOG].fed_at = time.monotonic()
        elif function == 6 and TIMER <= at < TIMER + RELAYS:
            self.timers[unit, at - TIMER] = values[0]
            say(write="timer", unit=unit, relay=at - TIMER + 1, value=values[0])
            self.die("timer")

    def show(self, unit: int, function: int, registers: list[int]) -> None:
        """Bits as they stand, into pymodbus's own image of them."""
        for relay in range(RELAYS):
            mine = self.relays[unit, relay]
            if function == 1:
                put(registers, COIL + relay, on=mine.on_at is not None)
            else:
                put(registers, SENSOR + relay, on=self.heard(mine))
                put(registers, STOP + relay, on=mine.held)

    def die(self, at: str) -> None:
        if self.die_on == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def command(self, line: str) -> None:
        verb, name, *word = line.split()
        if verb == "reset":
            self.relays = {key: Relay(relay.name) for key, relay in self.relays.items()}
            self.timers.clear()
            say(reset=True)
            return
        unit, relay = map(int, name.split("/"))
        mine, on = self.relays[unit, relay - 1], word == ["on"]
        match verb:
            case "force":
                mine.switch(on=on, by="hand")
            case "held":
                mine.held = on
                mine.switch(on=mine.on_at is not None and not on, by="stop button")
            case "dead":
                mine.is_dead = True
            case "loud":
                mine.is_loud = on
            case "told":
                self.is_told = on


def put(registers: list[int], bit: int, *, on: bool) -> None:
    mask = 1 << bit % 16
    registers[bit // 16] = registers[bit // 16] | mask if on else registers[bit // 16] & ~mask


def say(**what: object) -> None:
    print(json.dumps({"at": time.monotonic(), **what}), flush=True)


def device(unit: int, cabinet: Cabinet) -> SimDevice:
    bits = [SimData(0, count=16, values=[False] * 16, datatype=DataType.BITS)]
    words = [SimData(0, count=500, values=0, datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(bits, list(bits), words, list(words)), action=Act(unit, cabinet).act)


class Act:
    """pymodbus wants a coroutine function, which a partial is not."""

    def __init__(self, unit: int, cabinet: Cabinet) -> None:
        self.unit, self.cabinet = unit, cabinet

    async def act(self, *what: Any) -> None:
        await self.cabinet.act(self.unit, *what)


async def main() -> None:
    kind, where, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}")
    cabinet = Cabinet(options)
    devices = [device(unit, cabinet) for unit in range(1, UNITS + 1)]
    if kind == "tcp":
        server: Any = ModbusTcpServer(devices, address=("127.0.0.1", int(where)))
    else:
        server = ModbusSerialServer(devices, framer=FramerType.RTU, port=where, baudrate=9600, ignore_missing_devices=True)
    await server.listen()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, functools.partial(read, cabinet, loop))
    say(ready=True, port=server.transport.sockets[0].getsockname()[1] if kind == "tcp" else where)
    while True:
        cabinet.tick()
        await asyncio.sleep(0.01)


def read(cabinet: Cabinet, loop: asyncio.AbstractEventLoop) -> None:
    """All commands that wait: a line that a buffer keeps back would wake nobody."""
    octets = os.read(sys.stdin.fileno(), 1 << 16)
    if not octets:
        loop.remove_reader(sys.stdin)
    for line in octets.decode().splitlines():
        cabinet.command(line)


if __name__ == "__main__":
    asyncio.run(main())
