"""The samples that the demo sends."""

from __future__ import annotations

from pathlib import Path

from tests.core.formats.alerts import codes_of, one

SAMPLES = Path(__file__).parents[3] / "config/samples"


def test_typhoon() -> None:
    """As it lies there the warning is faultless: valid, without repair or finding, red, for ten towns in two code systems."""
    decoded = one((SAMPLES / "typhoon.xml").read_bytes())
    assert decoded.content is not None
    assert ("accepted", set(), True) == (decoded.outcome, codes_of(decoded), all(verdict.ok for verdict in decoded.verdicts))
    (info,) = decoded.content.infos
    assert ("Red", 10, {"mca", "nbs"}) == (info.colour, len(info.areas), {code.system for area in info.areas for code in area.geocodes})


def test_order() -> None:
    """The order is taken as it lies there."""
    decoded = one((SAMPLES / "order.json").read_bytes())
    assert decoded.content is not None
    assert ("accepted", "HUMAN", 900.0) == (decoded.outcome, decoded.content.needed, decoded.content.deadline_s)
