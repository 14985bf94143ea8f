"""An inventory of what reaches the public of the one town of the tests' nodes, and what the daemon makes of it."""

from __future__ import annotations

from typing import Any

from tests.e2e.node import Node

__all__ = ["covers", "survey", "told"]

INVENTORY = {
    "people.csv": "area,people,source,verified\nmca:320585110,130000,test,no\n",
    "channels.csv": "name,group,via,source,verified\ntexts,texts,sms.smpp;http.bulk,test,no\nloud,loud,radio,test,no\n",
    "reach.csv": "area,channel,reach,source,verified\nmca:320585110,texts,0.92,test,no\nmca:320585110,loud,0.5,test,no\n",
}
"""Beside short messages a channel named radio stands for loudspeakers."""


def survey(node: Node) -> None:
    """Put it beside the directory, for the next start."""
    place = node.folder / "people/coverage"
    place.mkdir()
    for name, text in INVENTORY.items():
        (place / name).write_text(text, encoding="utf-8")


async def covers(node: Node, **asked: Any) -> tuple[float, bool]:
    """How much of the public what works now would reach, in per cent, and whether that passes the gate."""
    answer = await node.ask("coverage", **asked)
    return answer["potential"]["grouped_pct"], answer["gate"]["passes"]


async def told(node: Node, ident: str) -> dict[str, float]:
    """How far a message got with the public, by what is known of it, in per cent."""
    answer = await node.ask("coverage", alert=ident)
    return {kind: answer[kind]["grouped_pct"] for kind in ("emitted", "device", "human")}
