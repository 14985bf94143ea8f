"""The window of counters heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fenghuo.link.window import FAR, SIZE, Place, Window


def test_a_counter_is_taken_once() -> None:
    """Fresh before, seen after."""
    window = Window().taken(5)
    assert (Place.SEEN, Place.FRESH, Place.FRESH) == (window.place(5), window.place(4), window.place(6))


def test_what_is_64_behind_is_old() -> None:
    """The newest and the 63 before it."""
    window = Window().taken(100)
    assert (Place.FRESH, Place.OLD) == (window.place(100 - SIZE + 1), window.place(100 - SIZE))


def test_a_jump_of_more_than_a_million_is_far() -> None:
    """2^20 ahead is still near."""
    window = Window().taken(7)
    assert (Place.FRESH, Place.FAR) == (window.place(7 + FAR), window.place(8 + FAR))


def test_a_proof_closes_all_behind_it() -> None:
    """After the sender has shown its counter, everything below it is gone, and it never goes back."""
    window = Window().taken(3).moved(5_000_000)
    assert (Place.SEEN, Place.FRESH) == (window.place(4_999_999), window.place(5_000_000))
    assert window == window.moved(17)


def test_a_gap_is_counted() -> None:
    """Counters 5 and 6 were not heard before 7."""
    assert (2, 0, 0) == (Window().taken(4).skipped(7), Window().taken(4).skipped(5), Window().taken(4).skipped(2))


@given(st.lists(st.integers(0, 300), max_size=200))
def test_it_takes_no_counter_twice(counters: list[int]) -> None:
    """Against a plain set: never twice, and whatever is new and within 64 of the newest is taken."""
    window, taken = Window(), set[int]()
    for counter in counters:
        is_new = counter not in taken and counter > max(taken, default=-1) - SIZE
        assert is_new == (window.place(counter) is Place.FRESH)
        if is_new:
            taken.add(counter)
            window = window.taken(counter)
            assert 0 < window.seen < 2**SIZE
