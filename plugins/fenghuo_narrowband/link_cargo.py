"""Jobs of the core as parcels of the link: several to one group become one call, and each gets the outcome of its own member."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fenghuo import Emission, Estimate, Evidence, FrameError, Outcome, Permanent, Reached, Scope, SendJob, Transient, Withdrawn
from fenghuo.link import Ending, Finished, Parcel, Unreached
from fenghuo.link import Reached as Held
from fenghuo.link.naming import kind_for, name_of, receipt_ref

__all__ = ["Cargo", "Passenger", "Shipment"]

# An endpoint that stayed silent is tried again after this: by then whoever restarts has restarted.
SILENT_RETRY_S = 30.0


@dataclass(eq=False)
class Passenger:
    """One job under its licence, to `call` by the post with this node code, which may be another's. `level`: what the receipt of the
    post is worth; `name`: what both ends call the message; `is_plain`: its octets need no dictionary; `aired_s`, `frames`: its share of
    what was keyed for it and others."""

    code: int
    call: str
    job: SendJob
    emission: Emission
    level: Evidence
    body: bytes
    name: str
    ends_at: float
    is_plain: bool = False
    aired_s: float = 0.0
    frames: int = 0
    outcome: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def kin(self) -> tuple[bytes, int, str]:
        """Passengers that may travel together: the same octets, as urgent, of the same traffic."""
        return (self.body, int(self.job.priority), str(self.job.traffic))

    async def is_wanted(self) -> bool:
        """Whether the core still wants it sent; more urgent traffic of the medium passes meanwhile."""
        try:
            await self.emission.turn()
        except Withdrawn as withdrawn:
            if not self.outcome.done():
                self.outcome.set_exception(withdrawn)
            return False
        return True

    def end(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def pay(self, seconds: float) -> None:
        """A frame was keyed that it was aboard of, so many seconds of it on its account."""
        self.aired_s, self.frames = self.aired_s + seconds, self.frames + 1
        self.emission.book(Estimate(airtime_s=self.aired_s, fragments=self.frames))

    def reached(self) -> None:
        self.end(Reached(self.level, (receipt_ref(self.call, self.name),)))


@dataclass(eq=False)
class Shipment:
    """One parcel and whoever waits for it, by callsign."""

    parcel: Parcel
    aboard: dict[str, Passenger] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return self.parcel.ref


class Cargo:
    """All shipments by the parcel's `ref`. `groups`: code of a group → its members' codes; `commanded`: codes of posts whose orders are
    commands. Opens nothing itself."""

    def __init__(self, groups: Mapping[int, Sequence[int]], commanded: Container[int] = ()) -> None:
        self._commanded = commanded
        self._groups = dict(sorted(groups.items(), key=lambda item: -len(item[1])))
        self._under_way: dict[str, Shipment] = {}

    def __iter__(self) -> Iterator[Shipment]:
        return iter(tuple(self._under_way.values()))

    def get(self, ref: str) -> Shipment | None:
        return self._under_way.get(ref)

    def may_be_called_with_others(self, code: int) -> bool:
        return any(code in members for members in self._groups.values())

    def refs_for(self, passenger: Passenger) -> Iterator[str]:
        """Under which names a parcel with this for this post can be under way already: of a group first."""
        for group, members in self._groups.items():
            if passenger.code in members:
                yield _ref(group, passenger)
        yield _ref(passenger.code, passenger)

    def load(self, passengers: Iterable[Passenger]) -> list[Shipment]:
        """Passengers of one kin as few shipments as serve them: whole groups by one call each, the rest one by one."""
        left: dict[int, list[Passenger]] = {}
        for passenger in passengers:
            left.setdefault(passenger.code, []).append(passenger)
        made: list[Shipment] = []
        for group, members in self._groups.items():
            if len(members) > 1 and left.keys() >= set(members):
                made.append(self._ship(group, [each for member in members for each in left.pop(member)]))
        made += [self._ship(code, of_one) for code, of_one in left.items()]
        return made

    def join(self, ref: str, parcel: Parcel, passenger: Passenger) -> Shipment:
        """Board what is under way already."""
        shipment = self._under_way.setdefault(ref, Shipment(parcel))
        shipment.aboard[passenger.call] = passenger
        return shipment

    def waiting(self, code: int, name: str) -> list[Passenger]:
        """Who is under way to this post, or to somebody behind it, with the message of this name."""
        aboard = {passenger: None for shipment in self for passenger in shipment.aboard.values()}
        return [passenger for passenger in aboard if (passenger.code, passenger.name) == (code, name) and not passenger.outcome.done()]

    def leave(self, passenger: Passenger) -> list[str]:
        """A passenger waits no longer; the refs that nobody waits for any more."""
        empty = []
        for shipment in self:
            if shipment.aboard.get(passenger.call) is passenger:
                del shipment.aboard[passenger.call]
                if not shipment.aboard:
                    empty.append(shipment.ref)
        return empty

    def aired(self, ref: str, seconds: float) -> None:
        """A frame of this shipment was keyed, again or as a question too: whoever is aboard shares it."""
        shipment = self._under_way.get(ref)
        aboard = tuple(shipment.aboard.values()) if shipment is not None else ()
        for passenger in aboard:
            passenger.pay(seconds / len(aboard))

    async def turn(self) -> list[str]:
        """Let every emission that is aboard see whether it is still wanted; the refs that nobody wants any more."""
        unwanted: list[str] = []
        for shipment in self:
            for passenger in tuple(shipment.aboard.values()):
                if not await passenger.is_wanted():
                    unwanted += self.leave(passenger)
        return unwanted

    def told(self, event: Held | Unreached | Finished) -> None:
        """What the station says of a shipment."""
        shipment = self._under_way.get(event.ref)
        if shipment is None:
            return
        if isinstance(event, Finished):
            self._finished(shipment, event.ending)
            return
        for passenger in [each for each in shipment.aboard.values() if each.code == event.member]:
            if isinstance(event, Held):
                passenger.reached()
            else:
                passenger.end(_ended(Ending.SILENT))

    def _finished(self, shipment: Shipment, ending: Ending) -> None:
        del self._under_way[shipment.ref]
        for passenger in shipment.aboard.values():
            passenger.end(_ended(ending))

    def drop(self, ref: str, outcome: Outcome) -> None:
        """It goes no further: everybody aboard hears why."""
        shipment = self._under_way.pop(ref, None)
        for passenger in shipment.aboard.values() if shipment else ():
            passenger.end(outcome)

    def _ship(self, destination: int, passengers: Sequence[Passenger]) -> Shipment:
        first = passengers[0]
        parcel = Parcel(
            destination,
            kind_for(first.body, is_commanded=destination in self._commanded),
            first.job.traffic,
            first.job.priority,
            first.body,
            max(passenger.ends_at for passenger in passengers),
            _ref(destination, first),
        )
        shipment = Shipment(parcel, {passenger.call: passenger for passenger in passengers})
        self._under_way[shipment.ref] = shipment
        return shipment


def name_or_refusal(body: bytes) -> str | Permanent:
    """What both ends will call the message in these octets, or why they cannot go."""
    try:
        return name_of(body)
    except FrameError as fault:
        return Permanent(Scope.MESSAGE, fault.code or "no-frame")


def _ref(destination: int, passenger: Passenger) -> str:
    """The same for the same octets to the same post, also after a crash, so that a transfer is taken up and not begun again."""
    digest = hashlib.sha256(passenger.body + str(passenger.job.traffic).encode()).hexdigest()[:16]
    return f"{destination}/{passenger.job.priority:d}/{digest}"


def _ended(ending: Ending) -> Outcome:
    match ending:
        case Ending.EXPIRED:
            return Permanent(Scope.MESSAGE, "expired")
        case Ending.SILENT:
            return Transient(Scope.RECIPIENT, "silent", SILENT_RETRY_S)
        case _:
            return Transient(Scope.RECIPIENT, ending.value)
