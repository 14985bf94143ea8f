"""Keeps the directory: reads CSV, stores the snapshot, and puts it in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.command.duties import CommandRules
from fenghuo.engine.facts import DirectoryChanged, Facts
from fenghuo.engine.office import Office
from fenghuo.errors import SettingsError
from fenghuo.formats.directory_csv import read_directory
from fenghuo.formats.roll_csv import FILE as ROLL_FILE
from fenghuo.model.directory import Directory
from fenghuo.plugin.host import PluginHost
from fenghuo.service.inventory import InventoryKeeper
from fenghuo.service.roads import RoadKeeper
from fenghuo.store.audit import Deed
from fenghuo.store.records import DirectoryRow
from fenghuo.store.store import Store
from fenghuo.store.tables import DIRECTORY
from fenghuo.store.transaction import Tx

__all__ = ["DirectoryKeeper", "csv_files"]


def csv_files(folder: Path) -> dict[str, str | bytes]:
    """The CSV files of a folder by name, but for the roll of the public, which is no snapshot. Blocks: call it off the loop."""
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.csv")) if file.name != ROLL_FILE}


class DirectoryKeeper:
    """One snapshot is in force at a time; the earlier ones stay, so that an audit can say who was addressed. `inventory`: what reaches the
    public, `roads`: the map of them, both kept beside it."""

    def __init__(self, office: Office, facts: Facts, store: Store, host: PluginHost) -> None:
        self._office = office
        self._facts = facts
        self._store = store
        self._kinds = {name: kind.normalise for name, kind in host.address_kinds.items()}
        self.command_rules = CommandRules()
        self.inventory = InventoryKeeper()
        self.roads = RoadKeeper(store, office.clock, lambda: office.directory)

    async def load(self) -> None:
        """Put the snapshot in force that was so before the restart."""
        rows = await self._store.find(DIRECTORY, "active = 1 ORDER BY at DESC", limit=1)
        if rows:
            self._office.directory = msgspec.msgpack.decode(rows[0].body, type=Directory)

    async def read_folder(self, folder: Path) -> Directory:
        """What the operator's folder holds. Raises: SettingsError with every fault."""
        files = await asyncio.to_thread(csv_files, folder)
        directory, faults = read_directory(files, self._kinds)
        if wrong := tuple(f"{folder.name}/{fault}" for fault in faults if not fault.is_note):
            raise SettingsError(wrong)
        return directory

    async def put(self, directory: Directory, *, by: str) -> None:
        """Keep a directory and put it in force, unless it is in force."""
        if directory.digest != self._office.directory.digest:
            await self._keep(directory, by)

    async def take(self, files: Mapping[str, str | bytes], *, by: str, dry_run: bool) -> dict[str, Any]:
        """Read and, unless it is a dry run or has faults, keep and use a directory; the report says what it holds."""
        directory, faults = read_directory(files, self._kinds)
        report: dict[str, Any] = {
            "digest": directory.digest,
            "orgs": len(directory.orgs),
            "roles": len(directory.roles),
            "persons": len(directory.persons),
            "contacts": len(directory.contacts),
            "areas": len(directory.areas),
            "faults": [str(fault) for fault in faults if not fault.is_note],
            "notes": [str(fault) for fault in faults if fault.is_note],
        }
        if not report["faults"] and not dry_run:
            await self.put(directory, by=by)
        return report

    def _use(self, directory: Directory) -> None:
        self._office.directory = directory
        self._facts.put(DirectoryChanged())
        self.roads.look()

    async def _keep(self, directory: Directory, by: str) -> None:
        row = DirectoryRow(directory.digest, self._office.clock.time(), msgspec.msgpack.encode(directory), True)

        def keep(tx: Tx) -> None:
            for old in tx.find(DIRECTORY, "active = 1"):
                tx.update(DIRECTORY, msgspec.structs.replace(old, active=False))
            tx.put(DIRECTORY, row)
            tx.event("directory.imported", "directory/active", digest=directory.digest, by=by, persons=len(directory.persons))
            tx.audit(Deed.of("import", "directory/active", content=directory.digest, asked_by=by))

        await self._store.run(keep, then=lambda _: self._use(directory))
