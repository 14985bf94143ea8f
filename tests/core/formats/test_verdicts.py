"""Outcomes of decoding."""

from __future__ import annotations

from fenghuo.errors import FormatError
from fenghuo.formats.verdicts import Problem, accepted, refused
from tests.core.formats.alerts import GOOD, content_of


def test_accepted() -> None:
    """Whether it was with repairs follows from there being any."""
    content = content_of(GOOD.encode())
    assert ["accepted", "accepted-with-repairs"] == [accepted(content).outcome, accepted(content, (), ("bom at /",)).outcome]


def test_refused() -> None:
    """A refusal carries the error's code, sentence and place, and no content."""
    decoded = refused(FormatError("no", code="c", where="/a"))
    assert ("refused", None, Problem("c", "no", "/a")) == (decoded.outcome, decoded.content, decoded.error)
