"""The Grafana dashboard that is shipped: every figure in it is one that the daemon has, under labels that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOARD: dict[str, Any] = json.loads((ROOT / "config" / "grafana" / "fenghuo.json").read_text(encoding="utf-8"))
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_open_fds"}
GIVEN_BY_PROMETHEUS = {"instance"}


def documented() -> dict[str, set[str]]:
    """Metric → its labels, as the reference says."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE)
    return {name: set(re.findall(r"\w+", labels)) for name, labels in rows}


def asked() -> Iterator[tuple[str, str, str]]:
    """(panel, expression, legend) of every curve."""
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def test_every_curve_is_of_metrics_and_labels_that_there_are() -> None:
    known = documented()
    for panel, expression, legend in asked():
        names = set(re.findall(r"\b(?:fenghuo|process)_\w+", expression))
        assert names, panel
        assert names <= known.keys() | OF_THE_PROCESS, panel
        labels = set(re.findall(r"(\w+)[!=]~?=?\"", expression)) | set(re.findall(r"\{\{(\w+)\}\}", legend))
        assert labels <= set.union(GIVEN_BY_PROMETHEUS, *(known.get(name, set()) for name in names)), panel


def test_every_metric_that_tells_of_the_node_is_on_the_board() -> None:
    """But for what a longer look asks of the database: money, octets and joules booked, every event, and the state beside its charge."""
    shown = {name for _, expression, _ in asked() for name in re.findall(r"\bfenghuo_\w+", expression)}
    left_out = {name for name in documented() if name.startswith("fenghuo_")} - shown
    assert left_out == {
        "fenghuo_objectives_total",
        "fenghuo_events_total",
        "fenghuo_booked_octets",
        "fenghuo_booked_fen",
        "fenghuo_booked_joules",
        "fenghuo_invariant_broken_seconds",
        "fenghuo_power_state",
    }


def test_panels_stand_beside_each_other_and_have_numbers_of_their_own() -> None:
    """Grafana drops one of two panels with one number, and draws two at one place over each other."""
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [(x, y) for panel in panels for x in range(*_span(panel, "x", "w")) for y in range(*_span(panel, "y", "h"))]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def _span(panel: dict[str, Any], at: str, size: str) -> tuple[int, int]:
    place = panel["gridPos"]
    return place[at], place[at] + place[size]
