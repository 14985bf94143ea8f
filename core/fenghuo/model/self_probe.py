"""The message by which a node tries itself: one name for its source, rule, ladder, channel and recipient, which no settings can use."""

from __future__ import annotations

__all__ = ["SELF_PROBE"]

SELF_PROBE = "(self-probe)"
"""Names of channels, tokens and ladders in the settings hold no brackets, so that this is nobody's."""
