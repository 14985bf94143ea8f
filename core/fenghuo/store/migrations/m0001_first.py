"""The first schema."""

from __future__ import annotations

from fenghuo.store.tables import TABLES

__all__ = ["STATEMENTS"]

STATEMENTS = tuple(statement for table in TABLES.values() for statement in table.ddl())
