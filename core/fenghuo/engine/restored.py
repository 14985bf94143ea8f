"""After a restore: what was in force in the backup may have been delivered and cancelled since, and nobody here knows.

It waits for a person's word (`fenghuo queue release`), and goes marked as a copy. A P0 does not wait: a marked copy of what is over does
less harm than silence about what is not, and nobody may be there to say so. What starts a device is not armed after a restore.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fenghuo.engine.batch import Batch
from fenghuo.errors import NotFound
from fenghuo.model.delivery import Delivery, DeliveryState, Objective
from fenghuo.model.traffic import Priority
from fenghuo.store.store import Store
from fenghuo.store.turned_back import Restoration, read_restored

__all__ = ["Restored"]

MOST_NAMED = 50
"""Messages that the alarm names; the rest is in its count."""
_WAITING = (DeliveryState.HELD, DeliveryState.READY)


class Restored:
    """What the last restore left for a person to say. Nothing, for a store that was never restored."""

    def __init__(self) -> None:
        self._mark = Restoration(0.0, 0.0)
        self._known: frozenset[str] = frozenset()
        self._held: frozenset[str] = frozenset()

    async def load(self, store: Store) -> None:
        """At the start, before anything is looked at. Raises: StoreError."""
        mark = await store.run(read_restored)
        if mark is not None:
            self._keep(mark)

    def _keep(self, mark: Restoration) -> None:
        self._mark, self._known = mark, frozenset(mark.messages)
        self._held = self._known - frozenset(mark.freed)

    def holds(self, objective: Objective) -> bool:
        """Whether nothing of it may begin before a person has said so."""
        return bool(self._held) and objective.priority > Priority.P0 and _key(objective.message, objective.revision) in self._held

    def copies(self, objective: Objective) -> int:
        """With how many copies a new delivery of it begins: who is asked after a restore may have been asked before it."""
        return int(_key(objective.message, objective.revision) in self._known)

    def marked(self, delivery: Delivery) -> Delivery:
        """At the first start after a restore, a delivery that waits: whatever becomes of it, it may be the second."""
        is_fresh = not self._mark.is_told and delivery.state in _WAITING and _key(delivery.message, delivery.revision) in self._held
        return msgspec.structs.replace(delivery, refires=delivery.refires + 1) if is_fresh else delivery

    def tell(self, objectives: Sequence[Objective], batch: Batch) -> None:
        """Once, at the first start after a restore: what is held, what goes as a copy, and of which time nothing is known."""
        if self._mark.is_told or not self._mark.at:
            return
        held = sorted({one.message for one in objectives if self.holds(one)})
        known = {one.message for one in objectives if _key(one.message, one.revision) in self._held}
        batch.event(
            "alarm.restored",
            "store",
            backup_at=self._mark.backup_at,
            restored_at=self._mark.at,
            held=len(held),
            copies=len(known.difference(held)),
            messages=held[:MOST_NAMED],
        )
        self._keep(msgspec.structs.replace(self._mark, is_told=True))
        batch.metas.append(self._mark.row())

    def free(self, message: str, batch: Batch) -> list[str]:
        """A person lets a message go, or with an empty name every one; whose that was. Raises: NotFound: nothing of that name is held."""
        keys = sorted(key for key in self._held if not message or key.rpartition("/")[0] == message)
        if not keys:
            what = f"message {message} is not" if message else "nothing is"
            raise NotFound(f"{what} held since a restore; `fenghuo queue ls` shows what is open and why it waits")
        self._keep(msgspec.structs.replace(self._mark, freed=(*self._mark.freed, *keys)))
        batch.metas.append(self._mark.row())
        return keys


def _key(message: str, revision: int) -> str:
    return f"{message}/{revision}"
