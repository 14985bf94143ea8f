"""By which name a submission and its report find each other. Pure.

A modem names a submission by one octet, which comes round again after 256, and begins anew when the modem was restarted; a report repeats
it with the recipient's number and with the moment in which the centre took it. Source: 3GPP TS 23.040 §9.2.3.6 (TP-MR), §9.2.2.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fenghuo_adapters.centre_clock import APART_S, CentreClock
from fenghuo_adapters.pdu_framing import Reported

__all__ = ["Names", "ref_of", "refs_of_report", "stem_of"]

_MINUTE_S = 60.0
_ON_ITS_WAY_S = 60.0
"""How long after the centre took it a modem may take to say so: what an answer to a submission is waited for."""
_RECENT_S = 4500.0
"""How old the submission may be of a report that names no moment."""


def stem_of(sim: str, number: str, reference: int) -> str:
    """What a submission and its report have in common: SIM, number and the modem's reference. Names are shown where numbers are masked, so
    the number is in it as a digest."""
    whom = hashlib.blake2b(number.encode(), digest_size=5, person=b"fenghuo-whom").hexdigest()
    return f"{sim}/{whom}/{reference}"


def ref_of(sim: str, number: str, reference: int, at: float) -> str:
    """The name of a submission: what its report will say of it, and the minute in which the modem had sent it. `at`: UTC seconds."""
    return f"{stem_of(sim, number, reference)}@{int(at // _MINUTE_S)}"


def refs_of_report(sim: str, number: str, reported: Reported, taken_at: float | None, *, now: float) -> tuple[str, ...]:
    """The names of a report: first its own, which no submission has, then those that its submission may have, oldest first. `taken_at`:
    when the centre took it, by our clock; None: it does not say."""
    stem = stem_of(sim, number, reported.reference)
    since, until = (now - _RECENT_S, now) if taken_at is None else (taken_at - APART_S, taken_at + APART_S + _ON_ITS_WAY_S)
    own = stem if taken_at is None else f"{stem}={int(taken_at)}"
    minutes = range(int(since // _MINUTE_S), int(until // _MINUTE_S) + 1)
    return (own, *(f"{stem}@{minute}" for minute in minutes))


class Names:
    """The names of one pool's submissions and reports, with what is known of the clock of each SIM's centre."""

    def __init__(self) -> None:
        self._clocks: dict[str, CentreClock] = {}

    def of_sent(self, sim: str, number: str, taken: Iterable[tuple[int, float]]) -> tuple[str, ...]:
        """Of each part that was `taken`: the modem's reference, and when it was (UTC seconds). A part without a reference has no name."""
        named = [(reference, at) for reference, at in taken if reference >= 0]
        for reference, at in named:
            self._clock(sim).handed_in(stem_of(sim, number, reference), at)
        return tuple(ref_of(sim, number, reference, at) for reference, at in named)

    def of_report(self, sim: str, number: str, reported: Reported, now: float) -> tuple[tuple[str, ...], float | None, float]:
        """Its names, when its text was handed in, by our clock, and by how much that may be wrong; None: it does not say."""
        if reported.taken_at is None:
            return refs_of_report(sim, number, reported, None, now=now), None, 0.0
        stem = stem_of(sim, number, reported.reference)
        at, within_s = self._clock(sim).reported((stem,), reported.taken_at)
        return refs_of_report(sim, number, reported, at, now=now), at, within_s

    def _clock(self, sim: str) -> CentreClock:
        return self._clocks.setdefault(sim, CentreClock(names_zone=True))
