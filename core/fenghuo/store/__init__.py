"""Rows on the disk: one writer thread with group commit, a digest on every row, readers beside it."""

from __future__ import annotations

from fenghuo.store.store import Store, StoreSettings
from fenghuo.store.tables import Table
from fenghuo.store.transaction import Tx

__all__ = ["Store", "StoreSettings", "Table", "Tx"]
