"""The armed switches of loud channels as the core knows them: each change stands in the audit, and `channel why` says how they stand.

The switch lies in the settings, so who turned it is known as far as their file tells: which one, whose it is, when it was last written.
Source: security.md §1, §6.
"""

from __future__ import annotations

import asyncio
import pwd
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from fenghuo.model.audit import By
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["ArmedSwitches", "armed_as"]

_BY = By("fenghuo", "system", "settings")
_NOTE = "armed."


class ArmedSwitches:
    """`file`: of the settings; `on_stand(name, why_off)` hears how each stands, once that is on the disk."""

    def __init__(self, store: Store, file: Path, on_stand: Callable[[str, str], None]) -> None:
        self._store = store
        self._file = file
        self._on_stand = on_stand

    async def stands(self, name: str, why_off: str, at: datetime | None) -> None:
        """How the switch of a channel stands now; a change is on the disk when this returns. Raises: StoreError."""
        written = await asyncio.to_thread(_written, self._file)
        instant = at.isoformat() if at is not None else ""
        state = MetaRow(f"{_NOTE}{name}", f"{'off' if why_off else 'on'} {instant}")

        def job(tx: Tx) -> None:
            before = tx.sound(META, state.name)
            if before is not None and before.value == state.value:
                return
            tx.put(META, state)
            was = before.value.partition(" ")[0] if before is not None else ""
            facts = {"was": was, "armed": instant, "cause": why_off, **written}
            tx.audit(Deed.of("disarm" if why_off else "arm", f"channel/{name}", **facts), by=_BY)
            tx.event("channel.disarmed" if why_off else "channel.armed", f"channel/{name}", **facts)

        await self._store.run(job)
        self._on_stand(name, why_off)


def armed_as(running: msgspec.Struct, new: msgspec.Struct) -> msgspec.Struct | None:
    """The settings that a channel runs with, with the switch of the new ones; None where there is no switch or it was not turned."""
    if "armed" not in running.__struct_fields__ or type(running) is not type(new):
        return None
    before, after = getattr(running, "armed"), getattr(new, "armed")  # noqa: B009  a plugin's struct, known by its field
    return None if before == after else msgspec.structs.replace(running, armed=after)


def _written(file: Path) -> dict[str, str]:
    """What the disk knows of who turned it."""
    try:
        found = file.stat()
    except OSError:
        return {"settings": str(file)}
    return {"settings": str(file), "written": rfc3339(found.st_mtime) or "", "owner": _owner(found.st_uid)}


def _owner(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
