"""Rosters: whom an objective is for, while its fan-out is not at its end."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """CREATE TABLE "roster" (
    "objective" INTEGER PRIMARY KEY NOT NULL,
    "recipients" TEXT NOT NULL,
    "rungs" BLOB NOT NULL,
    "escalate" BLOB NOT NULL,
    row_digest BLOB NOT NULL
) STRICT""",
)
