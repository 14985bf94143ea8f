"""How one node takes from another what it has not: which verbs it asks of whom, in order. No I/O: whoever runs it asks, and sends
the answers in."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

__all__ = ["AT_ONCE", "Ask", "reconciliation"]

AT_ONCE = 20
"""Messages brought in one answer: an alert has up to 1.7 MB, and most have a kilobyte."""


class Ask(msgspec.Struct, frozen=True):
    """A verb of the desk of the other node, or of ours."""

    is_ours: bool
    verb: str
    args: dict[str, Any] = {}


def reconciliation() -> Generator[Ask, Any, dict[str, Any]]:
    """Compare heaps, then lines where heaps differ, then bring what is missing here, and end what everybody was reached with there.

    Returns `{"peer", "heaps", "taken", "known", "to_decide", "settled"}`: a name, how many heaps differed, and ids.
    """
    there, here = (yield Ask(False, "reconcile.summary")), (yield Ask(True, "reconcile.summary"))
    differ = [heap for heap, digest in there["heaps"].items() if here["heaps"].get(heap) != digest]
    result: dict[str, Any] = {"peer": there["node"], "heaps": len(differ), "taken": [], "known": [], "to_decide": []}
    missing: list[str] = []
    if differ:
        known = {line["key"] for line in (yield Ask(True, "reconcile.lines", {"heaps": differ}))}
        missing = [line["key"] for line in (yield Ask(False, "reconcile.lines", {"heaps": differ})) if line["key"] not in known]
    for start in range(0, len(missing), AT_ONCE):
        brought = yield Ask(False, "reconcile.bring", {"keys": missing[start : start + AT_ONCE]})
        for name, found in (yield Ask(True, "reconcile.take", {"peer": there["node"], "messages": brought})).items():
            result[name] += found
    still = yield Ask(True, "reconcile.open")
    reached = (yield Ask(False, "reconcile.reached", {"keys": still})) if still else []
    settled = (yield Ask(True, "reconcile.settle", {"peer": there["node"], "messages": reached}))["settled"] if reached else []
    return {**result, "settled": settled}
