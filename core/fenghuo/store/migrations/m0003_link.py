"""Counters, windows and transfers of the narrow link."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "frame_counter" (
    "lane" TEXT NOT NULL,
    "next" INTEGER NOT NULL,
    "stale" INTEGER NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("lane")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "frame_window" (
    "lane" TEXT NOT NULL,
    "highest" INTEGER NOT NULL,
    "seen" BLOB NOT NULL,
    "stale" INTEGER NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("lane")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "transfer_out" (
    "destination" INTEGER NOT NULL,
    "transfer" INTEGER NOT NULL,
    "ref" TEXT NOT NULL,
    "kind" INTEGER NOT NULL,
    "traffic" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "body" BLOB NOT NULL,
    "piece" INTEGER NOT NULL,
    "held" BLOB NOT NULL,
    "ends_at" REAL NOT NULL,
    "opened_at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("destination", "transfer")
) STRICT""",
    """CREATE TABLE "transfer_in" (
    "source" INTEGER NOT NULL,
    "destination" INTEGER NOT NULL,
    "transfer" INTEGER NOT NULL,
    "kind" INTEGER NOT NULL,
    "traffic" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "pieces" BLOB NOT NULL,
    "ends_at" REAL NOT NULL,
    "done" INTEGER NOT NULL,
    "at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("source", "destination", "transfer")
) STRICT""",
)
