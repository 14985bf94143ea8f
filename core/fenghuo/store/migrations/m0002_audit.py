"""The audit."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "audit" (
    "seq" INTEGER PRIMARY KEY NOT NULL,
    "at_ms" INTEGER NOT NULL,
    "mono_ms" INTEGER NOT NULL,
    "boot" TEXT NOT NULL,
    "clock" TEXT NOT NULL,
    "node" TEXT NOT NULL,
    "traffic" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "door" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "object" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "prev" BLOB NOT NULL,
    "hash" BLOB NOT NULL,
    row_digest BLOB NOT NULL
) STRICT""",
)
