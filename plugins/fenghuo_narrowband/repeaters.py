"""Which digipeater carries us: the base station while it is there, a mobile station that stands in for it when it is not. Pure.

A digipeater answers nobody. What is known of one is what was heard of it: a frame that it said again, or one of its own, such as a
beacon; and that a frame which it should have said again was not heard.
"""

from __future__ import annotations

import math

import msgspec

from fenghuo_adapters.ax25_framing import Address, UiFrame

__all__ = ["Repeaters", "Route"]

Route = tuple[Address, ...]
"""The digipeaters that a frame names, in order."""


class _Known(msgspec.Struct):
    """`is_here`: heard since it was last missed; `lost_at`: when that was, monotonic seconds."""

    route: Route
    is_here: bool
    lost_at: float = -math.inf


class Repeaters:
    """The way through the base station, and one through each relay, in the order in which they are taken.

    `steady_s`: for so long after it was lost the base station is no first choice, while a relay carries us: one that comes and goes costs
    one change of way in so long (failover.md, Health of a channel). A relay counts as absent until it is heard.
    """

    def __init__(self, base: Route, relays: tuple[Address, ...], *, steady_s: float) -> None:
        self._steady_s = steady_s
        self._base = _Known(base, is_here=True)
        self._relays = [_Known((relay,), is_here=False) for relay in relays]

    def route(self, now: float) -> Route | None:
        """By whom the next frame goes; None: nobody who is there would say it again. Without a base station always the empty one."""
        if self._base.is_here and now - self._base.lost_at >= self._steady_s:
            return self._base.route
        relay = next((known.route for known in self._relays if known.is_here), None)
        return relay if relay is not None else self._base.route if self._base.is_here else None

    def anew(self) -> None:
        """The line to the TNC was lost and is back: what was known of the air is old."""
        self._base = _Known(self._base.route, is_here=True)

    def heard(self, frame: UiFrame) -> bool:
        """Whether this frame shows that one is there of which that was not known."""
        voices = {frame.source, *frame.path[: frame.repeated]}
        found = [known for known in self._all() if not known.is_here and known.route and known.route[0] in voices]
        for known in found:
            known.is_here = True
        return bool(found)

    def lost(self, route: Route, now: float) -> None:
        """Nobody said again what should have gone this way."""
        for known in self._all():
            if known.route == route:
                known.is_here, known.lost_at = False, now

    def absent(self) -> list[Route]:
        """The ways that may be asked after, the least lately given up first."""
        return [known.route for known in sorted(self._all(), key=lambda known: known.lost_at) if not known.is_here]

    def is_base_due(self, now: float) -> bool:
        """Whether it is time to ask for the base station again, which nobody uses while a relay carries us and so nobody hears."""
        return not self._base.is_here and now - self._base.lost_at >= self._steady_s

    def says(self, now: float) -> str:
        """How it stands, for an operator; empty without a base station or while that carries us."""
        base, route = self._base, self.route(now)
        if route == base.route:
            return ""
        name = ",".join(map(str, base.route)) or "direct"
        gone = f"{name} is {'back, and not steady yet' if base.is_here else 'not heard (direct_mode)'}"
        return f"{gone}: {route[0]} relays" if route else f"{gone}, and no relay is"

    def _all(self) -> list[_Known]:
        return [self._base, *self._relays]
