"""Receipts that wait for a name: found by any of their names, or by where they came from, and once."""

from __future__ import annotations

import pytest

from fenghuo.engine.orphans import ORPHANS, Orphans, Stored
from fenghuo.plugin.ports import Inbound, InboundKind

WANG = "+8613800000001"


async def acked() -> None:
    """A far end that waits for no ack."""


def stored(inbox: int, ref: str, *others: str, address: str = WANG) -> Stored:
    inbound = Inbound(InboundKind.RECEIPT, b"", acked, address_kind="msisdn", address=address, ref=ref, alternate_refs=others)
    return Stored("a", inbound, inbox, 0.0)


@pytest.mark.parametrize("name", ["x", "y"])
def test_any_of_its_names_finds_a_receipt_and_none_finds_it_again(name: str) -> None:
    """A provider writes an id in two ways, and the outcome has one of them."""
    orphans, receipt = Orphans(), stored(1, "x", "y")
    orphans.add(receipt)
    assert ([receipt], [], []) == (orphans.named("a", name), orphans.named("a", "x"), orphans.named("a", "y"))
    assert ([], False) == (orphans.at("a", WANG), orphans.drop(receipt))


def test_a_name_is_one_of_its_channel() -> None:
    """Two providers may use one id."""
    orphans = Orphans()
    orphans.add(stored(1, "x"))
    assert [] == orphans.named("b", "x")


def test_a_name_has_all_its_receipts_in_their_order() -> None:
    """A telephone reports twice, or two people on one page do: the second is not instead of the first."""
    orphans, receipts = Orphans(), [stored(1, "x"), stored(2, "x", "y", address="+8613800000002"), stored(3, "y")]
    for receipt in receipts:
        orphans.add(receipt)
    orphans.drop(receipts[2])
    assert (receipts[:2], []) == (orphans.named("a", "x"), orphans.named("a", "y"))


def test_those_of_one_address_are_found_together_in_their_order() -> None:
    """And nobody else's with them."""
    orphans = Orphans()
    for receipt in (stored(1, "x"), stored(2, "y", address="+8613800000002"), stored(3, "z")):
        orphans.add(receipt)
    assert [1, 3] == [receipt.inbox for receipt in orphans.at("a", WANG)]
    assert [] == orphans.at("b", WANG)


def test_the_oldest_are_forgotten_first() -> None:
    """A flood of receipts nobody can name takes no more memory than it may, under however few names they come."""
    orphans = Orphans()
    for number in range(ORPHANS + 1):
        orphans.add(stored(number, str(number // 2)))
    assert ORPHANS == len(orphans.at("a", WANG))
    assert [1] == [receipt.inbox for receipt in orphans.named("a", "0")]
