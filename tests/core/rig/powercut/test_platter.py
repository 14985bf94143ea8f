"""What the disk may hold: each policy by itself, names, holes, and a drive that lies."""

from __future__ import annotations

import random

import pytest

from fenghuo.rig.powercut.journal import Deleted, DiskOp, Opened, Synced, Truncated, Written
from fenghuo.rig.powercut.platter import Image, Platter, Policy

OLD: Image = {"a": b"old."}


def platter(*ops: DiskOp, of: Image | None = None, honest: bool = True) -> Platter:
    made = Platter(OLD if of is None else of, honest=honest)
    for op in ops:
        made.feed(op)
    return made


def images(made: Platter, policy: Policy, throws: int = 200) -> set[bytes | None]:
    """All that file `a` may be."""
    return {made.image(policy, random.Random(throw)).get("a") for throw in range(throws)}


def test_a_write_is_durable_after_its_sync_and_not_before() -> None:
    """Without a sync the old octets may be all there is; with one the new ones are there under every policy."""
    write = Written("a", 0, b"new.")
    assert ({b"old."}, {b"new."}) == (images(platter(write), Policy.NONE), images(platter(write), Policy.ALL))
    assert {b"new."} == {octets for policy in Policy for octets in images(platter(write, Synced("a")), policy)}


def test_a_sync_covers_its_own_file_alone() -> None:
    """What another file was asked stays pending."""
    assert {b"old."} == images(platter(Written("a", 0, b"new."), Synced("b")), Policy.NONE)


def test_a_prefix_keeps_the_order() -> None:
    """The second write never without the first."""
    assert {b"old.", b"1ld.", b"12d."} == images(platter(Written("a", 0, b"1"), Written("a", 1, b"2")), Policy.PREFIX)


def test_a_subset_does_not() -> None:
    """Any of the pending writes, in their order."""
    assert {b"old.", b"1ld.", b"o2d.", b"12d."} == images(platter(Written("a", 0, b"1"), Written("a", 1, b"2")), Policy.SUBSET)


def test_a_torn_write_keeps_one_side_of_a_sector() -> None:
    """Sectors are those of the file, not of the write."""
    made = platter(Written("a", 500, b"x" * 600), of={"a": b"." * 1536})
    found = images(made, Policy.TORN)
    head, tail = b"." * 500, b"." * 436
    sides = {head + b"x" * 12 + b"." * 588 + tail, b"." * 512 + b"x" * 588 + tail, head + b"x" * 524 + b"." * 76 + tail}
    assert {b"." * 1536, head + b"x" * 600 + tail, *sides} < found


def test_a_write_inside_one_sector_is_whole_or_absent() -> None:
    """A drive writes sectors."""
    assert {b"old.", b"new."} == images(platter(Written("a", 0, b"new.")), Policy.TORN)


def test_a_name_is_pending_until_the_first_sync_of_its_file() -> None:
    """A file that was never synced may not be there at all, and what was written to it is gone with it."""
    made = platter(Opened("a", created=True), Written("a", 0, b"x"), of={})
    assert ({None}, {None, b"", b"x"}) == (images(made, Policy.NONE), images(made, Policy.SUBSET))
    made.feed(Synced("a"))
    assert {b"x"} == images(made, Policy.NONE)


def test_a_file_that_was_there_is_not_made_empty_by_opening_it() -> None:
    """Only a new name is news for the disk."""
    assert {b"old."} == images(platter(Opened("a", created=False)), Policy.ALL)


@pytest.mark.parametrize(("durable", "found"), [(True, {None}), (False, {b"old.", None})])
def test_a_deleted_name_may_come_back(durable: bool, found: set[bytes | None]) -> None:
    """Unless its folder was synced."""
    assert found == images(platter(Deleted("a", durable)), Policy.SUBSET)


def test_a_write_past_the_end_leaves_a_hole_of_zeros() -> None:
    """If what was to fill it did not arrive."""
    assert {b"old.", b"old.\0\0x"} == images(platter(Written("a", 6, b"x")), Policy.SUBSET)


def test_a_file_is_cut_as_it_was_asked() -> None:
    """Truncation is an operation like any other."""
    assert {b"old.", b"ol"} == images(platter(Truncated("a", 2)), Policy.PREFIX)


def test_a_drive_that_lies_has_nothing_for_certain() -> None:
    """A sync is no sync: the old octets may be all there is."""
    assert {b"old.", b"new."} == images(platter(Written("a", 0, b"new."), Synced("a"), honest=False), Policy.LIE)


def test_the_same_throw_gives_the_same_image() -> None:
    """A failure is found again by its place, policy and throw."""
    made = platter(*(Written("a", offset, b"x") for offset in range(40)))
    assert made.image(Policy.TORN, random.Random("7")) == made.image(Policy.TORN, random.Random("7"))
