"""A connection to UPower on the system bus: the properties of the node and of each of its power devices, or why there are none.

The wire of D-Bus is dbus-fast's; here are the questions, the deadline and the one kind of error.
Source: UPower 1.0 reference, org.freedesktop.UPower and org.freedesktop.UPower.Device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from fenghuo.errors import LinkError

__all__ = ["Properties", "UPowerLine"]

Properties = Mapping[str, object]
"""By the names of the interface, plain values."""

NAME = ROOT_INTERFACE = "org.freedesktop.UPower"
ROOT = "/org/freedesktop/UPower"
DEVICE_INTERFACE = "org.freedesktop.UPower.Device"
PROPERTIES = "org.freedesktop.DBus.Properties"


class UPowerLine:
    """One bus, asked again and again; it connects when it is asked, and once more after a break. `address`: of the bus, "" for the
    system's own. `timeout_s`: for one whole answer."""

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._bus: MessageBus | None = None

    async def read(self) -> tuple[Properties, Sequence[Properties]]:
        """What UPower says of the node, and of each device. Raises: LinkError: there is no bus, no UPower on it, or no answer in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                bus = await self._connected()
                root = await _properties(bus, ROOT, ROOT_INTERFACE)
                paths = await _ask(bus, ROOT, ROOT_INTERFACE, "EnumerateDevices")
                return root, [await _properties(bus, path, DEVICE_INTERFACE) for path in paths]
        except (DBusError, OSError, EOFError, ValueError, TypeError, AttributeError) as failed:  # a bus of anybody's may answer anything
            self.close()
            where = self._address or "the system bus"
            raise LinkError(f"UPower at {where}: {str(failed) or f'no answer within {self._timeout_s:g} s'}") from failed
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Idempotent."""
        if self._bus is not None:
            self._bus.disconnect()
        self._bus = None

    async def _connected(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            self._bus = MessageBus(bus_address=self._address or None, bus_type=BusType.SYSTEM)
            await self._bus.connect()
        return self._bus


async def _properties(bus: MessageBus, path: str, interface: str) -> Properties:
    found = await _ask(bus, path, PROPERTIES, "GetAll", interface)
    return {name: value.value if isinstance(value, Variant) else value for name, value in found.items()}


async def _ask(bus: MessageBus, path: str, interface: str, member: str, *body: str) -> Any:  # as the other end has shaped it
    question = Message(NAME, path, interface, member, signature="s" * len(body), body=list(body))
    answer = await bus.call(question)
    if answer.message_type is not MessageType.METHOD_RETURN:
        raise OSError(f"{member} of {path} was answered with {answer.error_name}: {', '.join(map(str, answer.body))}")
    return answer.body[0]
