"""The values that pass between the core and a plugin's own process, where the port's own would carry code along."""

from __future__ import annotations

import msgspec

from fenghuo.model.delivery import Token
from fenghuo.model.rendition import Rendition
from fenghuo.model.traffic import Priority, Traffic

__all__ = ["Family", "Job", "Licence", "Made", "Terms"]

MIB = 1 << 20


class Family:
    """What an instance is, as the line names it."""

    CHANNEL, SOURCE, SENSOR = "channel", "source", "sensor"


class Terms(msgspec.Struct, frozen=True):
    """What such a process may use. `memory`: octets of address space; `descriptors`: open files and sockets; `cpu_share`: of one processor,
    over ten seconds; `unit`: the socket at which a unit of its own waits for it, "" where the core starts the process itself."""

    memory: int = 512 * MIB
    descriptors: int = 256
    cpu_share: float = 1.0
    unit: str = ""


class Made(msgspec.Struct, frozen=True):
    """What an instance is made of: its plugin's module, its family and type, its name, its own settings as msgpack, the secrets that they
    name, its limits."""

    module: str
    family: str
    type: str
    name: str
    settings: bytes
    secrets: dict[str, str]
    terms: Terms


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
