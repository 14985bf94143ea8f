"""What can happen, and the queue it waits in. Everyone puts facts; only the loop takes them.

Built by the daemon and handed to loop, dispatcher, receipts and intake alike, so that none of them calls another.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

import msgspec

from fenghuo.engine.health import Sign
from fenghuo.engine.inherit import Heir
from fenghuo.engine.modes import Change
from fenghuo.model.audit import By
from fenghuo.model.delivery import Outcome, Receipt
from fenghuo.model.directory import RecipientId
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message, MessageId, MessageState

__all__ = [
    "ALARM_DECLINED",
    "ALARM_TO_READ",
    "WITHDRAWN",
    "ChannelObserved",
    "ChannelReopened",
    "ChannelSwitched",
    "Decided",
    "Denial",
    "DirectoryChanged",
    "Fact",
    "Facts",
    "FanOutCounted",
    "MessageAccepted",
    "MessageEnded",
    "ModesChanged",
    "Overdue",
    "Receipted",
    "RulesChanged",
    "Settled",
    "Signed",
    "WaysChanged",
    "Widened",
]

ALARM_DECLINED, ALARM_TO_READ = "alarm.declined", "alarm.answer_to_read"
WITHDRAWN = "withdrawn"
"""Cause of an Unknown: the delivery was cancelled while it was being sent, which says nothing of the channel."""


class MessageAccepted(msgspec.Struct, frozen=True):
    """A message is on the disk and waits for its plan. `signatures`: who signed with the submission; `heirs`: who got what it replaces;
    `least`: signatures that a verdict asks for, whatever the rules say; `told`: not None, it was here before, these were told it, and the
    heirs are those of an event that turned out to be the same; `again`: and heard that after it."""

    message: Message
    state: MessageState
    signatures: tuple[str, ...] = ()
    heirs: tuple[Heir, ...] = ()
    least: int = 0
    told: frozenset[RecipientId] | None = None
    again: bool = False


class MessageEnded(msgspec.Struct, frozen=True):
    """A revision is over: superseded, cancelled or expired; already committed by whoever says so, expiry excepted."""

    id: MessageId
    revision: int
    state: MessageState


class Signed(msgspec.Struct, frozen=True):
    """One more person signed; already committed. `released`: that was enough; `heirs`: who got what this revision replaces."""

    id: MessageId
    revision: int
    actor: str
    released: bool
    heirs: tuple[Heir, ...] = ()


class Widened(msgspec.Struct, frozen=True):
    """A message would go beyond what was signed: by a `channel` as it is now, or to a `person` who was not foreseen; or its channels are to
    be looked at. `answer`: done when it is on the disk."""

    id: MessageId
    revision: int
    channel: str = ""
    person: str = ""
    answer: asyncio.Future[None] | None = None


class Settled(msgspec.Struct, frozen=True):
    """The outcome of attempt `n` of a delivery. `begun`: whether a licence had been given out. `at`: UTC seconds; `began_at`: when
    the licence was given, where that is known."""

    delivery: int
    n: int
    outcome: Outcome
    at: float
    begun: bool
    began_at: float = math.inf


class Denial(msgspec.Struct, frozen=True):
    """begin() refused: nothing left, and the store knows better than the book."""

    delivery: int
    reason: str


class Receipted(msgspec.Struct, frozen=True):
    """Raw evidence matched to a delivery; the raw row `inbox` is already committed. `tells`: the alarm that a person's words are
    worth; `is_seen`: what it shows of its channel was told when it came; `of_part`: what it says of one part, while others are missing."""

    delivery: int
    channel: str
    level: Evidence | None
    failure: Outcome | None
    at: float
    ref: str = ""
    text: str = ""
    inbox: int = 0
    tells: str = ""
    is_seen: bool = False
    of_part: Evidence | None = None

    @property
    def is_declined(self) -> bool:
        """A person says that it is not or cannot be done."""
        return self.tells == ALARM_DECLINED

    def row(self) -> Receipt:
        """As it is kept, not numbered yet."""
        level = self.level if self.level is not None else Evidence.STORED
        return Receipt(0, self.delivery, self.channel, level, self.at, self.ref, self.text, self.inbox)


class FanOutCounted(msgspec.Struct, frozen=True):
    """How far a fan-out has come, as its pages on the disk say: `total` people, of whom `met` have what is needed and `ended` will not."""

    objective: int
    met: int
    ended: int
    total: int
    evidence: Evidence


class ChannelObserved(msgspec.Struct, frozen=True):
    """One sign of a channel's health. `began_at`: UTC seconds, when the emission began that this is about."""

    channel: str
    sign: Sign
    reason: str = ""
    recipient: str = ""
    began_at: float = math.inf


