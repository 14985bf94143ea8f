"""Proven paths: when each way to each recipient last carried something to its end."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "proven" (
    "recipient" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "proven_at" REAL,
    "met" REAL NOT NULL,
    "missed" REAL NOT NULL,
    "at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("recipient", "channel")
) STRICT, WITHOUT ROWID""",
)
