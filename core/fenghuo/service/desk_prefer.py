"""The verb by which an operator has a channel go first for a while, and the memory of it.

Preference is no switch: of alternates on one rung that are equally well the preferred one goes first, and nothing else changes - not what
a mode holds back, not the order of the rungs, not what is unwell. It ends by itself, so that what was for one night is not for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from fenghuo.engine.channels import ChannelBoard, Preferred
from fenghuo.engine.facts import ChannelSwitched, Facts
from fenghuo.errors import NotFound
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.kept_in_meta import taken_back
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import Deed
from fenghuo.store.records import MetaRow
from fenghuo.store.store import Store
from fenghuo.store.tables import META
from fenghuo.store.transaction import Tx

__all__ = ["LONGEST_S", "PreferVerbs"]

LONGEST_S = 12 * 3600.0
"""A shift."""
_KEPT = "preferred."


class Prefer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lasts_s`: from now on, 0: not any more; `reason`: for what."""

    name: str
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    lasts_s: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_S)] = 3600.0


class PreferVerbs:
    """Carries out what the desk has allowed, and takes it back at a start."""

    def __init__(self, board: ChannelBoard, facts: Facts, store: Store) -> None:
        self._board = board
        self._facts = facts
        self._store = store

    def verbs(self) -> Mapping[str, Verb]:
        return {"channel.prefer": self.prefer}

    async def load(self) -> None:
        """Raises: StoreError."""
        async for one in taken_back(self._store, _KEPT, Preferred, what="the preference of a channel"):
            self._board.prefer(one)

    async def prefer(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises: NotFound."""
        wanted = msgspec.convert(args, Prefer)
        if self._board.get(wanted.name) is None:
            raise NotFound(f"no channel is named {wanted.name}; there are {', '.join(sorted(self._board.names())) or 'none'}")
        until = self._board.now() + wanted.lasts_s if wanted.lasts_s else 0.0
        one = Preferred(wanted.name, until, actor.name, wanted.reason)
        told: dict[str, Any] = {"until": rfc3339(until) if until else None, "reason": wanted.reason}

        def keep(tx: Tx) -> None:
            tx.put(META, MetaRow(f"{_KEPT}{one.name}", msgspec.json.encode(one).decode()))
            tx.event("channel.preferred", f"channel/{one.name}", by=actor.name, **told)
            tx.audit(Deed.of("prefer", f"channel/{one.name}", **told))

        def go_by_it(_: None) -> None:
            self._board.prefer(one)
            self._facts.put(ChannelSwitched(one.name))

        await self._store.run(keep, then=go_by_it)
        return {"name": one.name, "by": actor.name, **told}