class ChannelSwitched(msgspec.Struct, frozen=True):
    """An operator enabled or disabled a channel; already committed."""

    channel: str


class ChannelReopened(msgspec.Struct, frozen=True):
    """A channel says that it reaches again whom it could not reach for a while."""

    channel: str


class WaysChanged(msgspec.Struct, frozen=True):
    """These channels, which travel, reach others than before: roads, or who lives where."""

    channels: tuple[str, ...]


class DirectoryChanged(msgspec.Struct, frozen=True):
    """A new directory snapshot is in force."""


class RulesChanged(msgspec.Struct, frozen=True):
    """New rules are in force; open objectives keep the ladder they have."""


class ModesChanged(msgspec.Struct, frozen=True):
    """Modes hold from now on that did not. `kept`: what must outlive the process, for the same commit; `by`: who declared or ended one,
    and `reason` why; `answer`: whoever waits until it is on the disk."""

    changes: tuple[Change, ...]
    kept: str
    by: By | None = None
    answer: asyncio.Future[None] | None = None
    reason: str = ""


class Overdue(msgspec.Struct, frozen=True):
    """The auditor found that something due at `since` (UTC seconds) did not run. `what`: a state, or timer, deadline, expiry, plan,
    release, end, fan-out; `is_told`: a person was told already."""

    what: str
    subject: str
    since: float
    objective: int = 0
    recipient: str = ""
    delivery: int = 0
    is_told: bool = False


class Decided(msgspec.Struct, frozen=True):
    """A person's decision: `what` is resolve, shed, waive or escalate (`ruling`: the recipient, "" of all), `number` that of a delivery or
    objective; or release, of the message `ruling`. `answer`: whoever waits until it
    is on the disk, or hears why it cannot be."""

    what: str
    number: int
    by: By
    answer: asyncio.Future[None]
    reason: str = ""
    ruling: str = ""


Fact = (
    MessageAccepted
    | MessageEnded
    | Signed
    | Settled
    | Denial
    | Receipted
    | ChannelObserved
    | ChannelSwitched
    | ChannelReopened
    | WaysChanged
    | DirectoryChanged
    | RulesChanged
    | ModesChanged
    | Decided
    | Overdue
    | FanOutCounted
    | Widened
)


class Facts:
    """An unbounded queue with one reader. Putting never waits; taking drains all that is there."""

    def __init__(self) -> None:
        self._waiting: list[Fact] = []
        self._signal = asyncio.Event()

    def put(self, fact: Fact) -> None:
        self._waiting.append(fact)
        self._signal.set()

    def put_all(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.put(fact)

    def wake(self) -> None:
        """Let the reader look at its timers although no fact has come."""
        self._signal.set()

    def drain(self) -> list[Fact]:
        """All facts that wait, oldest first; empties the queue."""
        taken, self._waiting = self._waiting, []
        self._signal.clear()
        return taken

    async def arrival(self) -> None:
        """Return as soon as there is something to drain, or wake() was called."""
        await self._signal.wait()

    def __len__(self) -> int:
        return len(self._waiting)
