"""Who is asked what when one node takes from another, by a conversation written out."""

from __future__ import annotations

from typing import Any

from fenghuo.engine.reconciliation import reconciliation

OURS, THEIRS = True, False


def held(answers: list[tuple[tuple[bool, str], Any]]) -> dict[str, Any]:
    """Each question with its answer; what comes of it all."""
    asking, answer = reconciliation(), None
    for expected, following in answers:
        ask = asking.send(answer)
        assert expected == (ask.is_ours, ask.verb), ask
        answer = following
    try:
        asking.send(answer)
    except StopIteration as end:
        result: dict[str, Any] = end.value
        return result
    raise AssertionError("there is one more question")


def test_nodes_that_agree_compare_heaps_and_no_more() -> None:
    """Nothing is open here, so that nobody is asked who was reached."""
    same = {"node": "port", "heaps": {"a0": "d1"}}
    end = held([((THEIRS, "reconcile.summary"), same), ((OURS, "reconcile.summary"), same), ((OURS, "reconcile.open"), [])])
    assert {"peer": "port", "heaps": 0, "taken": [], "known": [], "to_decide": [], "settled": []} == end


def test_what_is_missing_is_brought_twenty_at_a_time_and_what_is_open_is_asked_for() -> None:
    """Twenty-five lines there of which one is here, and an order that is open here and was reached there."""
    keys = [f"a0{number:02d}" for number in range(25)]
    taken = {"taken": ["m"], "known": [], "to_decide": []}
    end = held(
        [
            ((THEIRS, "reconcile.summary"), {"node": "port", "heaps": {"a0": "d1"}}),
            ((OURS, "reconcile.summary"), {"node": "tc", "heaps": {"a0": "d2"}}),
            ((OURS, "reconcile.lines"), [{"key": keys[0]}]),
            ((THEIRS, "reconcile.lines"), [{"key": key} for key in keys]),
            ((THEIRS, "reconcile.bring"), ["twenty"]),
            ((OURS, "reconcile.take"), taken),
            ((THEIRS, "reconcile.bring"), ["four"]),
            ((OURS, "reconcile.take"), taken),
            ((OURS, "reconcile.open"), ["b1"]),
            ((THEIRS, "reconcile.reached"), [{"key": "b1", "reached": {"li": "HUMAN"}}]),
            ((OURS, "reconcile.settle"), {"settled": ["o"]}),
        ]
    )
    assert {"peer": "port", "heaps": 1, "taken": ["m", "m"], "known": [], "to_decide": [], "settled": ["o"]} == end
