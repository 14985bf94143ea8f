"""Which page goes next, and over what: the lane that a channel has for pages, and the alternates of a page, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.fan_out import Again, OpenFanOut, Span
from fenghuo.engine.standing import refusal
from fenghuo.model.delivery import Objective, ObjectiveState
from fenghuo.model.situation import Admin, Health
from fenghuo.model.traffic import Priority

__all__ = ["Lanes"]


class Lanes:
    """A lane is half of what the channel may carry at once, so that an order to one person always finds a place beside an alert to a
    million. `on_cut_off`: told of an objective of which no channel can take a page any more."""

    def __init__(self, board: ChannelBoard, *, on_cut_off: Callable[[Objective], None]) -> None:
        self._board = board
        self._on_cut_off = on_cut_off
        self._flying: Counter[str] = Counter()
        self._open_at: dict[str, float] = {}
        self.is_shed: Callable[[Objective], bool] = _never

    @property
    def in_flight(self) -> int:
        """Pages that are being carried."""
        return sum(self._flying.values())

    @property
    def open_at(self) -> Iterable[float]:
        """When lanes open that keep a gap between two pages (UTC seconds)."""
        return self._open_at.values()

    def take(self, instance: Instance, now: float) -> None:
        """A page begins on it."""
        self._flying[instance.name] += 1
        self._open_at[instance.name] = now + instance.gap_s

    def leave(self, instance: Instance) -> None:
        """A page has come to its outcome."""
        self._flying[instance.name] -= 1

    def choose(self, fans: Iterable[OpenFanOut], now: float) -> tuple[OpenFanOut, Again, Instance] | None:
        """Which page goes next, and over what: urgent fan-outs first, and in turns."""
        open_ones = [fan for fan in fans if fan.may_go and fan.opened.objective.state is not ObjectiveState.WAIVED]
        going = [fan for fan in open_ones if not self.is_shed(fan.opened.objective)]
        for fan in sorted(going, key=lambda fan: (fan.opened.objective.priority, fan.turn)):
            for page in fan.candidates(now):
                instance = self.channel_for(fan, page, now)
                if instance is not None:
                    return fan, page, instance
        return None

    def way(self, fan: OpenFanOut, page: Again, span: Span) -> str:
        """What a page waits for."""
        names = [name for name in self._alternates(fan, page, span) if name != page.never]
        return next((name for name in names if self._usable(fan, name, span.kind) is not None), names[0] if names else page.never)

    def channel_for(self, fan: OpenFanOut, page: Again, now: float) -> Instance | None:
        """The first alternate that is usable, if it has room; those behind it are for when it is not."""
        span = fan.span_of(page.number)
        usable = [instance for name in self._alternates(fan, page, span) if (instance := self._usable(fan, name, span.kind)) is not None]
        self._tell_cut_off(fan, is_cut_off=not usable)
        best = next((instance for instance in usable if instance.name != page.never), usable[0] if usable else None)
        if best is None or self._open_at.get(best.name, 0.0) > now:
            return None
        return best if self._flying[best.name] < max(min(best.admitted, 1), best.admitted // 2) else None

    def _usable(self, fan: OpenFanOut, name: str, kind: str) -> Instance | None:
        instance = self._board.get(name)
        if instance is None or not instance.capabilities.batch or fan.opened.objective.traffic not in instance.traffic:
            return None
        is_silent = instance.ruled.is_silent and fan.opened.objective.priority is not Priority.P0
        if is_silent or refusal(instance.ungraded, fan.opened.objective):
            return None
        fits = not kind or kind in instance.address_kinds
        return instance if fits and instance.admin is Admin.ENABLED and instance.health.state is not Health.DOWN else None

    def others(self, fan: OpenFanOut, number: int, channel: str) -> list[str]:
        """What else could carry a page, right now."""
        kind, names = fan.span_of(number).kind, fan.row.channels if not fan.row.source else ()
        return [name for name in names if name != channel and self._usable(fan, name, kind)]

    def _alternates(self, fan: OpenFanOut, page: Again, span: Span) -> tuple[str, ...]:
        """The channels that may take a page, best first. People who are told again are told by what told them; where that is switched off,
        by what else takes their kind of address (taking_back.py)."""
        if page.only or not span.channel:
            return (page.only,) if page.only else fan.row.channels
        told_by = self._board.get(span.channel)
        if told_by is not None and told_by.admin is Admin.ENABLED:
            return (span.channel,)
        kinds = frozenset(fan.row.kinds)
        others = (name for name in fan.row.channels if (one := self._board.get(name)) is not None and kinds.issubset(one.address_kinds))
        return (span.channel, *(name for name in others if name != span.channel))

    def _tell_cut_off(self, fan: OpenFanOut, *, is_cut_off: bool) -> None:
        if is_cut_off and not fan.is_cut_off:
            self._on_cut_off(fan.opened.objective)
        fan.is_cut_off = is_cut_off


def _never(objective: Objective) -> bool:
    """Until the modes are wired in, nothing is shed."""
    return False
