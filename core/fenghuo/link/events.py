"""What a station tells its owner, as plain values."""

from __future__ import annotations

import msgspec

from fenghuo.link.frame import FrameKind
from fenghuo.link.ledger import Aired
from fenghuo.link.parcels import Ending, Incoming, Key, Outgoing
from fenghuo.link.receipts import Tally
from fenghuo.link.seal import Cause, Kept
from fenghuo.model.traffic import Traffic

__all__ = [
    "Apart",
    "Changes",
    "Delivered",
    "Event",
    "Finished",
    "Frame",
    "Hostile",
    "Measured",
    "NotTaken",
    "Reached",
    "Tallied",
    "Unreached",
]


class Delivered(msgspec.Struct, frozen=True):
    """A whole message, genuine and in time. Take it over for good, then call taken(): only then is the sender told. `is_shared`: under the
    key of a group, so that any member of it can have made it in the name of `source`; `is_command`: it may start a device, now."""

    source: int
    destination: int
    transfer: int
    lane: str
    kind: FrameKind
    traffic: Traffic
    body: bytes
    is_shared: bool = False
    is_command: bool = False

    @property
    def key(self) -> Key:
        """Which transfer it came in."""
        return Key(self.source, self.destination, self.transfer, self.lane)


class Reached(msgspec.Struct, frozen=True):
    """A device holds all of `ref` on its disk: evidence DEVICE."""

    ref: str
    member: int


class Unreached(msgspec.Struct, frozen=True):
    """A device did not answer the last poll for `ref`; a person must."""

    ref: str
    member: int


class Finished(msgspec.Struct, frozen=True):
    """Nothing more goes out for `ref`."""

    ref: str
    ending: Ending


class Tallied(msgspec.Struct, frozen=True):
    """The head of a group says whom it reached with what we sent it; `tally.transfer`: the number that open() gave."""

    source: int
    tally: Tally


class Measured(msgspec.Struct, frozen=True):
    """Telemetry: not acknowledged, not repeated."""

    source: int
    traffic: Traffic
    body: bytes


class NotTaken(msgspec.Struct, frozen=True):
    """A frame that was not opened, or held nothing that makes sense; counted, and shown where it is no noise."""

    cause: Cause
    source: int | None = None


class Hostile(msgspec.Struct, frozen=True):
    """Too many bad frames in a minute under this key (`active`), or ten minutes without one."""

    key_id: int
    source: int
    active: bool


class Apart(msgspec.Struct, frozen=True):
    """A post proved to be live, and its clock is `ahead_s` ahead of ours (negative: behind): what one dates the other may take for over.
    Told once, until they agree again."""

    source: int
    ahead_s: float


Event = Delivered | Reached | Unreached | Finished | Tallied | Measured | NotTaken | Hostile | Apart


class Frame(msgspec.Struct, frozen=True):
    """A sealed frame for the bearer, to `destination`. `ref`: whose; empty for receipts, polls of nobody's, and control. `is_slotted`:
    nobody else sends now, so that a modem need not leave to chance when it takes the channel; `is_chained`: it goes under the keying of the
    frame before, which is still on the air."""

    octets: bytes
    destination: int
    airtime_s: float
    ref: str = ""
    is_receipt: bool = False
    is_slotted: bool = False
    is_chained: bool = False


class Changes(msgspec.Struct, frozen=True):
    """What must be on the disk before the next frame leaves. `gone_*`: keys that are no longer needed; `aired`: the medium's account."""

    windows: tuple[Kept, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    gone_out: tuple[tuple[int, int], ...] = ()
    gone_in: tuple[Key, ...] = ()
    aired: Aired | None = None

    def __bool__(self) -> bool:
        return any((self.windows, self.outgoing, self.incoming, self.gone_out, self.gone_in, self.aired))
