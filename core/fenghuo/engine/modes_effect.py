"""What the modes in force do to the channels of the node, and to whatever goes to one recipient. Pure.

A mode of the node is over everything; one of a site or an area over whoever is there: the people of that organisation, or those all of
whose areas lie in it, by whichever of its codes. What a person answers for beyond it is reached as ever.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from fenghuo.engine.modes import NODE, Modes, Stand
from fenghuo.engine.modes_profile import NOTHING, Detail, Overlay, Profiles, merged, overlay_of
from fenghuo.engine.rules import Escalation
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.directory import Directory, RecipientId
from fenghuo.model.situation import Admin, ChannelView, Situation
from fenghuo.model.traffic import Priority
from fenghuo.plugin.values import PowerLevel

__all__ = ["FREE", "SHORT_OCTETS", "InForce", "Ruled", "is_shed", "lies_in", "overlaid", "ruled", "short_form", "stretched"]

SHORT_OCTETS = 140
"""What one short message holds, octets: 70 characters of a text. Source: 3GPP TS 23.040 §9.2.3.16."""
_TEXTS = frozenset({"sms", "radio"})
"""Forms of text that can be cut to a budget; a machine's form says all or nothing."""


class Ruled(msgspec.Struct, frozen=True):
    """What the modes say of one channel instance; one that may not draw all it needs is inhibited, too.

    `inhibited`, `enabled`: the mode of the node that does so, empty where none does; `is_lent`: one of a place enables it, for whoever is
    there; `is_silent`: nothing but a P0 goes by it; `probe_every`: what its waits between probes are multiplied by; `reserve`: the share
    of its medium's time that P2 to P4 leave free."""

    inhibited: str = ""
    enabled: str = ""
    is_lent: bool = False
    is_silent: bool = False
    probe_every: float = 1.0
    reserve: float = 0.0


FREE = Ruled()
"""Of a channel of which no mode says anything."""


def ruled(name: str, medium: str, stands: Iterable[Stand], profiles: Profiles) -> Ruled:
    """What all that holds says of one channel on its medium."""
    overlays = [(stand, overlay_of(stand, profiles)) for stand in stands]
    own = [(stand, overlay) for stand, overlay in overlays if stand.place == NODE]
    return Ruled(
        inhibited=next((_named(stand) for stand, overlay in own if name in overlay.inhibit or _is_quiet(name, overlay)), ""),
        enabled=next((_named(stand) for stand, overlay in own if name in overlay.enable), ""),
        is_lent=any(name in overlay.enable for _, overlay in overlays),
        is_silent=any(name in overlay.silence for _, overlay in own),
        probe_every=max((overlay.probe_every for _, overlay in own), default=1.0),
        reserve=max((overlay.reserve.get(medium, 0.0) for _, overlay in own), default=0.0),
    )


def overlaid(situation: Situation, overlay: Overlay, priority: Priority) -> Situation:
    """The Situation as it is for this class where this is laid over it."""
    if not (overlay.enable or overlay.inhibit or overlay.silence or overlay.weight):
        return situation
    if priority is Priority.P0:
        overlay = msgspec.structs.replace(overlay, silence=())
    return msgspec.structs.replace(situation, channels=tuple(_laid(view, overlay) for view in situation.channels))


def is_shed(priority: Priority, overlay: Overlay) -> bool:
    """Whether a class is held until the mode is over."""
    return priority.name in overlay.shed


def stretched(steps: tuple[Escalation, ...], factor: float) -> tuple[Escalation, ...]:
    """Steps of an escalation after so many times their waits."""
    if factor == 1.0:
        return steps
    return tuple(msgspec.structs.replace(step, after_s=step.after_s * factor) for step in steps)


def short_form(form: str, overlay: Overlay) -> str:
    """The form that a rendition is to have instead of this one: the same, cut to one short message, where that is asked for."""
    name, _, octets = form.partition("/")
    if overlay.rendition is not Detail.SHORT or name not in _TEXTS:
        return form
    return f"{name}/{min(int(octets or SHORT_OCTETS), SHORT_OCTETS)}"


@functools.lru_cache(maxsize=65_536)
def lies_in(outer: str, inner: str) -> bool:
    """Whether one place lies in another, by their codes; a site is only in itself."""
    whole, part = _areas(outer), _areas(inner)
    return outer == inner or any(one.covers(other) for one in whole for other in part)


Codes = frozenset[AreaRef]
"""An area by every code that it has; each list of codes has its own."""
Whereabouts = tuple[str, tuple[Codes, ...]]
"""The organisation of a recipient, and the areas where it is."""


