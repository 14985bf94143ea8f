"""Gauges read the engine at the moment of asking."""

from __future__ import annotations

from pathlib import Path

from fenghuo.model.delivery import Unknown
from fenghuo.service.gauges import watch_room
from fenghuo.service.metrics import FAMILIES, Metrics
from tests.core.engine.house import House, opened


def read(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Every gauge as label values → value."""
    return {name: {tuple(labels.values()): value for labels, value in gauge()} for name, gauge in metrics.gauges().items()}


def watched(house: House) -> Metrics:
    metrics = Metrics()
    watch_room(metrics, house.room, house.store)
    return metrics


async def test_each_gauge_is_a_known_family(tmp_path: Path) -> None:
    """With its sentence and its labels in docs/reference/metrics.md."""
    async with opened(tmp_path) as house:
        assert set(watched(house).gauges()) <= set(FAMILIES)


async def test_gauges_follow_the_engine(tmp_path: Path) -> None:
    """Nothing is kept between two questions: what ends is gone from the next answer."""
    async with opened(tmp_path) as house:
        metrics = watched(house)
        assert (0.0, {("a", "up"): 1.0, ("r", "up"): 1.0}) == (read(metrics)["open_objectives"][()], read(metrics)["channel_health"])
        await house.order("wang")
        assert 1.0 == read(metrics)["open_objectives"][()]
        await house.receipt(house.sent[0])
        assert 0.0 == read(metrics)["open_objectives"][()]
        house.down("r")
        await house.settle()
        assert {("a", "up"): 1.0, ("r", "down"): 1.0} == read(metrics)["channel_health"]


async def test_a_doubt_is_counted_until_it_is_settled(tmp_path: Path) -> None:
    """And commits only rise."""
    async with opened(tmp_path) as house:
        metrics = watched(house)
        house.channel["a"].outcomes.append(Unknown("timeout"))
        before = read(metrics)["commits"][()]
        await house.order("wang")
        assert 1.0 == read(metrics)["in_doubt"][()]
        assert read(metrics)["commits"][()] > before
        await house.receipt(house.sent[0])
        assert 0.0 == read(metrics)["in_doubt"][()]


async def test_what_waits_is_counted_by_channel(tmp_path: Path) -> None:
    """Queued on its channel, and in flight while it is being emitted."""
    async with opened(tmp_path) as house:
        metrics = watched(house)
        seen: list[tuple[float, float]] = []

        async def look(emission: object) -> None:
            seen.append((read(metrics)["in_flight"][()], read(metrics)["queued"][("a",)]))

        house.channel["a"].during = look
        await house.order("wang")
        assert ([(1.0, 0.0)], {("a",): 0.0, ("r",): 0.0}) == (seen, read(metrics)["queued"])
