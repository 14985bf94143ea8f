"""How old a message is at a moment: the verdict that intake and `fenghuo alert check` give alike."""

from __future__ import annotations

from fenghuo.model.delivery import Verdict

__all__ = ["freshness_of"]

# A clock of a source that runs ahead by more than this is a fault of somebody's; a person looks at it.
FUTURE_S = 600.0
LATE_S = 86_400.0


def freshness_of(sent: float, expires_at: float, now: float, *, may_be_behind: bool = False) -> Verdict:
    """fresh, late, expired, or from the future. All UTC seconds; `may_be_behind`: our own clock has no source, so that the future is no
    fault of the sender's. Source: wire-formats.md §1.1."""
    if expires_at <= now:
        return Verdict("freshness", "expired", False, f"it expired {now - expires_at:.0f} s before it came")
    if sent - now > FUTURE_S:
        return Verdict("freshness", "from the future", may_be_behind, f"it was sent {sent - now:.0f} s from now")
    if now - sent > LATE_S:
        return Verdict("freshness", "late", True, f"it was sent {now - sent:.0f} s ago")
    return Verdict("freshness", "fresh", True)
