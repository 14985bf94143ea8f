"""UPower's interface on a bus of the test's own: python-dbusmock's template of it, which nobody here wrote, on a private dbus-daemon."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.scale import PATIENCE_S
from tests.signals import Process, send

__all__ = ["UPower"]

NAME, ROOT = "org.freedesktop.UPower", "/org/freedesktop/UPower"
MOCK = "org.freedesktop.DBus.Mock"
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's own, for which its python3-dbusmock is."""


class UPower:
    """`async with UPower(folder) as upower`: a bus at `address`, with UPower on it and a machine without any device."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"unix:path={folder / 'bus'}"
        self._daemon: Process | None = None
        self._mock: Process | None = None
        self._bus: MessageBus | None = None

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._daemon = await self._spawn("bus", "dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.address}")
            await self._until_there()
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._end()

    async def start(self) -> None:
        """UPower answers when this returns."""
        self._mock = await self._spawn("mock", SYSTEM_PYTHON, "-m", "dbusmock", "--system", "--template", "upower")
        async with asyncio.timeout(PATIENCE_S):
            while (await self._call(ROOT, NAME, "EnumerateDevices")).message_type is not MessageType.METHOD_RETURN:
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """SIGKILL for UPower; the bus lives on."""
        await _kill(self._mock)
        self._mock = None

    async def add(self, kind: str, name: str, *figures: float) -> str:
        """A device of the template: `AC`, `DischargingBattery` or `ChargingBattery` with percent and seconds; its path."""
        more: list[object] = [float(figures[0]), int(figures[1])] if figures else []
        answer = await self._told(ROOT, MOCK, f"Add{kind}", "ssdx" if more else "ss", name, name, *more)
        return str(answer.body[0])

    async def set(self, path: str, **properties: tuple[str, object]) -> None:
        """Properties that a device has, each as (signature, value)."""
        values = {name: Variant(*one) for name, one in properties.items()}
        await self._told(ROOT, MOCK, "SetDeviceProperties", "oa{sv}", path, values)

    async def remove(self, path: str) -> None:
        """The device is taken out."""
        await self._told(ROOT, MOCK, "RemoveDevice", "o", path)

    async def warn(self, path: str, level: int) -> None:
        """The warning level of a device, which the template's devices do not have by themselves."""
        await self._told(path, MOCK, "AddProperty", "ssv", f"{NAME}.Device", "WarningLevel", Variant("u", level))

    async def on_battery(self, *, is_so: bool) -> None:
        """What UPower says of the whole node."""
        await self._told(ROOT, MOCK, "UpdateProperties", "sa{sv}", NAME, {"OnBattery": Variant("b", is_so)})

    async def _told(self, path: str, interface: str, member: str, signature: str, *body: object) -> Message:
        answer = await self._call(path, interface, member, signature, *body)
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        return answer

    async def _call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> Message:
        if self._bus is None:
            self._bus = await MessageBus(bus_address=self.address).connect()
        async with asyncio.timeout(PATIENCE_S):
            answer = await self._bus.call(Message(NAME, path, interface, member, signature=signature, body=list(body)))
        assert answer is not None
        return answer

    async def _spawn(self, log: str, *command: str) -> Process:
        where = {"DBUS_SYSTEM_BUS_ADDRESS": self.address, "DBUS_SESSION_BUS_ADDRESS": self.address, "PATH": "/usr/bin:/bin"}
        with (self._folder / f"{log}.log").open("ab") as out:
            return await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out, env=where)

    async def _until_there(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not (self._folder / "bus").exists():
                await asyncio.sleep(0.02)

    async def _end(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
        await _kill(self._mock)
        await _kill(self._daemon)


async def _kill(process: Process | None) -> None:
    if process is not None:
        send(process, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
