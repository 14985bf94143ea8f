"""People: accounts, and the sessions that they have open."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
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
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "traffic" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "opened_at" REAL NOT NULL,
    "seen_at" REAL NOT NULL,
    "ends_at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID""",
)
