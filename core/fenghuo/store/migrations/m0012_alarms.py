"""Alarms: what a person must act upon, from the event that raised it until it has returned and was acknowledged."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "alarm" (
    "id" INTEGER PRIMARY KEY NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "traffic" TEXT NOT NULL,
    "priority" TEXT NOT NULL,
    "began_at" REAL NOT NULL,
    "last_at" REAL NOT NULL,
    "event" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "rev" INTEGER NOT NULL,
    "changed_by" TEXT NOT NULL,
    "changed_at" REAL NOT NULL,
    "count" INTEGER NOT NULL,
    "stands" INTEGER NOT NULL,
    "is_acked" INTEGER NOT NULL,
    "is_over" INTEGER NOT NULL,
    "raised_at" REAL NOT NULL,
    "called_at" REAL NOT NULL,
    "respond_by" REAL NOT NULL,
    "returned_at" REAL NOT NULL,
    "delayed_until" REAL NOT NULL,
    "flood" INTEGER NOT NULL,
    "acked_by" TEXT NOT NULL,
    "acked_at" REAL NOT NULL,
    "comment" TEXT NOT NULL,
    "held" TEXT NOT NULL,
    "held_by" TEXT NOT NULL,
    "held_why" TEXT NOT NULL,
    "held_second" TEXT NOT NULL,
    "held_for_s" REAL NOT NULL,
    "held_at" REAL NOT NULL,
    "held_until" REAL NOT NULL,
    row_digest BLOB NOT NULL
) STRICT""",
    """CREATE INDEX "alarm_subject" ON "alarm" (subject) WHERE is_over = 0""",
    """CREATE INDEX "alarm_raised_at" ON "alarm" (raised_at)""",
)
