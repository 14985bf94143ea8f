"""What a plugin is given: contexts, and what stands in them. All that it may use of the core besides the values.

Nothing here does I/O; the core fills these.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from fenghuo.clock import Clock
from fenghuo.model.attachment import Attachment
from fenghuo.model.command import Answer, Command
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.event import Event
from fenghuo.plugin.signing import Signer
from fenghuo.plugin.values import Actor, Hints, Observation

if TYPE_CHECKING:
    import structlog  # half of the start-up time of `fenghuo status`, for an annotation

__all__ = ["Blobs", "ChannelContext", "Desk", "EventStream", "FrontContext", "Notes", "Recalled", "SensorContext", "SourceContext", "Web"]


class EventStream(Protocol):
    """The one ordered stream. Reading never delays the engine."""

    @property
    def epoch(self) -> str:
        """Names this stream; a cursor of another epoch is worthless."""

    @property
    def head(self) -> int:
        """The seq of the newest committed event."""

    async def read(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` committed events with seq > `after`, in order."""

    async def wait(self, after: int) -> int:
        """Return the head as soon as it is > `after`."""


class Desk(Protocol):
    """Every command a person or program may give, checked and audited in one place."""

    async def do(self, actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        """Carry out `verb`. Raises: Denied, FormatError, NotFound, KeyConflict, StoreFull, Overloaded."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What the verb `state` shows."""

    async def command(self, actor: Actor, command: Command) -> Answer:
        """Carry out a command of a person or a program, once for its key, however often it is sent; the first answer again, for a day.
        What is refused is in the answer."""

    def actor(self, token: str, door: str, certificate: str = "") -> Actor:
        """Whoever owns this bearer token. `certificate`: SHA-256 of the client's, as TLS has proved it. Raises: NotAuthenticated."""

    def member(self, session: str, csrf: str, door: str, address: str = "") -> Actor:
        """The person behind a session; without the right `csrf` nonce one who only sees. `address`: where it is used, which ends it where
        that is not where it was opened. Raises: NotAuthenticated."""


class Web(Protocol):
    """The one web port."""

    def mount(self, path: str, app: Any) -> None:
        """Serve an ASGI application below `path`."""


class SourceContext(Protocol):
    """All that a source is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger

    async def accept(self, raw: bytes, hints: Hints) -> Accepted | Refused:
        """The one door in; returns after the commit. Raises: StoreFull, KeyConflict, Overloaded, NotAllowed."""


class SensorContext(Protocol):
    """All that a sensor is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger

    def observe(self, observation: Observation) -> None: ...


class Recalled(msgspec.Struct, frozen=True):
    """What a channel noted before it was started. `turned_back_at`: UTC seconds when the store last went back in time or to another
    machine (a restore, a repair, a copy), 0 if never: what was noted after what the notes say may be lost."""

    values: Mapping[str, str]
    turned_back_at: float = 0.0


class Notes(Protocol):
    """A few facts of one channel instance that outlive it, in the store: what it started, how far it has counted. Small texts by name."""

    async def recall(self) -> Recalled:
        """All of them. Raises: StoreError."""

    async def keep(self, values: Mapping[str, str | None]) -> None:
        """Put these, in one commit, and take away those that are None; they are on the disk when it returns. Raises: StoreError."""


class Blobs(Protocol):
    """The octets of attachments, to be read in ranges. Nothing can be changed through it; what could not be brought is told by it."""

    async def read(self, attachment: Attachment, offset: int, octets: int) -> bytes:
        """Up to `octets` of them from `offset` on, empty at the end. May be asked again after a restart, for as long as the message is in
        force. Raises: Withdrawn: it is not any more, leave the rest; NotReady: an operator has taken the channel out, ask later,
        or it may not carry this message, by its class of traffic or by the ways that its author names;
        NotFound, RowDamaged: they are not here, or not as they came; StoreError."""

    async def thumbnail(self, attachment: Attachment) -> Attachment | None:
        """A small copy of a picture (JPEG, at most 20 kB), to be read like any other; None: it is no picture that can be read, or is no
        larger itself. Raises: as read()."""

    async def given_up(self, attachment: Attachment, to: str, reason: str) -> None:
        """Tell the core that an attachment in force will never be brought to a far end, and why: it stands beside its message.
        Raises: StoreError."""


class ChannelContext(Protocol):
    """All that a channel is given. `settings`: its own struct, already checked; `link`: the durable memory of the narrow link,
    a `fenghuo.link.Disk` (plugin and link stand side by side, so that the port cannot name it); `notes`: its own durable memory;
    `blobs`: the octets of the attachments that came with an emission (`payload.attachments`)."""

    name: str
    settings: Any
    clock: Clock
    random: random.Random
    log: structlog.stdlib.BoundLogger

    @property
    def link(self) -> Any:  # a fenghuo.link.Disk
        """The node's memory of the narrow link."""

    @property
    def notes(self) -> Notes:
        """What this instance noted for itself."""

    @property
    def blobs(self) -> Blobs:
        """Where attachments are read."""

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        """What the instances of one plugin that give the same `name` have in common in this process: made by the first that asks, from
        notes that outlive it as an instance's own do."""

    def secret(self, path: str) -> str:
        """The content of a secret file, without the final line break; a relative path is relative to the settings file."""

    def health(self, up: bool, reason: str) -> None:
        """Tell the core at once that the device or session came or went; a local fault is DOWN without further ado."""

    async def signer(self, provider: str, key: str) -> Signer:
        """The private key of this name at a key provider that a plugin brings. Raises: AuthFailed: there is no such provider, or the key
        cannot be used; NotReady: its device is not there now."""

    async def armed(self, why_off: str, at: datetime | None) -> None:
        """Tell the core how the armed switch of something loud stands: why nothing may be started, empty when it may, and the instant in
        the settings. A change stands in the audit when this returns. Raises: StoreError."""

    def strained(self, reason: str) -> None:
        """Tell the core that it still carries and may not for long: SUSPECT, so that a way that is well goes first. Said again for as
        long as it is so; what goes through meanwhile speaks for it."""

    def reopened(self) -> None:
        """Tell the core that whom it could not reach for a while (scope WAY) is reached again: what waits for that goes at once, the most
        urgent first."""

    def no_way(self, address: str) -> str:
        """Why nobody gets to an address now by what the type needs (`road`, `water`, `air`), as a sentence; empty where somebody does, and
        where no map says anything. Asked before begin(), and answered as scope WAY; the core says by itself when it is over."""


class FrontContext(Protocol):
    """All that a front is given."""

    name: str
    settings: Any
    clock: Clock
    log: structlog.stdlib.BoundLogger
    desk: Desk
    events: EventStream
    web: Web

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        """What it has in common with the channels of its plugin that give the same `name`, as ChannelContext.shared() has it."""
