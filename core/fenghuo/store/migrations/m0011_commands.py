"""Commands that came with a key: what keeps them from being carried out twice."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "command" (
    "actor" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "answer" TEXT NOT NULL,
    "until" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("actor", "key")
) STRICT, WITHOUT ROWID""",
    """CREATE INDEX "command_until" ON "command" (until)""",
)