class InForce:
    """What is laid over each recipient, reckoned when it is asked for and kept until something changes: once for all who are at the same
    place."""

    def __init__(self, modes: Modes, profiles: Profiles, directory: Callable[[], Directory]) -> None:
        self._modes = modes
        self._directory = directory
        self.profiles = profiles
        self._seen: object = None
        self._stands: tuple[tuple[Stand, Overlay], ...] = ()
        self._node = NOTHING
        self._here: dict[Whereabouts, Overlay] = {}
        self._digest = ""
        self._whereabouts: dict[RecipientId, Whereabouts] = {}

    def covers(self, outer: str, inner: str) -> bool:
        """Whether one place lies in another, by any of their codes."""
        known = self._directory().codes_of
        around, within = ({str(code) for area in _areas(place) for code in known.get(area, (area,))} for place in (outer, inner))
        return lies_in(outer, inner) or any(lies_in(one, other) for one in around for other in within)

    def node(self) -> Overlay:
        """What is laid over everything."""
        self._refresh()
        return self._node

    def of(self, recipient: RecipientId) -> Overlay:
        """What is laid over whatever goes to a recipient."""
        self._refresh()
        if not self._stands:
            return self._node
        where = self._where(recipient)
        found = self._here.get(where)
        if found is None:
            here = (overlay for stand, overlay in self._stands if _is_over(stand.place, where))
            found = self._here[where] = merged((self._node, *here))
        return found

    def concerned(self, places: Collection[str]) -> Callable[[RecipientId], bool]:
        """Whether a mode of any of these places is over a recipient."""
        if NODE in places:
            return lambda recipient: True
        known: dict[Whereabouts, bool] = {}
        self._refresh()

        def is_concerned(recipient: RecipientId) -> bool:
            where = self._where(recipient)
            if where not in known:
                known[where] = any(_is_over(place, where) for place in places)
            return known[where]

        return is_concerned

    def delegates(self) -> frozenset[str]:
        """Who may sign beside those who always may."""
        return frozenset(name for stand in self._modes.stands() for name in overlay_of(stand, self.profiles).delegate)

    def delegated(self, name: str) -> frozenset[str]:
        """The places for which somebody may sign by a mode that is declared: the node, or areas; an organisation is its area."""
        places = (stand.place for stand in self._modes.stands() if name in overlay_of(stand, self.profiles).delegate)
        orgs = self._directory().org_by_id
        return frozenset(str(orgs[place].area) if place in orgs and orgs[place].area is not None else place for place in places)

    def _where(self, recipient: RecipientId) -> Whereabouts:
        found = self._whereabouts.get(recipient)
        if found is None:
            directory = self._directory()
            org, areas = _whereabouts(recipient, directory)
            known = dict.fromkeys(directory.codes_of.get(area) or frozenset({area}) for area in areas)
            found = self._whereabouts[recipient] = (org, tuple(known))
        return found

    def _refresh(self) -> None:
        digest = self._directory().digest
        if digest != self._digest:
            self._digest, self._whereabouts = digest, {}
        seen = (self._modes.turns, id(self.profiles), digest)
        if seen == self._seen:
            return
        self._seen, self._here = seen, {}
        overlays = [(stand, overlay_of(stand, self.profiles)) for stand in self._modes.stands()]
        self._node = merged(overlay for stand, overlay in overlays if stand.place == NODE)
        self._stands = tuple((stand, overlay) for stand, overlay in overlays if stand.place != NODE and overlay != NOTHING)


def _laid(view: ChannelView, overlay: Overlay) -> ChannelView:
    weight, admin = view.weight * overlay.weight.get(view.name, 1.0), view.admin
    if admin is Admin.STANDBY and view.name in overlay.enable:
        admin = Admin.ENABLED
    if admin is Admin.ENABLED and view.name in overlay.inhibit:
        admin = Admin.INHIBITED
    if admin is Admin.ENABLED and view.name in overlay.silence:
        admin = Admin.SILENT
    is_plain = weight == view.weight and admin is view.admin
    return view if is_plain else msgspec.structs.replace(view, weight=weight, admin=admin)


def _is_quiet(name: str, overlay: Overlay) -> bool:
    return overlay.power.get(name, PowerLevel.FULL) is not PowerLevel.FULL


def _named(stand: Stand) -> str:
    return f"mode {stand.axis} {stand.mode}" + (f", declared by {stand.by}" if stand.is_declared else "")


def _whereabouts(recipient: RecipientId, directory: Directory) -> tuple[str, tuple[AreaRef, ...]]:
    prefix, _, rest = recipient.partition(":")
    if prefix == "area":
        return "", (AreaRef.parse(rest),)
    person = directory.person_by_id.get(recipient)
    org = directory.org_by_id.get(rest if prefix == "org" else person.org if person is not None else "")
    areas = person.areas if person is not None else ()
    own = (org.area,) if org is not None and org.area is not None else ()
    return org.id if org is not None else "", areas or own


def _is_over(place: str, where: Whereabouts) -> bool:
    org, areas = where
    if place == org:
        return True
    around = _areas(place)
    return bool(around and areas) and all(any(one.covers(code) for one in around for code in codes) for codes in areas)


@functools.lru_cache(maxsize=4096)
def _areas(place: str) -> tuple[AreaRef, ...]:
    """The areas that a place may be: a bare code is of either list, as whoever senses something knows no lists."""
    system, colon, code = place.rpartition(":")
    if not (code.isascii() and code.isdigit() and 2 <= len(code) <= 12):
        return ()
    systems: Mapping[str, CodeSystem] = {one.value: one for one in CodeSystem}
    if colon:
        return (AreaRef(systems[system], code),) if system in systems else ()
    return tuple(AreaRef(one, code) for one in CodeSystem)
