"""Keeps the inventory of what reaches the public: read from the folder `coverage` in that of the directory, whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from fenghuo.engine.inhabited import Inhabited, inhabited
from fenghuo.errors import SettingsError
from fenghuo.formats.coverage_csv import read_inventory
from fenghuo.model.coverage import Inventory
from fenghuo.model.directory import Directory

__all__ = ["FOLDER", "InventoryKeeper", "inventory_of"]

FOLDER = "coverage"

log = structlog.stdlib.get_logger("fenghuo.coverage")


def inventory_of(folder: Path, directory: Directory) -> tuple[Inventory, tuple[str, ...]]:
    """The inventory beside a directory, and what must be mended; what is only to be known is logged. Blocks: call it off the loop."""
    place = folder / FOLDER
    files: dict[str, str | bytes] = {file.name: file.read_bytes() for file in sorted(place.glob("*.csv"))}
    inventory, faults = read_inventory(files, directory.areas)
    for fault in faults:
        if fault.is_note:
            log.warning("inventory read with a doubt", says=str(fault))
    return inventory, tuple(f"{folder.name}/{FOLDER}/{fault}" for fault in faults if not fault.is_note)


class InventoryKeeper:
    """One inventory is in force at a time. It is not in the store: its files are, and every answer names its digest."""

    def __init__(self) -> None:
        self.inventory = Inventory()
        self._laid: tuple[tuple[str, str], Inhabited] | None = None

    async def read_folder(self, folder: Path, directory: Directory) -> Inventory:
        """What the operator's folder holds; a folder without one is an empty inventory. Raises: SettingsError with every fault."""
        inventory, faults = await asyncio.to_thread(inventory_of, folder, directory)
        if faults:
            raise SettingsError(faults)
        return inventory

    def use(self, inventory: Inventory) -> None:
        """Put it in force."""
        if inventory.digest != self.inventory.digest:
            log.info("coverage inventory in force", areas=len(inventory.people), channels=len(inventory.channels), digest=inventory.digest)
        self.inventory = inventory

    def hangs_on(self) -> frozenset[str]:
        """Everything that a place's channels hang on there, such as the mains of a town."""
        return frozenset(name for row in self.inventory.reach for name in row.hangs_on)

    def inhabited(self, directory: Directory) -> Inhabited:
        """The inventory over these areas; laid once for each pair of them."""
        key = (self.inventory.digest, directory.digest)
        if self._laid is None or self._laid[0] != key:
            self._laid = (key, inhabited(self.inventory, directory))
        return self._laid[1]
