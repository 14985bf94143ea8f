"""Watches what is left of the ways to each place, and says so: to the modes as signals, to people as events and an alarm.

Our own evidence is one source, and enough by itself; all that others report is another, however many they are: two feeds may both repeat
what one of them heard, and none of them makes anybody isolated. What a device has contradicted counts for nothing. It looks when something
has changed and never else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.network import NODE, Way, Ways, alarming, area_of, is_live, places, ways_of
from fenghuo.engine.office import Office
from fenghuo.engine.outages import Outage, is_hit, is_there, places_of
from fenghuo.engine.outages_heard import Outages
from fenghuo.model.mode import Axis, NetworkMode, Signal
from fenghuo.plugin.ports import Capabilities, Doubt
from fenghuo.store.store import Store

__all__ = ["Left", "NetworkWatch"]

HEALTH, FEED = "health", "feed"
HOLDS_S = 366 * 86_400.0
"""What is said holds until something else is: health tells each change by itself."""


class Left(msgspec.Struct, frozen=True):
    """What is left for one place: by our own evidence, and as far as others say what is out, by theirs. `since`: UTC seconds."""

    place: str
    name: str
    since: float
    ways: Ways
    reported: Ways
    by: tuple[str, ...] = ()


class NetworkWatch:
    """`on_signal` takes each word for the modes."""

    def __init__(self, office: Office, store: Store, board: ChannelBoard, outages: Outages) -> None:
        self._office = office
        self._store = store
        self._board = board
        self._outages = outages
        self._seen: object = None
        self._spoke: dict[str, dict[str, NetworkMode]] = {}
        self.left: Mapping[str, Left] = {}
        self.on_signal: Callable[[Signal], None] = _nobody_hears

    def look(self) -> None:
        """Take into account what has changed since the last look; costs nothing where nothing has."""
        stands = self._outages.standing()
        states = tuple((one.name, one.admin, one.health.state) for one in self._board)
        seen = (self._office.directory.digest, stands, self._outages.disproved(), states)
        if seen == self._seen:
            return
        self._seen = seen
        now, before = self._office.clock.time(), self.left
        self.left = {one.place: one for one in self._left(stands, now)}
        for one in self.left.values():
            was = before.get(one.place)
            if was is None or was.ways != one.ways:
                self._tell(one, was)
            self._signal(one, now)
        for place in [place for place in self._spoke if place not in self.left]:
            self._say(place, {}, "nobody can be reached there any more", now)

    def _left(self, stands: tuple[Outage, ...], now: float) -> Iterator[Left]:
        live = tuple(one for one in self._board if is_live(one.view(), one.capabilities.needs, is_mute=_is_mute(one.capabilities)))
        ways = tuple(Way.of(one.view()) for one in live)
        wanted: dict[str, frozenset[str] | None] = {NODE: None, **places(self._office.directory)}
        for place, kinds in wanted.items():
            about = self._about(place, stands)
            hit = [(word, one.name) for word in about for one in live if is_hit(word, one.view())]
            hit = [(word, name) for word, name in hit if not self._is_disproved(word, name, place)]
            out = {name for _, name in hit}
            mine = ways_of(ways, kinds)
            theirs = ways_of(ways, kinds, out)
            if mine is None or theirs is None:
                continue
            was = self.left.get(place)
            since = was.since if was is not None and was.ways.mode is mine.mode else now
            by = tuple(sorted({word.by for word, _ in hit}))
            yield Left(place, self._name(place), since, mine, theirs, by)

    def _about(self, place: str, stands: Iterable[Outage]) -> list[Outage]:
        """The words about a place: those about everywhere, and those about an area that it lies in."""
        area, directory = area_of(place), self._office.directory
        org = directory.org_by_id.get(place)
        here = [one for one in (area, org.area if org is not None else None) if one is not None]
        return [word for word in stands if word.area is None or is_there(word.area, here, directory)]

    def _is_disproved(self, word: Outage, channel: str, place: str) -> bool:
        """Whether a device has had something over the channel since: as a whole, or somebody's who is there."""
        area, directory = area_of(place), self._office.directory
        here = [recipient for ident, name, recipient in self._outages.disproved() if (ident, name) == (word.id, channel)]
        return any(not one or (area is not None and is_there(area, places_of(one, directory), directory)) for one in here)

    def _name(self, place: str) -> str:
        directory, area = self._office.directory, area_of(place)
        if area is not None:
            known = directory.area_by_ref.get(area)
            return known.name if known is not None else place
        org = directory.org_by_id.get(place)
        return org.name if org is not None else self._office.node

    def _tell(self, one: Left, was: Left | None) -> None:
        """Of a first look only what is bad; a start, of which nobody knows anything yet, is none."""
        before = was.ways if was is not None else None
        if before is None and one.ways.mode is not NetworkMode.ISOLATED:
            return
        kind = "alarm.network" if alarming(before, one.ways) else "network.changed"
        body = {
            "name": one.name,
            "was": before.mode.value if before is not None else None,
            "mode": one.ways.mode.value,
            "groups": one.ways.groups,
            "normal": one.ways.normal,
            "lost": one.ways.lost,
            "message": f"{one.name}: {one.ways.mode.value}, {one.ways.says}",
        }
        self._store.submit(lambda tx: tx.event(kind, f"network/{one.place or 'node'}", **body))

    def _signal(self, one: Left, now: float) -> None:
        """Every source's word, where it is another than before."""
        said: dict[str, NetworkMode] = {HEALTH: one.ways.mode}
        if one.by:
            said[FEED] = one.reported.mode
        self._say(one.place, said, one.ways.says, now)

    def _say(self, place: str, said: Mapping[str, NetworkMode], reason: str, now: float) -> None:
        before = self._spoke.get(place, {})
        taken_back = {source: NetworkMode.UNKNOWN for source in before if source not in said}
        for source, mode in {**taken_back, **said}.items():
            if before.get(source) is not mode:
                self.on_signal(Signal(Axis.NETWORK, place, mode.value, source, now, now + HOLDS_S, reason))
        self._spoke[place] = dict(said)
        if not said:
            del self._spoke[place]


def _is_mute(capabilities: Capabilities) -> bool:
    return capabilities.mute or capabilities.doubt is Doubt.ACTUATOR


def _nobody_hears(signal: Signal) -> None:
    """Until the modes are wired in."""
