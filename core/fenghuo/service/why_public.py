"""Why a public stands where it stands: one line for each channel and state of its pages, where others have a line for each person."""

from __future__ import annotations

from typing import Any

from fenghuo.model.delivery import DeliveryState, Objective
from fenghuo.store.records import FanOutRow, PageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import FAN_OUT, PAGE

__all__ = ["public_view"]

SAID = {
    DeliveryState.READY: "waiting to go again",
    DeliveryState.EMITTING: "on the air",
    DeliveryState.AWAITING: "emitted, and more is waited for",
    DeliveryState.IN_DOUBT: "in doubt: nobody knows whether they left",
    DeliveryState.MET: "at their end",
    DeliveryState.FAILED: "at their end without success",
}


async def public_view(store: Store, objective: Objective) -> dict[str, Any] | None:
    """The public of an objective in the shape of a target; None where it is told as persons."""
    intent = await store.get(FAN_OUT, objective.id)
    if intent is None:
        return None
    pages = await store.find(PAGE, "objective = ? ORDER BY number", objective.id)
    groups: dict[tuple[str, DeliveryState], list[PageRow]] = {}
    for page in pages:
        groups.setdefault((page.channel, page.state), []).append(page)
    return {
        "recipient": objective.audience,
        "state": objective.state.value,
        "evidence": objective.evidence.name,
        "covers": "",
        "says": _sentence(objective, intent, pages),
        "chosen": [_group(channel, state, held, objective) for (channel, state), held in sorted(groups.items())],
        "left_out": [],
    }


def _sentence(objective: Objective, intent: FanOutRow, pages: list[PageRow]) -> str:
    begun = sum(page.size for page in pages)
    left = max(0, objective.total - begun)
    waiting = "" if intent.done or not left else f"; {left} on pages that have not begun"
    again = f"; those who were told by objective {intent.source}" if intent.source else ""
    counts = f"{objective.met} of {objective.total} have {objective.needed.name}, {objective.ended} will not get it"
    return f"{counts}; {begun} on {len(pages)} pages that have begun{waiting}{again}"


def _group(channel: str, state: DeliveryState, pages: list[PageRow], objective: Objective) -> dict[str, Any]:
    people, met = sum(page.size for page in pages), sum(page.met for page in pages)
    why = ", ".join(sorted({page.reason for page in pages if page.reason}))
    said = SAID.get(state, f"ended as {state.lower()}") + (f" ({why})" if why else "")
    return {
        "channel": channel,
        "rung": 1,
        "state": state.value,
        "evidence": objective.evidence.name,
        "tries": max(page.tries for page in pages),
        "says": f"{len(pages)} pages with {people} people are {said}; {met} of them have {objective.needed.name}",
    }
