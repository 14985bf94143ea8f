"""The world at any place of the journal is the fold of what was seen by then."""

from __future__ import annotations

import pytest

from fenghuo.model.evidence import Evidence
from fenghuo.rig.powercut.journal import Journal, Seen
from fenghuo.rig.powercut.world import Asked, Ended, Head, Shown, Started, Told, World

SEEN = (
    Started(1, 10.0),
    Asked("order", 11.0),
    Told("order", "M", 1, "active", 12.0),
    Shown(1, Evidence.DEVICE),
    Shown(1, Evidence.ACCEPTED),
    Head(5, 2, b"h"),
)


def test_a_world_is_made_again_from_what_was_seen() -> None:
    """What happens goes into the journal, and the journal gives the same world."""
    journal = Journal()
    lived = World(journal)
    for event in SEEN:
        lived.see(event)
    again = World(past=SEEN)
    assert list(SEEN) == journal.entries
    assert (lived.told, lived.asked, lived.shown, lived.head, lived.now) == (again.told, again.asked, again.shown, again.head, again.now)


def test_what_was_shown_or_answered_first_stays() -> None:
    """A lower level, a second answer or another end that is shown later takes nothing back."""
    world = World(past=(*SEEN, Told("order", "N", 1, "active", 13.0), Ended(1, "MET"), Ended(1, "MISSED")))
    assert (Evidence.DEVICE, "M", "MET") == (world.shown[1], world.told["order"].id, world.ended[1])


def test_the_first_life_ends_in_peace() -> None:
    """Of three lives one was cut off: the script's, whose beginning was the second start."""
    lives = tuple(Started(epoch, float(epoch)) for epoch in (1, 2, 3))
    assert [0, 0, 1] == [World(past=lives[:count]).crashes for count in (1, 2, 3)]


def test_something_unknown_is_no_event_of_the_world() -> None:
    """Or a check would pass for want of what it looks for."""
    with pytest.raises(TypeError, match="does not know"):
        World(past=(Seen(),))
