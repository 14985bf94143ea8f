"""The samples that the demo sends."""

from __future__ import annotations

from pathlib import Path

from tests.core.formats.alerts import codes_of, one

SAMPLES = Path(__file__).parents[3] / "config/samples"
STAMPS = {
    "identifier": "32058541600000_20260715080000",
    "sent": "2026-07-15T08:00:00+08:00",
    "effective": "2026-07-15T08:00:00+08:00",
    "expires": "2026-07-15T20:00:00+08:00",
}


def test_typhoon() -> None:
    """Stamped, the typhoon warning is faultless: valid, without repair or finding, red, for ten towns in two code systems."""
    text = (SAMPLES / "typhoon.xml").read_text(encoding="utf-8")
    for name, stamp in STAMPS.items():
        assert f"{{{name}}}" in text
        text = text.replace(f"{{{name}}}", stamp)
    decoded = one(text.encode())
    assert decoded.content is not None
    assert ("accepted", set(), True) == (decoded.outcome, codes_of(decoded), all(verdict.ok for verdict in decoded.verdicts))
    (info,) = decoded.content.infos
    assert ("Red", 10, {"mca", "nbs"}) == (info.colour, len(info.areas), {code.system for area in info.areas for code in area.geocodes})


def test_order() -> None:
    """The order is taken as it lies there."""
    decoded = one((SAMPLES / "order.json").read_bytes())
    assert decoded.content is not None
    assert ("accepted", "HUMAN", 900.0) == (decoded.outcome, decoded.content.needed, decoded.content.deadline_s)
