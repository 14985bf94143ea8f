"""Metrics: counting, gauges read at the moment of asking, and the text of Prometheus."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from fenghuo.model.event import Event
from fenghuo.service.metrics import FAMILIES, Metrics
from tests.scale import PATIENCE_S


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The text as another parser reads it."""
    families = text_string_to_metric_families(metrics.text())
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def test_counts_by_name_and_labels() -> None:
    """Each label set is counted for itself, in whatever order the labels are given."""
    metrics = Metrics()
    metrics.count("deliveries", channel="sms-a", state="MET")
    metrics.count("deliveries", 2, state="MET", channel="sms-a")
    metrics.count("deliveries", channel="sms-b", state="MET")
    found = samples(metrics)
    assert found["fenghuo_deliveries_total", (("channel", "sms-a"), ("state", "MET"))] == 3
    assert found["fenghuo_deliveries_total", (("channel", "sms-b"), ("state", "MET"))] == 1
    assert metrics.value("deliveries", channel="sms-a", state="MET") == 3


def test_a_gauge_is_read_when_asked() -> None:
    """A gauge shows what its owner says at the moment of asking."""
    metrics = Metrics()
    depth = 3
    metrics.gauge("queued", lambda: [({"channel": "sms-a"}, depth)])
    assert samples(metrics)["fenghuo_queued", (("channel", "sms-a"),)] == 3
    depth = 4
    assert samples(metrics)["fenghuo_queued", (("channel", "sms-a"),)] == 4


def test_a_name_nobody_declared_is_shown_too() -> None:
    """A count outside the table is shown: losing a figure would be worse than lacking its sentence."""
    metrics = Metrics()
    metrics.count("novelties", kind="x")
    assert samples(metrics)["fenghuo_novelties_total", (("kind", "x"),)] == 1


def test_labels_are_escaped() -> None:
    """A source may be named anything."""
    metrics = Metrics()
    metrics.count("messages_accepted", kind="Alert", source='气象"台\n')
    assert samples(metrics)["fenghuo_messages_accepted_total", (("kind", "Alert"), ("source", '气象"台\n'))] == 1


def test_alarms_among_events_are_counted_by_name() -> None:
    """An alarm event counts as an event and as an alarm."""
    metrics = Metrics()
    metrics.event(Event(1, 0.0, "alarm.no_rule", "message/01M", {}))
    assert (metrics.value("events", type="alarm.no_rule"), metrics.value("alarms", type="no_rule")) == (1, 1)


def test_events_fill_the_families() -> None:
    """Each committed event counts in the family that an operator looks at."""
    metrics = Metrics()
    happened: tuple[tuple[str, dict[str, Any]], ...] = (
        ("message.accepted", {"kind": "Alert", "source": "met"}),
        ("alarm.message_refused", {"code": "doctype", "source": "met"}),
        ("delivery.emitting", {"channel": "sms-a"}),
        ("delivery.met", {"channel": "sms-a"}),
        ("receipt.matched", {"channel": "sms-a", "level": "DEVICE"}),
        ("objective.met", {"state": "MET"}),
        ("objective.opened", {"total": 3}),
    )
    for type_, body in happened:
        metrics.event(Event(1, 0.0, type_, "x/1", body))
    assert metrics.value("messages_accepted", kind="Alert", source="met") == 1
    assert metrics.value("messages_refused", code="doctype", source="met") == 1
    assert metrics.value("deliveries", channel="sms-a", state="EMITTING") == 1
    assert metrics.value("deliveries", channel="sms-a", state="MET") == 1
    assert metrics.value("receipts", channel="sms-a", level="DEVICE") == 1
    assert metrics.value("objectives", state="MET") == 1
    assert sum(value for (name, _), value in metrics.counts().items() if name == "objectives") == 1


def test_every_family_has_its_sentence() -> None:
    """Each declared metric says in a sentence what it is."""
    assert [name for name, family in FAMILIES.items() if not family.help.endswith(".") and not family.help.endswith("seconds")] == []


def test_the_process_is_measured() -> None:
    """Memory of the process is among the figures."""
    assert any(name == "process_resident_memory_bytes" for name, _ in samples(Metrics()))


def test_prometheus_is_imported_when_asked_for() -> None:
    """Counting alone does not import the library."""
    code = "import sys; from fenghuo.service.metrics import Metrics; Metrics().count('x'); print('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout == "False\n"


def test_every_family_is_documented() -> None:
    """docs/reference/metrics.md has a row for each declared metric."""
    text = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name, family in FAMILIES.items() if f"`fenghuo_{name}" not in text or family.help not in text] == []
