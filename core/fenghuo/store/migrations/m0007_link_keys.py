"""Transfers of the narrow link are told apart by channel and key.

What goes out begins anew under the key of today: of a row of before nobody knows the key. What has come in under a number alone is
forgotten: nothing of it that was not taken over was acknowledged, and a copy of what was is known to the intake.
"""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    """ALTER TABLE "transfer_out" RENAME TO "transfer_out_6\"""",
    """CREATE TABLE "transfer_out" (
    "channel" TEXT NOT NULL,
    "destination" INTEGER NOT NULL,
    "transfer" INTEGER NOT NULL,
    "lane" TEXT NOT NULL,
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
    PRIMARY KEY ("channel", "destination", "transfer")
) STRICT""",
    """INSERT INTO "transfer_out"
SELECT '', "destination", "transfer", '', "ref", "kind", "traffic", "priority", "body", "piece", "held", "ends_at", "opened_at", row_digest
FROM "transfer_out_6\"""",
    """DROP TABLE "transfer_out_6\"""",
    """DROP TABLE "transfer_in\"""",
    """CREATE TABLE "transfer_in" (
    "source" INTEGER NOT NULL,
    "destination" INTEGER NOT NULL,
    "transfer" INTEGER NOT NULL,
    "lane" TEXT NOT NULL,
    "kind" INTEGER NOT NULL,
    "traffic" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "pieces" BLOB NOT NULL,
    "ends_at" REAL NOT NULL,
    "digest" BLOB NOT NULL,
    "done" INTEGER NOT NULL,
    "at" REAL NOT NULL,
    row_digest BLOB NOT NULL,
    PRIMARY KEY ("source", "destination", "transfer", "lane")
) STRICT""",
    """DELETE FROM "census" WHERE "name" = 'transfer_in'""",
)
