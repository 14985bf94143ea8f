"""Release: of a signature its session and its host; what a signature covers; drafts that are no message yet."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """ALTER TABLE "release" RENAME TO "release_9\"""",
    """CREATE TABLE "release" (
    "message" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "envelope" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "at" REAL NOT NULL,
    "until" REAL NOT NULL,
    "session" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("message", "revision", "envelope", "actor")
) STRICT, WITHOUT ROWID""",
    """INSERT INTO "release"
SELECT "message", "revision", "envelope", "actor", "at", "until", '', '', row_digest FROM "release_9\"""",
    """DROP TABLE "release_9\"""",
    """CREATE TABLE "envelope" (
    "message" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "digest" TEXT NOT NULL,
    "body" BLOB NOT NULL,
    "at" REAL NOT NULL,
    "why" TEXT NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("message", "revision")
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE "draft" (
    "id" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "author" TEXT NOT NULL,
    "traffic" TEXT NOT NULL,
    "at" REAL NOT NULL,
    "body" BLOB NOT NULL,
    "message" TEXT NOT NULL,
    "is_gone" INTEGER NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("id", "revision")
) STRICT""",
)
