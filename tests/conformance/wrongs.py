"""What can be wrong with a channel: each is a bug that a check of the kit is there to find."""

from __future__ import annotations

from enum import StrEnum, auto

__all__ = ["Wrong"]


class Wrong(StrEnum):
    """One bug each."""

    CUTS_WORDS = auto()
    SPEAKS_EARLY = auto()
    SWALLOWS_REFUSALS = auto()
    SENDS_TWICE = auto()
    STRIPS_MARKS = auto()
    BLAMES_CHANNEL = auto()
    SPEAKS_ON = auto()
    LEAKS = auto()
    BLOCKS = auto()
    TELLS_SECRETS = auto()
    CUTS_LONG = auto()
    LOSES_CHARACTERS = auto()
    FORGETS_EARLY_RECEIPTS = auto()
    TAKES_RECEIPTS_IN_TURN = auto()
    CHOKES_ON_SECOND = auto()
    TAKES_STRANGERS = auto()
    CHOKES_ON_GARBAGE = auto()
    BLAMES_ITSELF = auto()
    BOASTS_UNCONNECTED = auto()
    CLAIMS_CUT = auto()
    WAITS_FOR_EVER = auto()
    REPEATS_AT_ONCE = auto()
    CRASHES = auto()
    CLAIMS_UNANSWERED = auto()
    OVERCLAIMS = auto()
    CLAIMS_PEOPLE = auto()
    CLAIMS_READERS = auto()
    IGNORES_CANCEL = auto()
    NEVER_TURNS = auto()
    GUESSES_FRAGMENTS = auto()
    GUESSES_AIRTIME = auto()
    BOOKS_HALF = auto()
    GIVES_UP = auto()
    ACKS_AT_ONCE = auto()
    SKIPS_THE_LAST = auto()
    SWALLOWS_PAGES = auto()
    BLAMES_THE_PAGE = auto()
    CLAIMS_PAGES = auto()
    INVENTS_ANSWERS = auto()
    DENIES_ALL = auto()
    CANCELS_NOTHING = auto()
    FORGETS_RECEIPTS = auto()
    COUNTS_A_PART = auto()
