"""Every table of the store, one constant each."""

from __future__ import annotations

from typing import Any

from fenghuo.model.alarm import Alarm
from fenghuo.model.delivery import OPEN_STATES, Attempt, Delivery, Objective, Receipt, Target
from fenghuo.store.mapping import Table
from fenghuo.store.records import (
    AuditRow,
    BlobRow,
    CensusRow,
    ChannelRow,
    CounterRow,
    DirectoryRow,
    EventRow,
    FanOutRow,
    FrameCounterRow,
    FrameWindowRow,
    IdempotencyRow,
    InboxRow,
    MessageRow,
    MetaRow,
    PageAttemptRow,
    PageRow,
    ProvenRow,
    QuarantineRow,
    RefRow,
    RefusalRow,
    ReleaseRow,
    RenditionRow,
    RollRow,
    RosterRow,
    TimerRow,
    TombstoneRow,
    TransferInRow,
    TransferOutRow,
)
from fenghuo.store.records_commands import CommandRow
from fenghuo.store.records_people import AccountRow, BreakGlassRow, HandoverRow, SessionRow, ShiftRow
from fenghuo.store.records_release import DraftRow, EnvelopeRow

__all__ = [
    "ACCOUNT",
    "ALARM",
    "ATTEMPT",
    "AUDIT",
    "BLOB",
    "BREAK_GLASS",
    "CENSUS",
    "CHANNEL",
    "COMMAND",
    "COUNTER",
    "DELIVERY",
    "DIRECTORY",
    "DRAFT",
    "ENVELOPE",
    "EVENT",
    "FAN_OUT",
    "FRAME_COUNTER",
    "FRAME_WINDOW",
    "HANDOVER",
    "IDEMPOTENCY",
    "INBOX",
    "MESSAGE",
    "META",
    "NAMES",
    "OBJECTIVE",
    "OPEN_ROWS",
    "PAGE",
    "PAGE_ATTEMPT",
    "PROVEN",
    "QUARANTINE",
    "RECEIPT",
    "REF",
    "REFUSAL",
    "RELEASE",
    "RENDITION",
    "ROLL",
    "ROSTER",
    "SESSION",
    "SHIFT",
    "TABLES",
    "TARGET",
    "TIMER",
    "TOMBSTONE",
    "TRANSFER_IN",
    "TRANSFER_OUT",
    "Table",
]

# The indexes on state hold every state: SQLite uses a partial one only for a query that repeats its condition word for word.
_OPEN_DELIVERY = "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(OPEN_STATES)))
_OPEN_OBJECTIVE = "state IN ('OPEN', 'AT_RISK')"
_OPEN_MESSAGE = "state IN ('held', 'active')"

