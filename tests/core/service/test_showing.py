"""The shapes that scripts rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.model.evidence import Evidence
from fenghuo.service.showing import channel_view, message_view, reached, rfc3339
from fenghuo.store.tables import MESSAGE
from tests.core.engine.house import FakeChannel, opened

REACHED = [
    ([], "all", Evidence.STORED),
    ([4, 1, 5], "all", Evidence.ACCEPTED),
    ([4, 1, 5], "any", Evidence.HUMAN),
    ([4, 1, 5], "n:2", Evidence.DEVICE),
    ([4, 1, 5], "n:9", Evidence.ACCEPTED),
]


@pytest.mark.parametrize(("levels", "rule", "expected"), REACHED)
def test_an_objective_has_the_level_of_its_rule(levels: list[int], rule: str, expected: Evidence) -> None:
    """All: the lowest; any: the highest; n: the n-th, so that one answer never shows for twenty thousand."""
    assert expected is reached(levels, rule)


def test_instants_are_rfc_3339() -> None:
    """UTC, to the millisecond; nothing is null."""
    assert ("1970-01-12T13:46:40.500Z", None) == (rfc3339(1_000_000.5), rfc3339(None))


async def test_a_message_is_shown_with_all_that_became_of_it(tmp_path: Path) -> None:
    """Objectives, deliveries and attempts under the names of the contract, evidence by name."""
    async with opened(tmp_path) as house:
        accepted = await house.order("wang")
        await house.receipt(house.sent[0])
        (row,) = await house.store.find(MESSAGE, "id = ?", accepted.id)
        shown = await message_view(house.store, row)
        (objective,) = shown["objectives"]
        first = objective["deliveries"][0]
        assert (accepted.id, "Dispatch", "Actual", "P2", "active") == tuple(
            shown[key] for key in ("id", "kind", "traffic", "priority", "state")
        )
        assert ("wang", "DEVICE", "DEVICE", "MET") == tuple(objective[key] for key in ("audience", "needed", "evidence", "state"))
        assert ("wang", "a", "MET", "DEVICE") == tuple(first[key] for key in ("recipient", "channel", "state", "evidence"))
        assert [(house.sent[0].token, "reached ACCEPTED")] == [(one["token"], one["outcome"]) for one in first["attempts"]]


async def test_a_channel_is_shown_under_its_stable_names(tmp_path: Path) -> None:
    """The fields of `fenghuo channel ls --json`."""
    async with opened(tmp_path) as house:
        instance = house.room.board.get("a")
        assert instance is not None
        shown = channel_view(instance, 3)
        expected = {"name": "a", "type": "fake", "admin": "enabled", "health": "up", "evidence_max": "DEVICE", "medium": "a", "queued": 3}
        assert (expected, ["a"]) == ({key: shown[key] for key in expected}, shown["risk_groups"])


async def test_what_a_channel_says_of_how_it_carries_is_shown_and_a_bug_in_it_hides_no_list(tmp_path: Path) -> None:
    """As it says it; nothing of one that is not there; of one that fails, that it does."""
    async with opened(tmp_path) as house:
        instance = house.room.board.get("a")
        assert instance is not None
        spoken = FakeChannel("a", [])
        instance.channel = lambda: spoken
        spoken.remark = lambda: "MOB relays"  # type: ignore[method-assign]  # a plugin's own
        assert "MOB relays" == channel_view(instance, 0)["remark"]
        spoken.remark = lambda: str(1 / 0)  # type: ignore[method-assign]  # and its bug
        assert channel_view(instance, 0)["remark"].startswith("it cannot say how it carries: ZeroDivisionError")
        instance.channel = lambda: None
        assert "" == channel_view(instance, 0)["remark"]
