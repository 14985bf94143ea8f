"""Online backup: a consistent copy while writes go on."""

from __future__ import annotations

from pathlib import Path

from fenghuo.store.store import Store

__all__ = ["backup"]


async def backup(store: Store, target: Path) -> None:
    """Write a consistent copy of the store to `target`. Raises: StoreError."""
    await store.scalar("VACUUM INTO ?", str(target))
