"""What a plugin brings to be examined: a far end for its channel, and what the conformance kit may ask of that far end.

Nothing here runs in service; `fenghuo.rig.kit` calls it. See docs/reference/conformance.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from types import MappingProxyType

import msgspec

from fenghuo.model.evidence import Evidence
from fenghuo.plugin.carrying import Carrying
from fenghuo.plugin.grading import PeerStanding

__all__ = ["FAR_END", "RECORDS", "Ability", "Arrival", "ConformanceFixture", "ConformancePeer", "Meter", "PeerStanding", "Word"]

FAR_END = "far end"
"""How the names of a far end's own tasks begin: they are none that a channel leaves behind."""
RECORDS = "conformance"
"""Name of the folder in a node's state folder where the kit's records lie, unless its settings name another."""


class Word(StrEnum):
    """What a far end is told to say about an emission: its receipt, that it failed, a receipt under an id it never gave, one whose id is
    garbage, or a message of its own to whoever sent it."""

    REPORT = "report"
    FAILED = "failed"
    UNKNOWN = "unknown"
    MANGLED = "mangled"
    MESSAGE = "message"


class Ability(StrEnum):
    """What a far end can do for an examination: say each kind of word, and hear a person's receipt of its message; report before it
    answers; be deaf for a while; say what an emission cost on the air; wait for the acknowledgement of each word, and say again what
    has none when the channel is back; hold what it took for a while before it goes further; refuse a fragment in the middle of a text."""

    REPORT = "report"
    FAILED = "failed"
    UNKNOWN = "unknown"
    MANGLED = "mangled"
    HASTY = "hasty"
    DEAF = "deaf"
    AIRTIME = "airtime"
    MESSAGE = "message"
    ACKS = "acks"
    HOLD = "hold"
    REFUSE = "refuse"


class Arrival(msgspec.Struct, frozen=True):
    """One emission, or one fragment of it, as the far end has it. `address`: as the core writes it; `text`: for people, without what
    the fragments add; `part` of `parts`, from 1; `token`: the idempotency key, empty where the protocol carries none; `ref`: the id
    the far end gave it, empty if it gives none; `airtime_s`: seconds it took on the medium, 0 where there is none."""

    address: str
    text: str
    part: int = 1
    parts: int = 1
    token: str = ""
    ref: str = ""
    airtime_s: float = 0.0


class Meter(msgspec.Struct, frozen=True):
    """What a far end has measured of everything that reached it: seconds on its medium, octets, and fen by its tariff; None: it cannot."""

    airtime_s: float | None = None
    octets: int | None = None
    fee_fen: float | None = None

    def since(self, before: Meter) -> Meter:
        """What came after `before`."""
        return Meter(
            None if self.airtime_s is None else self.airtime_s - (before.airtime_s or 0.0),
            None if self.octets is None else self.octets - (before.octets or 0),
            None if self.fee_fen is None else self.fee_fen - (before.fee_fen or 0.0),
        )


class ConformancePeer:
    """A far end that listens on a TCP port of loopback. The kit puts a line of its own before it, which it can break.

    `version`: for the table; `port`: where it listens; `arrivals`: whatever reached it, oldest first, only ever added to; `abilities`:
    what else it can do; `secrets`: what ctx.secret() is to answer, by path - none of it may ever be shown; `shared`: what ctx.shared() is
    to answer, by name, where the far end is another instance of the plugin; `bad_address`: one that the
    channel or the far end refuses for the recipient's sake, empty if there is none; `reports`: the evidence of its Word.REPORT, above
    whatever send() itself can show; `acknowledged`: how many of its words were; `receipts`: what came back of its own messages;
    `is_shared`: only one can speak at a time on its medium, also where the channel sees to that by itself and does not declare it;
    `is_local`: a screen or a printer of this machine: there is no line to it that could break, and everybody is told there, so that
    the kit writes into each text whom it is for; `is_wordless`: it is told to sound and no words, so that none are looked for;
    `now`: UTC seconds by the clock of what is examined, set before anything is asked.
    `guests`: how many channels it serves at one time; so many checks share a real one side by side, for they mostly wait.
    It says nothing by itself but the answers that its protocol demands.
    """

    version: str = "simulated"
    port: int = 0
    abilities: frozenset[Ability] = frozenset()
    secrets: Mapping[str, str] = MappingProxyType({})
    shared: Mapping[str, object] = MappingProxyType({})
    bad_address: str = ""
    guests: int = 6
    is_shared: bool = False
    is_local: bool = False
    is_wordless: bool = False
    reports: Evidence = Evidence.DEVICE

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.receipts: list[str] = []
        self.acknowledged = 0
        self.now: Callable[[], float] = time.time

    def settings(self, port: int) -> msgspec.Struct:
        """Settings of a channel that reaches it through `port`, with waits as short as the protocol bears."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is reached")

    def address(self, number: int) -> str:
        """The address of recipient `number`, from 0; all different. Asked for right after settings(), on whose port it may depend."""
        raise NotImplementedError(f"{type(self).__name__} must have recipients")

    def meter(self, heard: int) -> Meter:
        """What has reached it so far, as it has measured that itself; only what is never less later. `heard`: octets that its line has
        carried to it."""
        return Meter()

    def spent(self, before: Meter, after: Meter) -> Meter:
        """What one message took between two readings."""
        return after.since(before)

    async def say(self, word: Word, about: Arrival) -> None:
        """Say this about an emission, to whoever is connected."""
        raise NotImplementedError(f"{type(self).__name__} cannot say {word}")

    async def be_hasty(self, *, on: bool) -> None:
        """Report each emission before it is answered for, or no longer."""
        raise NotImplementedError(f"{type(self).__name__} cannot be hasty")

    async def be_holding(self, *, on: bool) -> None:
        """Keep what is taken from now on and let it go no further, or let all of it go."""
        raise NotImplementedError(f"{type(self).__name__} cannot hold anything")

    async def be_refusing(self, *, after: int) -> None:
        """Take so many of the next fragments, refuse the one that follows for the moment, and take again."""
        raise NotImplementedError(f"{type(self).__name__} cannot refuse a fragment")

    async def be_deaf(self, *, on: bool) -> None:
        """Lose whatever is sent on the medium, as in a collision, or hear again."""
        raise NotImplementedError(f"{type(self).__name__} cannot be deaf")


class ConformanceFixture(msgspec.Struct, frozen=True):
    """How the kit starts a far end for a kind of channel. `channel`: the ChannelType's id; `peer`: its name in the table.

    `is_simulated`: it is made of asyncio alone, so that it runs on virtual time; else the examination takes real time. `standing`: what
    it is: an implementation independent of ours ("real peer"), ours with octets compared with published ones ("vector-tested"), or ours.
    `carrying`: how the type carries attachments, for scenarios.
    """

    channel: str
    peer: str
    open: Callable[[], AbstractAsyncContextManager[ConformancePeer]]
    is_simulated: bool = False
    standing: PeerStanding = PeerStanding.OWN
    carrying: Carrying | None = None
