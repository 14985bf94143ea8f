"""Publics as `queue.ls` shows them: one line for each channel and state of their pages, where a delivery has a line of its own."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fenghuo.engine.fan_outs import FanOuts
from fenghuo.model.delivery import DeliveryState, Hold, Objective
from fenghuo.service.showing import rfc3339
from fenghuo.store.store import Store

__all__ = ["public_queue"]

_OPEN = """SELECT json_group_array(json_array(objective, channel, state, pages, reason, tries, until)) FROM (
    SELECT objective, channel, state, COUNT(*) AS pages, MAX(reason) AS reason, MAX(tries) AS tries, MIN(until) AS until FROM page
    WHERE objective IN (SELECT objective FROM fan_out WHERE done = 0) AND state IN ('READY', 'EMITTING', 'AWAITING', 'IN_DOUBT')
    GROUP BY objective, channel, state ORDER BY objective, channel, state)"""


class Pages(msgspec.Struct, frozen=True, array_like=True):
    """Pages of one objective that are of one state. `until`: UTC seconds, the first of them."""

    objective: int
    channel: str
    state: str
    pages: int
    reason: str = ""
    tries: int = 0
    until: float | None = None


async def public_queue(store: Store, fan_outs: FanOuts, channel: str | None) -> list[dict[str, Any]]:
    """Lines for every public that is being told, the most urgent first; `channel`: only of this one."""
    if not fan_outs.open:
        return []
    begun = [msgspec.convert(row, Pages) for row in json.loads(str(await store.scalar(_OPEN)))]
    open_ones = {key: fan.opened.objective for key, fan in fan_outs.open.items()}
    found = [_line(open_ones[one.objective], one) for one in [*_unbegun(fan_outs), *begun] if one.objective in open_ones]
    rank = {key: (objective.priority, key) for key, objective in open_ones.items()}
    return sorted((line for line in found if channel in (None, line["channel"])), key=lambda line: rank[line["objective"]])


def _unbegun(fan_outs: FanOuts) -> list[Pages]:
    found: list[Pages] = []
    for key, fan in fan_outs.open.items():
        is_held = not fan.opened.message.is_released
        state, reason = (DeliveryState.HELD, Hold.RELEASE.value) if is_held else (DeliveryState.READY, "not begun")
        found += [Pages(key, name, state.value, pages, reason) for name, pages in fan_outs.unbegun(fan).items()]
    return found


def _line(objective: Objective, one: Pages) -> dict[str, Any]:
    return {
        "id": None,
        "message": objective.message,
        "objective": objective.id,
        "recipient": f"{objective.audience}: {one.pages} pages",
        "channel": one.channel,
        "priority": objective.priority.name,
        "state": one.state,
        "reason": one.reason,
        "tries": one.tries,
        "until": rfc3339(one.until),
    }
