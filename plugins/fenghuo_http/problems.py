"""A message that was refused, as a problem that HTTP says (RFC 9457)."""

from __future__ import annotations

from fenghuo import FormatError, Refused
from fenghuo_adapters.http_problems import TABLE, TOO_LARGE, Problem

__all__ = ["problem_of_refusal"]


def problem_of_refusal(refused: Refused) -> Problem:
    """A message that was kept and refused. `reason`: the finer word; `where`: the place; `refusal`: what it is kept under."""
    status, code = TOO_LARGE if refused.code == "too-large" else TABLE[FormatError]
    extras: dict[str, object] = {
        "where": refused.where,
        "reason": refused.code,
        "refusal": refused.id,
        "verdicts": refused.verdicts,
        "repairs": refused.repairs,
    }
    return Problem(status, code, refused.message, extras)
