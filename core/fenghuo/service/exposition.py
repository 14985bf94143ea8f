"""The metrics in the text format of Prometheus. Imported when /metrics is first asked for."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from fenghuo.service.metrics import FAMILIES, Family, Metrics

__all__ = ["text"]

PREFIX = "fenghuo_"


class Counted(Collector):
    """Reads a Metrics at the moment of scraping."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Counters first, then gauges, each family once."""
        yield from self._counters()
        for name, read in sorted(self._metrics.gauges().items()):
            samples = [(dict(labels), value) for labels, value in read()]
            names = _label_names(name, [set(labels) for labels, _ in samples])
            gauge = GaugeMetricFamily(PREFIX + name, _help(name), labels=names)
            for labels, value in samples:
                gauge.add_metric([labels.get(label, "") for label in names], value)
            yield gauge

    def _counters(self) -> Iterator[CounterMetricFamily]:
        by_name: dict[str, list[tuple[dict[str, str], float]]] = {}
        for (name, pairs), value in sorted(self._metrics.counts().items()):
            by_name.setdefault(name, []).append((dict(pairs), value))
        for name, samples in by_name.items():
            names = _label_names(name, [set(labels) for labels, _ in samples])
            counter = CounterMetricFamily(PREFIX + name, _help(name), labels=names)
            for labels, value in samples:
                counter.add_metric([labels.get(label, "") for label in names], value)
            yield counter


def text(metrics: Metrics) -> str:
    """Everything `metrics` knows, and what the process uses."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counted(metrics))
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()


def _help(name: str) -> str:
    return FAMILIES.get(name, Family(name, name)).help


def _label_names(name: str, seen: list[set[str]]) -> list[str]:
    declared = FAMILIES[name].labels if name in FAMILIES else ()
    return [*declared, *sorted(set().union(*seen) - set(declared))]