MESSAGE = Table(
    "message",
    MessageRow,
    ("id", "revision"),
    rowid=True,
    fixed=("sender", "identifier", "number"),
    indexes=(("sender, identifier", ""), ("state", ""), ("number", "")),
)
IDEMPOTENCY = Table("idempotency", IdempotencyRow, ("key",))
REFUSAL = Table("refusal", RefusalRow, ("id",))
TOMBSTONE = Table("tombstone", TombstoneRow, ("key",))
RELEASE = Table("release", ReleaseRow, ("message", "revision", "envelope", "actor"), version=10)
ENVELOPE = Table("envelope", EnvelopeRow, ("message", "revision"), version=10)
DRAFT = Table("draft", DraftRow, ("id", "revision"), rowid=True, version=10)
RENDITION = Table("rendition", RenditionRow, ("message", "revision", "form"), rowid=True)
OBJECTIVE = Table(
    "objective",
    Objective,
    ("id",),
    fixed=("message", "revision"),
    indexes=(("state", ""), ("message, revision", "")),
)
TARGET = Table("target", Target, ("objective", "recipient"))
DELIVERY = Table(
    "delivery",
    Delivery,
    ("id",),
    fixed=("objective", "recipient", "message", "revision"),
    indexes=(("objective, recipient", ""), ("state", ""), ("message, revision", "")),
)
ATTEMPT = Table("attempt", Attempt, ("token", "n"), fixed=("delivery",), indexes=(("delivery", ""),))
RECEIPT = Table("receipt", Receipt, ("id",), fixed=("delivery",), indexes=(("delivery", ""),))
REF = Table("ref", RefRow, ("channel", "ref"))
INBOX = Table("inbox", InboxRow, ("id",), indexes=(("state", ""),))
DIRECTORY = Table("directory", DirectoryRow, ("digest",), rowid=True)
CHANNEL = Table("channel", ChannelRow, ("name",))
COUNTER = Table("counter", CounterRow, ("name",))
TIMER = Table("timer", TimerRow, ("id",), indexes=(("due_at", "done = 0"),))
BLOB = Table("blob", BlobRow, ("hash",), rowid=True)
META = Table("meta", MetaRow, ("name",))
EVENT = Table("event", EventRow, ("seq",))
FRAME_COUNTER = Table("frame_counter", FrameCounterRow, ("lane",))
FRAME_WINDOW = Table("frame_window", FrameWindowRow, ("lane",))
TRANSFER_OUT = Table("transfer_out", TransferOutRow, ("channel", "destination", "transfer"), rowid=True, version=7)
TRANSFER_IN = Table("transfer_in", TransferInRow, ("source", "destination", "transfer", "lane"), rowid=True, version=7)
ROLL = Table("roll", RollRow, ("id",), indexes=(("roll, area, kind", ""),))
ROSTER = Table("roster", RosterRow, ("objective",))
FAN_OUT = Table(
    "fan_out",
    FanOutRow,
    ("objective",),
    fixed=("message", "revision"),
    indexes=(("message, revision", ""),),
)
PAGE = Table("page", PageRow, ("objective", "number"), rowid=True, fixed=("roll_page",), indexes=(("roll_page", ""),))
PAGE_ATTEMPT = Table("page_attempt", PageAttemptRow, ("token", "n"), indexes=(("channel, ref", "ref != ''"),))
PROVEN = Table("proven", ProvenRow, ("recipient", "channel"))
ACCOUNT = Table("account", AccountRow, ("name",), version=9)
SESSION = Table("session", SessionRow, ("id",))
SHIFT = Table("shift", ShiftRow, ("id",))
HANDOVER = Table("handover", HandoverRow, ("id",))
BREAK_GLASS = Table("break_glass", BreakGlassRow, ("id",))
COMMAND = Table("command", CommandRow, ("actor", "key"), indexes=(("until", ""),))
ALARM = Table(
    "alarm",
    Alarm,
    ("id",),
    fixed=("kind", "subject"),
    indexes=(("subject", "is_over = 0"), ("raised_at", "")),
)
AUDIT = Table("audit", AuditRow, ("seq",))
NAMES = ("node", "store", "events.epoch")
"""Rows of `meta` by which a store knows whose it is; made at its first start."""
QUARANTINE = Table("quarantine", QuarantineRow, ("origin", "key", "mark"), rowid=True)
CENSUS = Table("census", CensusRow, ("name",))

TABLES: dict[str, Table[Any]] = {
    table.name: table
    for table in (
        MESSAGE,
        IDEMPOTENCY,
        REFUSAL,
        TOMBSTONE,
        RELEASE,
        ENVELOPE,
        DRAFT,
        RENDITION,
        OBJECTIVE,
        TARGET,
        DELIVERY,
        ATTEMPT,
        RECEIPT,
        REF,
        INBOX,
        DIRECTORY,
        CHANNEL,
        COUNTER,
        TIMER,
        BLOB,
        META,
        EVENT,
        ALARM,
        AUDIT,
        FRAME_COUNTER,
        FRAME_WINDOW,
        TRANSFER_OUT,
        TRANSFER_IN,
        ROLL,
        FAN_OUT,
        PAGE,
        PAGE_ATTEMPT,
        ROSTER,
        PROVEN,
        ACCOUNT,
        SESSION,
        SHIFT,
        HANDOVER,
        BREAK_GLASS,
        COMMAND,
        QUARANTINE,
        CENSUS,
    )
}

OPEN_ROWS: tuple[tuple[Table[Any], str], ...] = (
    (MESSAGE, _OPEN_MESSAGE),
    (OBJECTIVE, _OPEN_OBJECTIVE),
    (DELIVERY, _OPEN_DELIVERY),
    (FAN_OUT, "done = 0"),
    (PAGE, f"objective IN (SELECT objective FROM fan_out WHERE done = 0) AND {_OPEN_DELIVERY}"),
)
"""What is still to be acted on, and is therefore checked before the service starts."""
