"""Copies of receipts: known by what they say, over their own channel, and of machines alone."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.engine.heard_before import REMEMBERED, HeardBefore
from fenghuo.model.delivery import Permanent, Scope, Token
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Inbound, InboundKind

changed = msgspec.structs.replace


async def _acked() -> None:
    """A far end that waits for no ack."""


FIRST = Inbound(InboundKind.RECEIPT, b"at 12:00", _acked, address="+8613800000001", ref="x", level=Evidence.DEVICE)


@pytest.mark.parametrize("first", [FIRST, changed(FIRST, ref="", token=Token("t"), n=1)], ids=["by name", "by token"])
def test_what_says_the_same_is_a_copy_whatever_its_octets(first: Inbound) -> None:
    """A centre that reports once more writes another time into it."""
    before = HeardBefore()
    again = changed(first, raw=b"at 12:05")
    assert [False, True, True] == [before.is_again("a", one) for one in (first, again, first)]


@pytest.mark.parametrize(
    "other",
    [
        changed(FIRST, ref="y"),
        changed(FIRST, level=Evidence.AIRED),
        changed(FIRST, addresses=("+8613800000002",)),
        changed(FIRST, ref="", token=Token("t"), n=2),
        changed(FIRST, kind=InboundKind.ANSWER),
    ],
    ids=["another name", "another stage", "another person", "another attempt", "a person's word"],
)
def test_what_says_something_else_is_none(other: Inbound) -> None:
    """Each shows something that the others do not."""
    before = HeardBefore()
    before.is_again("a", FIRST)
    before.is_again("a", changed(FIRST, ref="", token=Token("t"), n=1))
    assert not before.is_again("a", other)
    assert not before.is_again("b", FIRST)


@pytest.mark.parametrize(
    "other",
    [
        changed(FIRST, ref=""),
        changed(FIRST, level=None),
        changed(FIRST, failure=Permanent(Scope.RECIPIENT, "no")),
        changed(FIRST, level=Evidence.ACCEPTED),
    ],
    ids=["of nothing", "of no stage", "a refusal", "below an end receipt"],
)
def test_what_names_nothing_or_is_no_end_receipt_is_no_copy(other: Inbound) -> None:
    """It counts as something heard, as often as it comes."""
    before = HeardBefore()
    assert [False, False] == [before.is_again("a", other) for _ in range(2)]


def test_the_oldest_is_forgotten_first_and_one_that_comes_again_is_not_old() -> None:
    """Memory has a bound, and whoever repeats something all day does not get round it."""
    before = HeardBefore()
    before.is_again("a", FIRST)
    before.is_again("a", changed(FIRST, ref="second"))
    for number in range(REMEMBERED - 1):
        before.is_again("a", FIRST)
        before.is_again("a", changed(FIRST, ref=f"of-others-{number}"))
    assert [True, False] == [before.is_again("a", changed(FIRST, ref=ref)) for ref in ("x", "second")]
