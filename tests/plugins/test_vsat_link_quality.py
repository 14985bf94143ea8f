"""What readings of the modem make of the link."""

from __future__ import annotations

from fenghuo_vsat.link_quality import LinkQuality, Quality


def test_below_the_threshold_it_is_degraded_and_says_with_which_numbers() -> None:
    """The first reading counts."""
    link = LinkQuality(7.0, 8.0)
    assert link.heard(6.9)
    assert (Quality.DEGRADED, "the modem reads 6.9, below 7") == (link.quality, link.reason)


def test_between_the_thresholds_what_was_said_holds() -> None:
    """A reading that trembles about one number changes nothing."""
    link = LinkQuality(7.0, 8.0)
    link.heard(6.9)
    assert not link.heard(7.5)
    assert link.reason.endswith("below 7")
    assert link.heard(8.0)
    assert not link.heard(7.5)
    assert link.quality is Quality.GOOD


def test_three_questions_without_an_answer_make_it_unknown() -> None:
    """Not two, and an answer between them begins anew."""
    link = LinkQuality(7.0, 8.0)
    link.heard(9.0)
    assert not any((link.missed("x"), link.missed("x")))
    link.heard(9.0)
    assert not any((link.missed("x"), link.missed("x")))
    assert link.missed("no answer")
    assert (Quality.UNKNOWN, "3 questions to the modem without an answer: no answer") == (link.quality, link.reason)
    assert not link.missed("still none")


def test_a_modem_that_speaks_again_is_believed_again() -> None:
    """Whatever it says."""
    link = LinkQuality(7.0, 8.0)
    for _ in range(3):
        link.missed("x")
    assert link.heard(7.5)
    assert link.quality is Quality.GOOD
