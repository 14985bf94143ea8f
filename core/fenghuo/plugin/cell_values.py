"""The values that pass between the core and a channel in a process of its own, where the port's own would carry code along."""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Token
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic

__all__ = ["Job", "Licence", "Made"]


class Made(msgspec.Struct, frozen=True):
    """What a channel is made of: its type, its name, its own settings as msgpack, the secrets that they name, octets of memory."""

    type: str
    name: str
    settings: bytes
    secrets: dict[str, str]
    memory: int


class Job(msgspec.Struct, frozen=True):
    """A SendJob or SendPage without its licence. `number`: by which the licence is asked for; `within_s`: seconds until its deadline."""

    number: int
    address: str
    address_kind: str
    priority: Priority
    traffic: Traffic
    size: int
    within_s: float
    is_last: bool = False
    addresses: tuple[str, ...] = ()
    page: int = 0
    pages: int = 0


class Licence(msgspec.Struct, frozen=True):
    """What begin() gives: see Emission."""

    token: Token
    n: int
    payload: Rendition
    validity_s: float
    number: int
