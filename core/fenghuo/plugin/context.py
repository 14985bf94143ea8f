"""What a plugin is given, and all it is given: the concrete contexts behind the protocols in ports.py.

Built by the daemon, one for each instance; a context holds no resource and outlives no run.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import NotFound
from fenghuo.model.attachment import Attachment
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.plugin.ports import Blobs, Desk, EventStream, Hints, Notes, Observation, Recalled, Web
from fenghuo.plugin.signing import Signer, no_signer

__all__ = ["HostedChannelContext", "HostedFrontContext", "HostedSensorContext", "HostedSourceContext", "LoneNotes", "NoBlobs", "plugin_log"]


def plugin_log(family: str, name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose every line carries the instance: `channel=sms-a`."""
    return structlog.stdlib.get_logger(f"fenghuo.{family}", **{family: name})


def _no_link() -> None:
    """A place without a disk: nothing is remembered."""


def _unheard(reason: str = "") -> None:
    """A place without a core: nobody hears it."""


def _alone(name: str, make: Callable[[Notes], Any]) -> Any:
    """A place without other instances."""
    return make(LoneNotes())


def _no_map(address: str) -> str:
    """A place without a map: nobody knows of a way that is none."""
    return ""


async def _unnoted(why_off: str, at: datetime | None) -> None:
    """A place without a store: no audit."""


class LoneNotes:
    """Notes of a channel without a node around it: they last as long as this."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def recall(self) -> Recalled:
        return Recalled(dict(self._values))

    async def keep(self, values: Mapping[str, str | None]) -> None:
        for name, value in values.items():
            self._values.pop(name, None)
            if value is not None:
                self._values[name] = value


class NoBlobs:
    """A place without a store: no octets are here."""

    async def read(self, attachment: Attachment, offset: int, octets: int) -> bytes:
        raise NotFound(f"attachment {attachment.digest} is not here")

    async def thumbnail(self, attachment: Attachment) -> Attachment | None:
        raise NotFound(f"attachment {attachment.digest} is not here")

    async def given_up(self, attachment: Attachment, to: str, reason: str) -> None:
        """Nobody here looks at messages."""


@dataclass(slots=True)
class HostedChannelContext:
    """A channel's context. `secrets` reads a secret file or credential; `on_health` and `on_strain` hear what the channel says of itself;
    `open_link` gives the node's memory of the narrow link when somebody asks for it, `notes` the channel's own, `blobs`
    its attachments, `open_shared` what it has in common with others, see ChannelContext."""

    name: str
    settings: msgspec.Struct
    clock: Clock
    secrets: Callable[[str], str]
    on_health: Callable[[bool, str], None]
    random: random.Random = field(default_factory=random.SystemRandom)
    open_link: Callable[[], Any] = _no_link
    notes: Notes = field(default_factory=LoneNotes)
    on_strain: Callable[[str], None] = _unheard
    on_reopened: Callable[[], None] = _unheard
    why_no_way: Callable[[str], str] = _no_map
    on_armed: Callable[[str, datetime | None], Awaitable[None]] = _unnoted
    open_signer: Callable[[str, str], Awaitable[Signer]] = no_signer
    blobs: Blobs = field(default_factory=NoBlobs)
    open_shared: Callable[[str, Callable[[Notes], Any]], Any] = _alone
    log: structlog.stdlib.BoundLogger = field(init=False)

    def __post_init__(self) -> None:
        self.log = plugin_log("channel", self.name)

    @property
    def link(self) -> Any:  # a fenghuo.link.Disk
        return self.open_link()

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        """What the instances that give this name have in common."""
        return self.open_shared(name, make)

    def secret(self, path: str) -> str:
        """The secret at `path`, without the final line break. Raises: ConfigError with a sentence when it cannot be had."""
        return self.secrets(path)

    def health(self, up: bool, reason: str) -> None:
        """Tell the core that the device or session came or went."""
        self.on_health(up, reason)

    async def signer(self, provider: str, key: str) -> Signer:
        """The private key of this name at a key provider. Raises: AuthFailed, NotReady."""
        return await self.open_signer(provider, key)

    async def armed(self, why_off: str, at: datetime | None) -> None:
        """Tell the core how the armed switch stands; a change is in the audit when this returns. Raises: StoreError."""
        await self.on_armed(why_off, at)

    def strained(self, reason: str) -> None:
        """Tell the core that it still carries and may not for long."""
        self.on_strain(reason)

    def reopened(self) -> None:
        """Tell the core that whom it could not reach for a while is reached again."""
        self.on_reopened()

    def no_way(self, address: str) -> str:
        """Why nobody gets to an address now; empty where somebody does."""
        return self.why_no_way(address)


@dataclass(slots=True)
class HostedSourceContext:
    """A source's context. `accept_into` is the intake behind the desk; it returns after the commit."""

    name: str
    settings: msgspec.Struct
    clock: Clock
    accept_into: Callable[[str, bytes, Hints], Awaitable[Accepted | Refused]]
    log: structlog.stdlib.BoundLogger = field(init=False)

    def __post_init__(self) -> None:
        self.log = plugin_log("source", self.name)

    async def accept(self, raw: bytes, hints: Hints) -> Accepted | Refused:
        """The one door in; what it returns is on the disk."""
        return await self.accept_into(self.name, raw, hints)


@dataclass(slots=True)
class HostedSensorContext:
    """A sensor's context. `on_observation` gets the instance's name and what it saw; it never blocks."""

    name: str
    settings: msgspec.Struct
    clock: Clock
    on_observation: Callable[[str, Observation], None]
    log: structlog.stdlib.BoundLogger = field(init=False)

    def __post_init__(self) -> None:
        self.log = plugin_log("sensor", self.name)

    def observe(self, observation: Observation) -> None:
        """Hand over what was seen."""
        self.on_observation(self.name, observation)


@dataclass(slots=True)
class HostedFrontContext:
    """A front's context: the desk for every command, the events for everything shown, the one web port; `open_shared`: what it has in
    common with the channels of its plugin."""

    name: str
    settings: msgspec.Struct
    clock: Clock
    desk: Desk
    events: EventStream
    web: Web
    open_shared: Callable[[str, Callable[[Notes], Any]], Any] = _alone
    log: structlog.stdlib.BoundLogger = field(init=False)

    def __post_init__(self) -> None:
        self.log = plugin_log("front", self.name)

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        """What the instances that give this name have in common."""
        return self.open_shared(name, make)
