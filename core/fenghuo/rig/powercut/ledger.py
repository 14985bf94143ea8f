"""A store at rest, read whole: what the checks look at."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fenghuo.model.delivery import Attempt, Delivery, Objective, Receipt, Target
from fenghuo.store.inspection import Examination, examine
from fenghuo.store.mapping import Table
from fenghuo.store.records import (
    AuditRow,
    EventRow,
    FanOutRow,
    InboxRow,
    MessageRow,
    PageAttemptRow,
    PageRow,
    RefRow,
    RefusalRow,
    RollRow,
)
from fenghuo.store.schema import migrate
from fenghuo.store.tables import (
    ATTEMPT,
    AUDIT,
    DELIVERY,
    EVENT,
    FAN_OUT,
    IDEMPOTENCY,
    INBOX,
    MESSAGE,
    OBJECTIVE,
    PAGE,
    PAGE_ATTEMPT,
    QUARANTINE,
    RECEIPT,
    REF,
    REFUSAL,
    RELEASE,
    ROLL,
    TARGET,
)

__all__ = ["Ledger"]

R = TypeVar("R", bound=msgspec.Struct)


class Ledger:
    """Everything in a database file, brought to this schema first. Raises: sqlite3.DatabaseError when made: it cannot be read."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            migrate(connection, path.parent)
            self.examination: Examination = examine(connection)
            self._is_sound = not self.examination.damaged
            self.messages: list[MessageRow] = self._rows(connection, MESSAGE)
            self.objectives: list[Objective] = self._rows(connection, OBJECTIVE)
            self.targets: list[Target] = self._rows(connection, TARGET)
            self.deliveries: list[Delivery] = self._rows(connection, DELIVERY)
            self.attempts: list[Attempt] = self._rows(connection, ATTEMPT)
            self.receipts: list[Receipt] = self._rows(connection, RECEIPT)
            self.inbox: list[InboxRow] = self._rows(connection, INBOX)
            self.events: list[EventRow] = self._rows(connection, EVENT, "ORDER BY seq")
            self.audit: list[AuditRow] = self._rows(connection, AUDIT, "ORDER BY seq")
            self.refs: dict[str, RefRow] = {row.ref: row for row in self._rows(connection, REF)}
            self.signatures = {(row.message, row.revision, row.actor) for row in self._rows(connection, RELEASE)}
            self.keys = {row.key: (row.message, row.revision) for row in self._rows(connection, IDEMPOTENCY)}
            self.refusals: dict[int, RefusalRow] = {row.id: row for row in self._rows(connection, REFUSAL)}
            self.fan_outs: list[FanOutRow] = self._rows(connection, FAN_OUT)
            self.pages: list[PageRow] = self._rows(connection, PAGE)
            self.page_attempts: list[PageAttemptRow] = self._rows(connection, PAGE_ATTEMPT)
            self.roll: dict[int, RollRow] = {row.id: row for row in self._rows(connection, ROLL)}
            self.quarantined = len(self._rows(connection, QUARANTINE))

    @cached_property
    def message(self) -> dict[tuple[str, int], MessageRow]:
        return {(row.id, row.revision): row for row in self.messages}

    @cached_property
    def objective(self) -> dict[int, Objective]:
        return {row.id: row for row in self.objectives}

    @cached_property
    def delivery(self) -> dict[str, Delivery]:
        """By token."""
        return {row.token: row for row in self.deliveries}

    @cached_property
    def attempt(self) -> dict[tuple[str, int], Attempt]:
        return {(row.token, row.n): row for row in self.attempts}

    @cached_property
    def page_attempt(self) -> dict[tuple[str, int], PageAttemptRow]:
        return {(row.token, row.n): row for row in self.page_attempts}

    @cached_property
    def page(self) -> dict[tuple[int, int], PageRow]:
        """By objective and number."""
        return {(row.objective, row.number): row for row in self.pages}

    def marked(self, page: PageRow) -> dict[str, int]:
        """What is known of each address on a page, as its mark."""
        return dict(zip(self.roll[page.roll_page].addresses.decode().split("\n"), page.marks, strict=True))

    @cached_property
    def subjects(self) -> set[tuple[str, str]]:
        """What the events tell of, and how."""
        return {(row.subject, row.type) for row in self.events}

    @cached_property
    def deeds(self) -> set[tuple[str, str, str]]:
        """What the audit tells of: (action, object, actor)."""
        return {(row.action, row.object, row.actor) for row in self.audit}

    @cached_property
    def released(self) -> set[tuple[str, int]]:
        """Messages that enough people have signed, by id and revision."""
        released = (row for row in self.events if row.type == "message.released")
        return {(row.subject.partition("/")[2], msgspec.json.decode(row.body)["revision"]) for row in released}

    @cached_property
    def revisions_ended(self) -> dict[tuple[str, int], int]:
        """Since which event each message, by id and revision, is replaced or cancelled."""
        ends = (row for row in self.events if row.type in ("message.superseded", "message.cancelled"))
        return {(row.subject.partition("/")[2], msgspec.json.decode(row.body)["revision"]): row.seq for row in ends}

    @cached_property
    def pages_begun(self) -> dict[tuple[str, int], int]:
        """At which event each emission of a page, by token and attempt, had its licence."""
        begun = ((row.seq, msgspec.json.decode(row.body)) for row in self.events if row.type == "page.emitting")
        return {(body["token"], body["n"]): seq for seq, body in begun}

    @cached_property
    def page_doubts(self) -> Counter[str]:
        """How often each page came into doubt, by objective and number."""
        return Counter(row.subject.partition("/")[2] for row in self.events if row.type == "page.in_doubt")

    @cached_property
    def doubts(self) -> Counter[int]:
        """How often each delivery came into doubt."""
        return Counter(int(row.subject.partition("/")[2]) for row in self.events if row.type == "delivery.in_doubt")

    def _rows(self, connection: sqlite3.Connection, table: Table[R], order: str = "") -> list[R]:
        """All rows, or the sound ones of a table that was examined and has others too."""
        raws: list[tuple[Any, ...]] = connection.execute(table.find_sql(order, None)).fetchall()
        return [table.decode(raw) for raw in raws if self._is_sound or table.is_sound(raw)]
