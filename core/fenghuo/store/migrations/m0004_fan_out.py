"""Fan-outs to a public: the roll, the intents, the pages."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "roll" (
    "id" INTEGER PRIMARY KEY NOT NULL,
    "roll" INTEGER NOT NULL,
    "area" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "addresses" BLOB NOT NULL,
    row_digest BLOB NOT NULL
) STRICT""",
    """CREATE INDEX "roll_roll_area_kind" ON "roll" (roll, area, kind)""",
    """CREATE TABLE "fan_out" (
    "objective" INTEGER PRIMARY KEY NOT NULL,
    "message" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "roll" INTEGER NOT NULL,
    "areas" TEXT NOT NULL,
    "kinds" TEXT NOT NULL,
    "channels" TEXT NOT NULL,
    "source" INTEGER NOT NULL,
    "done" INTEGER NOT NULL,
    row_digest BLOB NOT NULL
) STRICT""",
    """CREATE INDEX "fan_out_message_revision" ON "fan_out" (message, revision)""",
    """CREATE TABLE "page" (
    "objective" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "roll_page" INTEGER NOT NULL,
    "channel" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "marks" BLOB NOT NULL,
    "reason" TEXT NOT NULL,
    "not_before" REAL NOT NULL,
    "until" REAL,
    "tries" INTEGER NOT NULL,
    "refires" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL,
    "met" INTEGER NOT NULL,
    "ended" INTEGER NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("objective", "number")
) STRICT""",
    """CREATE INDEX "page_roll_page" ON "page" (roll_page)""",
    """CREATE TABLE "page_attempt" (
    "token" TEXT NOT NULL,
    "n" INTEGER NOT NULL,
    "objective" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "channel" TEXT NOT NULL,
    "at" REAL NOT NULL,
    "epoch" INTEGER NOT NULL,
    "mark" TEXT NOT NULL,
    "ref" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "outcome_at" REAL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("token", "n")
) STRICT, WITHOUT ROWID""",
    """CREATE INDEX "page_attempt_channel_ref" ON "page_attempt" (channel, ref) WHERE ref != ''""",
)
