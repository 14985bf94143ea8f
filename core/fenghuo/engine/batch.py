"""What one turn of the loop changes, collected and then written as ONE job: the facts and every transition they cause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from fenghuo.engine.facts import Decided
from fenghuo.engine.late import note_late
from fenghuo.engine.names import put_name
from fenghuo.engine.rules import Escalation, Rung
from fenghuo.model.audit import By
from fenghuo.model.delivery import Delivery, DeliveryState, Objective, Receipt, Target, Token
from fenghuo.model.message import MessageId, MessageState
from fenghuo.model.traffic import Priority
from fenghuo.store.audit import Deed
from fenghuo.store.records import FanOutRow, InboxRow, MetaRow, RefRow, ReleaseRow, RenditionRow, RosterRow
from fenghuo.store.records_release import EnvelopeRow
from fenghuo.store.tables import (
    ATTEMPT,
    DELIVERY,
    ENVELOPE,
    FAN_OUT,
    INBOX,
    MESSAGE,
    META,
    OBJECTIVE,
    RECEIPT,
    RELEASE,
    RENDITION,
    ROSTER,
    TARGET,
    Table,
)
from fenghuo.store.transaction import Tx

__all__ = ["Batch"]

TOLD = frozenset(DeliveryState) - {DeliveryState.HELD, DeliveryState.READY, DeliveryState.EMITTING}
"""States whose beginning is an event. EMITTING is told by begin() itself; the rest would be noise."""

AttemptKey = tuple[Token, int]
K = TypeVar("K")
R = TypeVar("R", bound=msgspec.Struct)


class Batch:
    """Rows by key, the newest wins; events in order. `write` is the job."""

    def __init__(self) -> None:
        self.objectives: dict[int, Objective] = {}
        self.targets: dict[tuple[int, str], Target] = {}
        self.deliveries: dict[int, Delivery] = {}
        self.outcomes: dict[AttemptKey, tuple[str, float]] = {}
        self.receipts: list[Receipt] = []  # numbered when written: late ones are written by others
        self.late: list[Receipt] = []
        self.refs: list[RefRow] = []
        self.inbox: dict[int, str] = {}
        self.renditions: list[RenditionRow] = []
        self.releases: list[ReleaseRow] = []
        self.envelopes: list[EnvelopeRow] = []
        self.messages: dict[tuple[MessageId, int], MessageState] = {}
        self.new_objectives: list[Objective] = []
        self.new_targets: list[Target] = []
        self.new_deliveries: list[Delivery] = []
        self.fan_outs: list[FanOutRow] = []
        self.rosters: list[tuple[int, tuple[str, ...], tuple[Rung, ...], tuple[Escalation, ...]]] = []
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.decisions: list[tuple[Deed, Decided]] = []
        self.deeds: list[tuple[Deed, By]] = []
        self.metas: list[MetaRow] = []
        self.answers: list[asyncio.Future[None]] = []  # of who waits until this is on the disk
        self.left_out: dict[int, dict[tuple[int, str, str], list[str]]] = {}  # objective → (rung, channel, reason) → recipients

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in vars(self))

    def event(self, kind: str, subject: str, **body: Any) -> None:
        self.events.append((kind, subject, body))

    def leave_out(self, objective: int, recipient: str, *, rung: int, channel: str, reason: str) -> None:
        """Note a way that the ladder names and the plan does without; recipients who share a reason share a line."""
        self.left_out.setdefault(objective, {}).setdefault((rung, channel, reason), []).append(recipient)

    def can_wait(self, priority_of: Callable[[int], Priority]) -> bool:
        """Whether all in it is about objectives of P3 and P4, nobody waits for it, and nobody is alarmed. `priority_of`: an objective's."""
        if any((self.decisions, self.answers, self.deeds, self.metas, self.messages, self.releases, self.receipts, self.late, self.inbox)):
            return False
        ids = {row.objective for row in (*self.deliveries.values(), *self.new_deliveries)}
        ids |= {row.objective for row in (*self.targets.values(), *self.new_targets)} | {row.id for row in self.new_objectives}
        ids |= self.objectives.keys() | self.left_out.keys()
        is_own = all(subject.startswith(("delivery/", "objective/")) and not kind.startswith("alarm.") for kind, subject, _ in self.events)
        return bool(ids) and is_own and all(priority_of(one) >= Priority.P3 for one in ids)

    def decided(self, fact: Decided) -> None:
        """Note a person's decision for the audit; whoever made it hears when this is written."""
        kind = "objective" if fact.what in ("waive", "escalate") else "delivery"
        deed = Deed.of(fact.what, f"{kind}/{fact.number}", ruling=fact.ruling, reason=fact.reason)
        self.decisions.append((deed, fact))

    def did(self, deed: Deed, by: By) -> None:
        """Note for the audit what the node did, and in whose name."""
        self.deeds.append((deed, by))

    def changed(self, before: Delivery | None, after: Delivery) -> None:
        """Note the new state of a delivery and tell it if people follow it."""
        self.deliveries[after.id] = after
        if after.state in TOLD and (before is None or before.state is not after.state):
            self.event(
                f"delivery.{after.state.lower()}",
                f"delivery/{after.id}",
                message=after.message,
                revision=after.revision,
                objective=after.objective,
                recipient=after.recipient,
                channel=after.channel,
                evidence=after.evidence.name,
                reason=after.reason,
            )

    def write(self, tx: Tx) -> None:
        """Everything above, in one transaction. May be run again: it reads nothing that it changes but states of messages."""
        for (message, revision), state in self.messages.items():
            row = tx.sound(MESSAGE, message, revision)
            if row is not None:
                tx.update(MESSAGE, msgspec.structs.replace(row, state=state))
        for rendition in self.renditions:  # there is a row where the disk damaged what was made before
            tx.put(RENDITION, rendition)
        for release in self.releases:
            tx.put(RELEASE, release)
        for envelope in self.envelopes:
            tx.put(ENVELOPE, envelope)
        _write(tx, OBJECTIVE, {row.id: row for row in self.new_objectives}, self.objectives)
        _write(tx, TARGET, {(row.objective, row.recipient): row for row in self.new_targets}, self.targets)
        _write(tx, DELIVERY, {row.id: row for row in self.new_deliveries}, self.deliveries)
        tx.insert_all(FAN_OUT, self.fan_outs)
        tx.insert_all(ROSTER, self._rosters())
        self._write_evidence(tx)
        for kind, subject, body in self.events:
            tx.event(kind, subject, **body)
        self._write_deeds(tx)
        for objective, reasons in self.left_out.items():
            left = [
                {"rung": rung, "channel": channel, "reason": reason, "recipients": recipients}
                for (rung, channel, reason), recipients in reasons.items()
            ]
            tx.event("objective.left_out", f"objective/{objective}", left_out=left)

    def _write_deeds(self, tx: Tx) -> None:
        for deed, by in (*((deed, fact.by) for deed, fact in self.decisions), *self.deeds):
            tx.audit(deed, by=by)
        for row in self.metas:
            tx.put(META, row)

    def _rosters(self) -> list[RosterRow]:
        """Of the objectives that this commit leaves unfinished; most are whole in it, and need none."""
        whole = {row.id for row in self.objectives.values() if row.planned >= row.total}
        return [
            RosterRow(objective, recipients, msgspec.msgpack.encode(rungs), msgspec.msgpack.encode(escalate))
            for objective, recipients, rungs, escalate in self.rosters
            if objective not in whole
        ]

    def _write_evidence(self, tx: Tx) -> None:
        for key, (outcome, at) in self.outcomes.items():
            attempt = tx.sound(ATTEMPT, *key)
            if attempt is not None:
                tx.update(ATTEMPT, msgspec.structs.replace(attempt, outcome=outcome, outcome_at=at))
        for ref in self.refs:
            put_name(tx, ref)
        if self.receipts:
            first = int(tx.scalar("SELECT COALESCE(MAX(id), 0) FROM receipt") or 0) + 1
            tx.insert_all(RECEIPT, [msgspec.structs.replace(row, id=number) for number, row in enumerate(self.receipts, first)])
        for number, state in self.inbox.items():
            raw: InboxRow | None = tx.sound(INBOX, number)
            if raw is not None:
                tx.update(INBOX, msgspec.structs.replace(raw, state=state))
        for receipt in self.late:
            note_late(tx, receipt)


def _write(tx: Tx, table: Table[R], new: dict[K, R], changed: dict[K, R]) -> None:
    """Insert the new rows in their newest state, update the others."""
    tx.insert_all(table, [changed.get(key, row) for key, row in new.items()])
    tx.update_all(table, [row for key, row in changed.items() if key not in new])
