"""Verbs of the desk about modes: what holds, what a profile does, a person's declaration and its end, what came of each change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fenghuo.engine.modes import Declared, Stand
from fenghuo.engine.modes_axis import MODES
from fenghuo.engine.modes_effect import lies_in
from fenghuo.errors import FormatError
from fenghuo.model.mode import Axis
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.modes import ModeKeeper
from fenghuo.service.showing import rfc3339
from fenghuo.store.audit import acting
from fenghuo.store.store import Store
from fenghuo.store.tables import EVENT

__all__ = ["ModeVerbs", "mode_path", "stand_view"]

LONGEST_H = 72.0
"""Hours that one declaration may hold: whoever means it for longer says so again."""
KINDS = ("mode.changed", "mode.replanned", "alarm.sanwu", "sanwu.over")


class Declare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`place`: an area code or the id of a site, empty for the node; `lasts_s`: seconds until it expires."""

    axis: Axis
    mode: str
    reason: Annotated[str, Meta(min_length=1)]
    lasts_s: Annotated[float, Meta(gt=0, le=LONGEST_H * 3600.0)]
    place: str = ""


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which declaration, and why it ends."""

    axis: Axis
    place: str = ""
    reason: str = ""


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest so many."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 20


class ModeVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, room: EngineRoom, store: Store, keeper: ModeKeeper) -> None:
        self._room = room
        self._store = store
        self._keeper = keeper

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "mode.ls": self.ls,
            "mode.show": self.show,
            "mode.declare": self.declare,
            "mode.end": self.end,
            "mode.log": self.log,
        }

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """What holds on each axis, of the node first; and where nothing is left (三无)."""
        modes = self._room.modes
        stands = {(stand.axis, stand.place): stand for stand in (*map(modes.stand, Axis), *modes.stands())}
        shown = sorted(stands.values(), key=lambda stand: (stand.place, tuple(Axis).index(stand.axis)))
        return {"stands": [stand_view(stand) for stand in shown], "sanwu": sorted(modes.lost(self._room.in_force.covers))}

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The profiles that there are, and what is laid over everything now."""
        in_force = self._room.in_force
        profiles = [msgspec.to_builtins(profile) for profile in in_force.profiles.values()]
        return {"profiles": profiles, "node": msgspec.to_builtins(in_force.node()), "delegates": sorted(in_force.delegates())}

    async def declare(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, Declare)
        if wanted.mode not in MODES[wanted.axis]:
            says = f"mode is {wanted.mode!r}; the modes of {wanted.axis} are {', '.join(MODES[wanted.axis])}"
            raise FormatError(says, code="bad-argument", where="mode")
        self._know(wanted.place)
        now = self._room.office.clock.time()
        declared = Declared(wanted.axis, wanted.place, wanted.mode, actor.name, wanted.reason, now, now + wanted.lasts_s)
        await self._keeper.declare(declared, acting.get())
        return stand_view(self._room.modes.stand(wanted.axis, wanted.place))

    async def end(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(args, End)
        await self._keeper.end(wanted.axis, wanted.place, acting.get(), wanted.reason)
        return stand_view(self._room.modes.stand(wanted.axis, wanted.place))

    async def log(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The newest changes and what each moved, oldest first."""
        wanted = msgspec.convert(args, Read)
        kinds = ", ".join(f"'{kind}'" for kind in KINDS)
        rows = await self._store.find(EVENT, f"type IN ({kinds}) ORDER BY seq DESC", limit=wanted.limit)
        return [
            {"seq": row.seq, "at": rfc3339(row.at), "type": row.type, "subject": row.subject, **msgspec.json.decode(row.body)}
            for row in reversed(rows)
        ]

    def _know(self, place: str) -> None:
        """Raises: FormatError: no such place is in the directory; a slip would declare a mode that acts on nobody."""
        directory = self._room.office.directory
        areas = (code for area in directory.areas for code in (area.ref.code, str(area.ref)))
        known = {"", *(org.id for org in directory.orgs)}
        is_known = place in known or any(lies_in(place, code) or lies_in(code, place) for code in areas)
        if not is_known:
            says = f"place is {place!r}; it must be an area code or an organisation of the directory, or empty for the node"
            raise FormatError(says, code="bad-argument", where="place")


def mode_path(stand: Stand) -> str:
    """Where a stand is in the state of the node, and what its events are about."""
    return f"mode/{stand.axis}" + (f"/{stand.place}" if stand.place else "")


def stand_view(stand: Stand) -> dict[str, Any]:
    """A stand as people and programs see it."""
    return {
        "axis": stand.axis.value,
        "place": stand.place,
        "mode": stand.mode,
        "since": rfc3339(stand.since) if stand.since else None,
        "declared": stand.is_declared,
        "by": stand.by,
        "until": rfc3339(stand.until),
        "sensed": stand.sensed,
        "stale": stand.is_stale,
        "why": list(stand.why),
    }
