"""What is open, in memory: messages, objectives, targets, deliveries. Written by the loop, except for `licence`.

The store is the truth; the book runs ahead of it by the jobs that the writer has not committed yet, and nothing leaves the
house before they are. Closed targets leave the book; a message with nothing open rests: of it the book keeps the short number,
which nobody else may have while it is in force, and everything else about it is asked of the store.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec

from fenghuo.engine.admission import Load
from fenghuo.engine.envelope import Envelope
from fenghuo.engine.last_attempt import OVERRIDES
from fenghuo.engine.rules import Escalation, Rung
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, Target, TargetState
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.message import Message, MessageId, MessageState

__all__ = ["Book", "OpenMessage", "OpenObjective", "OpenTarget"]

Revision = tuple[MessageId, int]


class OpenMessage:
    """A revision with its state, who signed it and until when that counts (UTC seconds), and how many signatures its objectives ask for.
    `had`: over which channels somebody got, or may have got, an earlier revision; `bound`: what a signature covers, None where none is
    asked for; `widened`: what of it was wider than what had been signed; `barred`: channels that it cannot end it on, of which somebody
    was told."""

    def __init__(self, message: Message, state: MessageState) -> None:
        self.message = message
        self.state = state
        self.signed: dict[str, float] = {}
        self.needed_signatures = 0
        self.envelope = ""
        self.bound: Envelope | None = None
        self.widened: tuple[str, ...] = ()
        self.objectives: list[int] = []
        self.is_planned = False
        self.told: set[RecipientId] = set()
        self.had: dict[RecipientId, frozenset[str]] = {}
        self.barred: set[str] = set()

    @property
    def is_released(self) -> bool:
        """A HELD message is planned and goes nowhere."""
        return self.state is not MessageState.HELD

    @property
    def may_start(self) -> bool:
        """Whether a device may start because of it: its source may say so, or it goes nowhere before people here have signed it."""
        return self.message.may_start or self.needed_signatures > 0


class Parts(msgspec.Struct):
    """The parts of one attempt by their names, and those whose receipt has not come. `total`: how many there are: of what broke off in
    the middle more than have names."""

    refs: frozenset[str]
    left: set[str]
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether every part is confirmed."""
        return not self.left and len(self.refs) == self.total


class OpenTarget:
    """A target with its deliveries by id."""

    def __init__(self, target: Target, objective: OpenObjective) -> None:
        self.target = target
        self.objective = objective
        self.deliveries: dict[int, Delivery] = {}
        self.refs: list[tuple[str, str]] = []
        self.unoffered: set[int] = set()  # READY, and the dispatcher does not know it yet
        self.lingers = False  # met, and owed on other channels still
        self.is_counted = False  # in the figures of its objective

    @property
    def is_finished(self) -> bool:
        """Closed, and nothing of it is on the air any more, or owed."""
        busy = self.lingers or any(delivery.state is DeliveryState.EMITTING for delivery in self.deliveries.values())
        return self.target.state is not TargetState.OPEN and not busy


class OpenObjective:
    """An objective with the rungs it was planned on and its open targets by recipient. `asked`: everyone it ever had as a target, or is
    going to have; `snapshot`: the directory that it was opened from; `loads`: of one more, when they were last asked for."""

    def __init__(self, objective: Objective, message: OpenMessage, rungs: tuple[Rung, ...], escalate: tuple[Escalation, ...]) -> None:
        self.objective = objective
        self.message = message
        self.rungs = rungs
        self.escalate = escalate
        self.targets: dict[RecipientId, OpenTarget] = {}
        self.asked: set[RecipientId] = set()
        self.closing = False
        self.snapshot: Directory | None = None
        self.cut_off: set[RecipientId] = set()
        self.loads: Mapping[str, Load] = {}
        self.loads_at = -math.inf
        self.is_way_missing = False  # and somebody was told so
        self.is_device_barred = False  # likewise


