"""Another node beside the one of a scenario: it has lived through a scenario of its own, and answers by what it had
then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from fenghuo.engine.reconciliation import AT_ONCE, reconciliation

__all__ = ["OtherNode", "reconcile", "recorded"]

Asks = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
HEAPS = tuple(f"{heap:02x}" for heap in range(256))


class OtherNode(msgspec.Struct, frozen=True):
    """`summary`, and by key: its lines, what it would bring, and who was reached by it."""

    summary: dict[str, Any]
    lines: dict[str, dict[str, Any]]
    packages: dict[str, dict[str, Any]]
    reached: dict[str, dict[str, Any]]

    def answer(self, verb: str, args: Mapping[str, Any]) -> Any:
        """As its desk would."""
        match verb:
            case "reconcile.summary":
                return self.summary
            case "reconcile.lines":
                return [line for key, line in self.lines.items() if key[:2] in args["heaps"]]
            case "reconcile.bring":
                return [self.packages[key] for key in args["keys"]]
            case _:
                return [self.reached[key] for key in args["keys"] if key in self.reached]


async def recorded(name: str, desk: Asks) -> OtherNode:
    """All that a node has at its end; `name`: what others call it."""
    summary = await desk("reconcile.summary", {})
    lines = {line["key"]: line for line in await desk("reconcile.lines", {"heaps": HEAPS})}
    keys, packages = list(lines), dict[str, dict[str, Any]]()
    for start in range(0, len(keys), AT_ONCE):
        packages |= {one["key"]: one for one in await desk("reconcile.bring", {"keys": keys[start : start + AT_ONCE]})}
    reached = {one["key"]: one for one in await desk("reconcile.reached", {"keys": keys})}
    return OtherNode({**summary, "node": name}, lines, packages, reached)


async def reconcile(desk: Asks, other: OtherNode) -> Any:
    """As `fenghuo reconcile` does at the node behind `desk`."""
    asking, answer = reconciliation(), None
    while True:
        try:
            ask = asking.send(answer)
        except StopIteration as end:
            return end.value
        answer = await desk(ask.verb, ask.args) if ask.is_ours else other.answer(ask.verb, ask.args)
