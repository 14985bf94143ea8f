"""What a plugin is given in a process of its own: the same as in the core, each thing asked for over the line.

What only the core's own process has is said to be missing, in a sentence.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

import msgspec

from fenghuo.clock import Clock, SystemClock
from fenghuo.errors import ConfigError, NotReady
from fenghuo.model.attachment import Attachment
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.plugin.cell_values import Job, Licence, Made
from fenghuo.plugin.cell_wire import CellWire
from fenghuo.plugin.context import plugin_log
from fenghuo.plugin.ports import Blobs, Estimate, Hints, Notes, Observation, Recalled
from fenghuo.plugin.signing import Signer

__all__ = ["CellContext", "CellJob", "CellSensorContext", "CellSourceContext"]


class CellNotes:
    """The channel's own memory, in the core's store."""

    def __init__(self, wire: CellWire) -> None:
        self._wire = wire

    async def recall(self) -> Recalled:
        return msgspec.msgpack.decode(await self._wire.ask("recall"), type=Recalled)

    async def keep(self, values: Mapping[str, str | None]) -> None:
        await self._wire.ask("keep", dict(values))


class CellBlobs:
    """The octets of attachments, in the core's store."""

    def __init__(self, wire: CellWire) -> None:
        self._wire = wire

    async def read(self, attachment: Attachment, offset: int, octets: int) -> bytes:
        return msgspec.msgpack.decode(await self._wire.ask("read", attachment, offset, octets), type=bytes)

    async def thumbnail(self, attachment: Attachment) -> Attachment | None:
        return msgspec.msgpack.decode(await self._wire.ask("thumbnail", attachment), type=Attachment | None)

    async def given_up(self, attachment: Attachment, to: str, reason: str) -> None:
        await self._wire.ask("given_up", attachment, to, reason)


class CellContext:
    """What a channel is given."""

    def __init__(self, made: Made, settings: Any, wire: CellWire) -> None:
        self.name, self.settings = made.name, settings
        self.clock: Clock = SystemClock()
        self.random: random.Random = random.SystemRandom()
        self.log = plugin_log("channel", made.name)
        self.notes: Notes = CellNotes(wire)
        self.blobs: Blobs = CellBlobs(wire)
        self._secrets = made.secrets
        self._wire = wire

    @property
    def link(self) -> Any:
        raise ConfigError("the narrow link is not lent to a channel in a process of its own")

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        return make(self.notes)

    def secret(self, path: str) -> str:
        if path not in self._secrets:
            raise ConfigError(f"{path!r} is no secret that a setting of this channel names; its key must end in _file")
        return self._secrets[path]

    def health(self, up: bool, reason: str) -> None:
        self._wire.tell("health", up, reason)

    async def signer(self, provider: str, key: str) -> Signer:
        raise NotReady("keys are not lent to a channel in a process of its own")

    async def armed(self, why_off: str, at: datetime | None) -> None:
        await self._wire.ask("armed", why_off, at)

    def strained(self, reason: str) -> None:
        self._wire.tell("strained", reason)

    def reopened(self) -> None:
        self._wire.tell("reopened")

    def no_way(self, address: str) -> str:
        """The map is the core's; it asks before the job comes here."""
        return ""


class CellEmission:
    """A licence that the core has given."""

    def __init__(self, wire: CellWire, job: Job, licence: Licence) -> None:
        self.token, self.n, self.payload = licence.token, licence.n, licence.payload
        self.validity_s, self.number = licence.validity_s, licence.number
        self._wire, self._job = wire, job

    def book(self, cost: Estimate) -> None:
        self._wire.tell("book", self._job.number, cost)

    async def turn(self) -> None:
        await self._wire.ask("turn", self._job.number)


class CellJob:
    """A SendJob and SendPage whose licence is asked of the core."""

    def __init__(self, wire: CellWire, job: Job) -> None:
        self.address, self.address_kind, self.size = job.address, job.address_kind, job.size
        self.priority, self.traffic, self.is_last = job.priority, job.traffic, job.is_last
        self.addresses: Sequence[str] = job.addresses
        self.number, self.pages = job.page, job.pages
        self.deadline = SystemClock().monotonic() + job.within_s
        self._wire, self._job = wire, job

    def begin(self) -> CellBegin:
        return CellBegin(self._wire, self._job)


class CellBegin:
    """`async with job.begin() as emission`: the attempt is on the core's disk when it gives the emission."""

    def __init__(self, wire: CellWire, job: Job) -> None:
        self._wire, self._job = wire, job

    async def __aenter__(self) -> CellEmission:
        raw = await self._wire.ask("begin", self._job.number)
        return CellEmission(self._wire, self._job, msgspec.msgpack.decode(raw, type=Licence))

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The core ends its licence when send() is answered."""


class CellSourceContext:
    """What a source is given: the one door in, at the other end of the line."""

    def __init__(self, made: Made, settings: Any, wire: CellWire) -> None:
        self.name, self.settings = made.name, settings
        self.clock: Clock = SystemClock()
        self.log = plugin_log("source", made.name)
        self._wire = wire

    async def accept(self, raw: bytes, hints: Hints) -> Accepted | Refused:
        is_refused, value = msgspec.msgpack.decode(await self._wire.ask("accept", raw, hints), type=tuple[bool, msgspec.Raw])
        return msgspec.msgpack.decode(value, type=Refused) if is_refused else msgspec.msgpack.decode(value, type=Accepted)


class CellSensorContext:
    """What a sensor is given."""

    def __init__(self, made: Made, settings: Any, wire: CellWire) -> None:
        self.name, self.settings = made.name, settings
        self.clock: Clock = SystemClock()
        self.log = plugin_log("sensor", made.name)
        self._wire = wire

    def observe(self, observation: Observation) -> None:
        self._wire.tell("observe", observation)
