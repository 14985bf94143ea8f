"""Verbs of the desk about what others say is out, and about what is left of the ways to each place."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from fenghuo.clock import seconds
from fenghuo.engine.network import NODE
from fenghuo.engine.network_watch import Left
from fenghuo.engine.outages import Outage, standing
from fenghuo.engine.whatif import named
from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.formats.table_reading import near
from fenghuo.model.area import AreaRef
from fenghuo.model.mode import NetworkMode
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.showing import rfc3339

__all__ = ["OutageVerbs", "network_view", "outage_view"]

SKEW_S = 300.0
"""The clock of a monitoring system may be so far ahead of ours."""
USUAL_S, LONGEST_S, SHORTEST_S = 3_600.0, 7 * 86_400.0, 10.0
LONGEST_TEXT, LONGEST_KEY = 500, 120
WORST_FIRST = (NetworkMode.ISOLATED, NetworkMode.DEGRADED, NetworkMode.UNKNOWN, NetworkMode.FULL)


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`what`: a risk group or a channel of the settings; `area`: SYSTEM:CODE, everywhere where empty; `since`: RFC 3339, now where empty;
    `lasts_s`: seconds from now for which this word holds; `key`: the reporter's own name for it, by which it is renewed and ended."""

    what: str
    area: str = ""
    since: str = ""
    lasts_s: float = USUAL_S
    key: str = ""
    reason: str = ""


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which one, by its id, or by the key of whoever asks."""

    id: str
    reason: str = ""


class OutageVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, room: EngineRoom) -> None:
        self._desk = desk
        self._room = room
        self._office = room.office
        self.hangs_on: Callable[[], Collection[str]] = frozenset  # what places hang on, in the inventory of what reaches the public

    def verbs(self) -> Mapping[str, Verb]:
        return {"outage.report": self.report, "outage.end": self.end, "outage.ls": self.ls, "network.ls": self.network}

    async def report(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Take a word. Raises: FormatError: it names nothing that is here, or its times make no sense; NotAllowed: not this one's area."""
        outage = self._read(actor, msgspec.convert(args, Report))
        is_new = await self._room.outages.report(outage)
        return {**outage_view(outage, self._office.clock.time(), self._channels(outage)), "new": is_new}

    async def end(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """It is over. Raises: NotFound; NotAllowed: somebody else's, which an operator may end and no source."""
        wanted = msgspec.convert(args, Ended)
        known = {one.id: one for one in self._room.outages}
        found = known.get(wanted.id) or known.get(f"{actor.name}/{wanted.id}")
        if found is None:
            raise NotFound(f"no outage {wanted.id!r} stands{near(wanted.id, known)}")
        if found.by != actor.name and "operator" not in actor.rights:
            raise NotAllowed(f"{actor.name} may end what it reported itself; {found.id} is the word of {found.by}")
        await self._room.outages.end(found, wanted.reason or f"{actor.name} says that it is over")
        return {"id": found.id, "ended": True, "by": actor.name}

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        now = self._office.clock.time()
        return [outage_view(one, now, self._channels(one)) for one in self._room.outages]

    async def network(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The node first, then place by place, the worst first."""
        found = sorted(self._room.network.left.values(), key=lambda one: (one.place != NODE, WORST_FIRST.index(one.ways.mode), one.place))
        return [network_view(one) for one in found]

    def _read(self, actor: Actor, wanted: Report) -> Outage:
        now = self._office.clock.time()
        known = named(self._room.board.situation()).union(self.hangs_on())
        if wanted.what not in known:
            raise _bad("what", f"{wanted.what!r} is no risk group and no channel of this node{near(wanted.what, known)}")
        if len(wanted.key) > LONGEST_KEY or len(wanted.reason) > LONGEST_TEXT:
            raise _bad("key", f"a key has at most {LONGEST_KEY} characters, a reason {LONGEST_TEXT}")
        area = self._area(actor, wanted.area)
        return Outage(
            key=wanted.key or (f"{wanted.what}@{area}" if area is not None else wanted.what),
            what=wanted.what,
            area=area,
            since=_since(wanted.since, now),
            reported_at=now,
            expires_at=now + _lasts_s(wanted.lasts_s),
            by=actor.name,
            reason=wanted.reason,
        )

    def _area(self, actor: Actor, text: str) -> AreaRef | None:
        """Raises: FormatError: nobody's area; NotAllowed: whoever speaks for some areas speaks for no other, and not for everywhere."""
        own = self._desk.origin(actor).areas
        if not text:
            if own:
                raise NotAllowed(f"{actor.name} speaks for {', '.join(map(str, own))} alone; name an area in them")
            return None
        try:
            area = AreaRef.parse(text)
        except ValueError as refusal:
            raise _bad("area", str(refusal)) from refusal
        directory = self._office.directory
        if directory.areas and not any(area.covers(one.ref) for one in directory.areas):
            raise _bad("area", f"the directory knows no area {area}, and none in it")
        if own and not any(one.covers(area) for one in own):
            raise NotAllowed(f"{actor.name} speaks for {', '.join(map(str, own))} alone, and not for {area}")
        return area

    def _channels(self, outage: Outage) -> list[str]:
        return [one.name for one in self._room.board if outage in self._room.outages.of(one)]


def network_view(one: Left) -> dict[str, Any]:
    """One line of `network.ls`; `reported`: what would be left if what others say is true, None where nobody says anything."""
    return {
        "place": one.place,
        "name": one.name,
        "mode": one.ways.mode.value,
        "since": rfc3339(one.since),
        "groups": one.ways.groups,
        "normal": one.ways.normal,
        "up": list(one.ways.up),
        "lost": list(one.ways.lost),
        "spare": list(one.ways.spare),
        "reported": one.reported.mode.value if one.by else None,
        "by": list(one.by),
    }


def outage_view(outage: Outage, now: float, channels: list[str]) -> dict[str, Any]:
    """One line of `outage.ls`; `channels`: those that it concerns."""
    return {
        "id": outage.id,
        "what": outage.what,
        "area": str(outage.area) if outage.area is not None else None,
        "since": rfc3339(outage.since),
        "expires": rfc3339(outage.expires_at),
        "stands": bool(standing((outage,), now)),
        "by": outage.by,
        "reason": outage.reason,
        "channels": channels,
    }


def _since(text: str, now: float) -> float:
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError as refusal:
        raise _bad("since", f"{text!r} is no time; write it as 2026-11-26T08:00:00+08:00") from refusal
    if at.tzinfo is None:
        raise _bad("since", f"{text!r} has no time zone; write it as 2026-11-26T08:00:00+08:00")
    if seconds(at) > now + SKEW_S:
        raise _bad("since", f"{text!r} is still to come, and an outage is reported when it has begun")
    return min(seconds(at), now)


def _lasts_s(lasts_s: float) -> float:
    if not (math.isfinite(lasts_s) and SHORTEST_S <= lasts_s <= LONGEST_S):
        says = f"{lasts_s:g} s; a word holds from {SHORTEST_S:g} s to {LONGEST_S:g} s, and is said again where it lasts longer"
        raise _bad("lasts_s", says)
    return lasts_s


def _bad(where: str, says: str) -> FormatError:
    return FormatError(f"{where}: {says}", code="bad-argument", where=where)
