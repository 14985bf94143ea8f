"""How a type of channel carries attachments, for a simulation: its own code over a way that the rig makes. Nothing here runs in service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from fenghuo.plugin.given import ChannelContext
from fenghuo.plugin.ports import Emission, SendJob

__all__ = ["Air", "Brought", "Carrier", "Carrying", "CarryingTerms"]


class CarryingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario says of a way that carries attachments. `share`: whoever has the same brings them to one server, and one goes on
    where another stopped; `kbit_s`: how fast, headers included, 0 for no limit; `mb_a_day`: megabytes of them in a day, 0 for no limit."""

    share: str = ""
    kbit_s: float = 0.0
    mb_a_day: float = 0.0


class Brought(msgspec.Struct, frozen=True):
    """Octets `offset` to `offset` + `octets` of one attachment of `size` are at the server. `is_small`: of the small copy of a picture."""

    message: str
    is_small: bool
    offset: int
    octets: int
    size: int


class Air(Protocol):
    """The way to the server, and what the server keeps."""

    async def reach(self) -> None:
        """A connection. Hangs where nobody answers. Raises: LinkBroken."""

    async def cross(self, octets: int) -> None:
        """So many octets go there. Hangs where they are lost. Raises: LinkBroken."""

    def kept(self, make: Callable[[], Any]) -> Any:
        """What the server keeps, made once for all ways that lead to it, and outliving every one of them."""

    def brought(self, what: Brought) -> None:
        """The server has taken this."""


class Carrier(Protocol):
    """What carries them beside the texts of one channel, from start() to stop()."""

    async def start(self) -> None:
        """Take up what an earlier process left. Raises: StoreError."""

    async def stop(self) -> None:
        """Idempotent."""

    def text(self) -> AbstractContextManager[None]:
        """A text is under way: nothing else begins."""

    async def take(self, job: SendJob, emission: Emission) -> None:
        """What goes after the text of an emission that has reached its far end. On the disk when it returns. Raises: StoreError."""

    def crossed(self) -> None:
        """Something has come through."""

    def lost(self) -> None:
        """The way has gone."""


class Carrying(msgspec.Struct, frozen=True):
    """`settings`: of a channel of this type on such a way; `make`: what carries, of a context with these settings."""

    settings: Callable[[CarryingTerms], msgspec.Struct]
    make: Callable[[ChannelContext, Air], Carrier]