class Book:
    """All that is open."""

    def __init__(self) -> None:
        self.messages: dict[Revision, OpenMessage] = {}
        self.numbers: Counter[int] = Counter()
        self.resting: dict[Revision, int] = {}  # in force, with nothing open: their short numbers
        self.objectives: dict[int, OpenObjective] = {}
        self.by_delivery: dict[int, OpenTarget] = {}
        self.by_recipient: dict[RecipientId, dict[int, OpenTarget]] = {}
        self.refs: dict[tuple[str, str], int] = {}
        self.parts: dict[int, dict[int, Parts]] = {}  # by delivery and attempt
        self.shared: set[tuple[str, str]] = set()  # names that two emissions have: a receipt under one is nobody's
        self.doubts: dict[int, Delivery] = {}
        self.nameless: dict[tuple[str, str], dict[int, None]] = {}  # by channel and address: whatever was in doubt, resolved or not
        self.withdrawn: set[int] = set()
        self.on_air: set[int] = set()  # licensed, and without an outcome
        self.on_named: Callable[[str, str, int], None] = _nobody_waits
        self.on_landed: Callable[[int], None] = _nothing_waits
        self.next_objective = 1
        self.next_delivery = 1

    # Looking.

    def delivery(self, key: int) -> Delivery | None:
        holder = self.by_delivery.get(key)
        return holder.deliveries.get(key) if holder else None

    def deliveries(self) -> Iterator[Delivery]:
        """Every delivery in the book."""
        for key, holder in self.by_delivery.items():
            yield holder.deliveries[key]

    def targets(self) -> Iterator[OpenTarget]:
        for objective in self.objectives.values():
            yield from objective.targets.values()

    def find_message(self, ident: str) -> OpenMessage | None:
        """The newest revision of an id that waits for a signature; the newest open one where none does."""
        found = [(entry.state is MessageState.HELD, key) for key, entry in self.messages.items() if key[0] == ident]
        return self.messages[max(found)[1]] if found else None

    def of_message(self, key: Revision) -> Iterator[OpenTarget]:
        entry = self.messages.get(key)
        for number in entry.objectives if entry else ():
            if number in self.objectives:
                yield from self.objectives[number].targets.values()

    # Changing: the loop's part.

    def add_message(self, entry: OpenMessage) -> None:
        self.messages[(entry.message.id, entry.message.revision)] = entry
        self.numbers[entry.message.number] += 1

    def add_objective(self, entry: OpenObjective) -> None:
        self.objectives[entry.objective.id] = entry
        entry.message.objectives.append(entry.objective.id)
        self.next_objective = max(self.next_objective, entry.objective.id + 1)

    def add_target(self, entry: OpenTarget) -> None:
        entry.objective.targets[entry.target.recipient] = entry
        entry.objective.asked.add(entry.target.recipient)
        self.by_recipient.setdefault(entry.target.recipient, {})[entry.target.objective] = entry

    def put(self, entry: OpenTarget, delivery: Delivery) -> None:
        """Keep the newest state of a delivery."""
        entry.deliveries[delivery.id] = delivery
        self.by_delivery[delivery.id] = entry
        if delivery.state is not DeliveryState.EMITTING and delivery.id in self.on_air:
            self.on_air.discard(delivery.id)
            self.on_landed(delivery.id)
        if delivery.state is DeliveryState.IN_DOUBT:
            self.doubts[delivery.id] = delivery
            self.nameless.setdefault((delivery.channel, delivery.address), {})[delivery.id] = None
        else:
            self.doubts.pop(delivery.id, None)
        self.next_delivery = max(self.next_delivery, delivery.id + 1)

    def name(
        self, delivery: int, channel: str, refs: tuple[str, ...], *, n: int, total: int, reported: frozenset[str] = frozenset()
    ) -> None:
        """The provider calls the parts of attempt `n` of this delivery `refs` from now on; there are `total` of them; those `reported` have
        had their receipt already."""
        holder = self.by_delivery.get(delivery)
        if holder is None or not refs:
            return
        known = self.parts.setdefault(delivery, {})
        for earlier, parts in known.items():
            is_its_copy = parts.refs == frozenset(refs) and parts.total == total  # said once more under the very same names
            if earlier != n and not is_its_copy:
                self.shared.update((channel, ref) for ref in parts.refs.intersection(refs))
        before = known.get(n)
        heard = reported | (before.refs - before.left) if before is not None else reported
        known[n] = Parts(frozenset(refs), set(refs) - heard, total)
        for ref in refs:
            holder.refs.append((channel, ref))
            if self.refs.setdefault((channel, ref), delivery) != delivery:
                self.shared.add((channel, ref))
        for ref in refs:
            self.on_named(channel, ref, delivery)

    def reported(self, delivery: int, channel: str, ref: str) -> bool:
        """One part has its receipt; whether that was the last one missing: evidence counts only for the whole. A name that nobody gave, or
        that was given twice, is none of it."""
        if (channel, ref) in self.shared:
            return False
        for parts in self.parts.get(delivery, {}).values():
            if ref in parts.refs:
                parts.left.discard(ref)
                return parts.is_whole
        return False

    def close_target(self, entry: OpenTarget) -> None:
        """Let go of a finished target."""
        for key in entry.deliveries:
            self.by_delivery.pop(key, None)
            self.withdrawn.discard(key)
            self.on_air.discard(key)
            self.doubts.pop(key, None)
            self.parts.pop(key, None)
        for ref in entry.refs:
            if self.refs.get(ref) in entry.deliveries:
                del self.refs[ref]
                self.shared.discard(ref)
        recipient = entry.target.recipient
        entry.objective.targets.pop(recipient, None)
        entry.objective.cut_off.discard(recipient)
        at = self.by_recipient.get(recipient, {})
        at.pop(entry.target.objective, None)
        if not at:
            self.by_recipient.pop(recipient, None)

    def close_objective(self, entry: OpenObjective) -> None:
        self.objectives.pop(entry.objective.id, None)

    def rest_message(self, entry: OpenMessage) -> None:
        """Nothing of it is open any more, and it is in force until it ends."""
        key = (entry.message.id, entry.message.revision)
        if self.messages.pop(key, None) is not None:
            self.resting[key] = entry.message.number

    def close_message(self, key: Revision) -> None:
        """Its end: nothing of it is left, and its number is free."""
        entry = self.messages.pop(key, None)
        number = entry.message.number if entry is not None else self.resting.pop(key, None)
        if number is None:
            return
        self.numbers[number] -= 1
        if not self.numbers[number]:
            del self.numbers[number]

    # Changing: the dispatcher's one part.

    def licence(self, key: int) -> Delivery | None:
        """READY → EMITTING, at once and before the commit is asked for, so that nobody changes their mind in between."""
        holder = self.by_delivery.get(key)
        delivery = holder.deliveries[key] if holder else None
        if holder is None or delivery is None or delivery.state is not DeliveryState.READY:
            return None
        reason = delivery.reason if delivery.reason in OVERRIDES else ""
        begun = msgspec.structs.replace(delivery, state=DeliveryState.EMITTING, reason=reason, tries=delivery.tries + 1, until=None)
        holder.deliveries[key] = begun
        self.on_air.add(key)
        return begun


def _nobody_waits(channel: str, ref: str, delivery: int) -> None:
    """Until receipts are wired in, none is waiting for its outcome."""


def _nothing_waits(delivery: int) -> None:
    """The same."""
