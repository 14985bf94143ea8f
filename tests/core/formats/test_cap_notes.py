"""Repairs and findings."""

from __future__ import annotations

from fenghuo.formats.cap_notes import MAX_NOTES, Notes
from fenghuo.model.delivery import Verdict


def test_repairs() -> None:
    """Repairs are said once each, those of the gate first."""
    notes = Notes(("bom at /",))
    notes.repair("order", "/alert/sender")
    notes.repair("order", "/alert/sender")
    assert ("bom at /", "order at /alert/sender") == notes.repairs


def test_findings() -> None:
    """A finding is a semantic verdict that is not ok, and its place can be asked for."""
    notes = Notes()
    notes.find("area", "/alert/info[1] has no area")
    assert (Verdict("semantic", "area", False, "/alert/info[1] has no area"),) == notes.findings
    assert ("/alert/info[1]", "") == (notes.place_of("area"), notes.place_of("circle"))


def test_flood() -> None:
    """Of many places of one code the first are named and the rest counted."""
    notes = Notes()
    for number in range(MAX_NOTES + 7):
        notes.repair("order", f"/{number}")
    assert (MAX_NOTES + 1, "order at 7 more places") == (len(notes.repairs), notes.repairs[-1])
