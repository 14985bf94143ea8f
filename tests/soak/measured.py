"""What a soak has measured, and what it makes of it: slopes, worst values, and what became of every order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

__all__ = ["Ledger", "Sample", "slope_per_h", "worst"]


class Sample(msgspec.Struct, frozen=True):
    """The daemon at one moment. `at`: seconds since the soak began; `life`: which process it is, from 1; `lag_s`: of its loop."""

    at: float
    life: int
    rss_mib: float
    descriptors: int
    lag_s: float


def slope_per_h(samples: Sequence[tuple[float, float]]) -> float | None:
    """The least-squares slope of (seconds, value), for an hour; None: fewer than three."""
    if len(samples) < 3:
        return None
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return 3600.0 * sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else None


def worst(values: Iterable[float], share: float) -> float:
    """The value that `share` of them do not exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Ledger:
    """Every order: when it was promised, and under which tokens its far end received it."""

    def __init__(self) -> None:
        self.promised: dict[int, float] = {}
        self.tokens: dict[int, list[str]] = {}
        self.refused = 0
        self.unanswered = 0

    def received(self, order: int, token: str) -> None:
        """The far end has one more POST."""
        self.tokens.setdefault(order, []).append(token)

    @property
    def missing(self) -> set[int]:
        """Promised and received by nobody."""
        return self.promised.keys() - self.tokens.keys()

    @property
    def copies(self) -> int:
        """POSTs that came again under their token, which a receiver knows and shows once."""
        return sum(len(tokens) - len(set(tokens)) for tokens in self.tokens.values())

    @property
    def doubled(self) -> set[int]:
        """Orders that came under more than one token: a receiver would show them twice."""
        return {order for order, tokens in self.tokens.items() if len(set(tokens)) > 1}
