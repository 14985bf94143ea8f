"""Duty: shifts, hand-over sheets, releases by one person in need; of an account its post, its level and its certificate."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """ALTER TABLE "account" RENAME TO "account_8\"""",
    """CREATE TABLE "account" (
    "name" TEXT NOT NULL,
    "display" TEXT NOT NULL,
    "rights" TEXT NOT NULL,
    "areas" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "made_at" REAL NOT NULL,
    "password" TEXT NOT NULL,
    "factor" BLOB NOT NULL,
    "factor_step" INTEGER NOT NULL,
    "code" BLOB NOT NULL,
    "code_until" REAL NOT NULL,
    "post" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "certificate" BLOB NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID""",
    """INSERT INTO "account"
SELECT "name", "display", "rights", "areas", "state", "made_at", "password", "factor", "factor_step", "code", "code_until", '', '', x'',
row_digest FROM "account_8\"""",
    """DROP TABLE "account_8\"""",
    """CREATE TABLE "shift" (
    "id" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "post" TEXT NOT NULL,
    "areas" TEXT NOT NULL,
    "since" REAL NOT NULL,
    "until" REAL NOT NULL,
    "state" TEXT NOT NULL,
    "began_at" REAL NOT NULL,
    "ended_at" REAL NOT NULL,
    "session" TEXT NOT NULL,
    "after" TEXT NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "handover" (
    "id" TEXT NOT NULL,
    "sheet" BLOB NOT NULL,
    "digest" TEXT NOT NULL,
    "written_at" REAL NOT NULL,
    "signed_by" TEXT NOT NULL,
    "signed_at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "break_glass" (
    "id" TEXT NOT NULL,
    "at" REAL NOT NULL,
    "leader" TEXT NOT NULL,
    "template" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "reviewed_by" TEXT NOT NULL,
    "reviewed_at" REAL NOT NULL,
    "review" TEXT NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID""",
)
