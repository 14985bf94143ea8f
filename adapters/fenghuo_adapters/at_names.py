"""By which name a submission and its report find each other. Pure.

A modem names a submission by one octet, which comes round again after 256; a report repeats it with the recipient's number and with the
moment in which the centre took it. Source: 3GPP TS 23.040 §9.2.3.6 (TP-MR), §9.2.2.3.
"""

from __future__ import annotations

import hashlib

from fenghuo_adapters.pdu_framing import Reported

__all__ = ["ref_of", "refs_of_report"]

_HOUR_S = 3600.0
# The centre's clock and ours may differ, also by a whole zone where a centre writes local time without saying so.
_CLOCKS_APART_H = 9


def ref_of(sim: str, number: str, reference: int, at: float) -> str:
    """The name of a submission: SIM, number, the modem's reference, and the hour. `at`: UTC seconds. Names are shown where numbers are
    masked, so the number is in it as a digest."""
    whom = hashlib.blake2b(number.encode(), digest_size=5, person=b"fenghuo-whom").hexdigest()
    return f"{sim}/{whom}/{reference}@{int(at // _HOUR_S)}"


def refs_of_report(sim: str, number: str, reported: Reported, now: float) -> tuple[str, ...]:
    """The names that the submission of a report may have, the likeliest first."""
    at = reported.taken_at if reported.taken_at is not None else now
    apart = sorted(range(-_CLOCKS_APART_H, _CLOCKS_APART_H + 1), key=abs)
    return tuple(ref_of(sim, number, reported.reference, at + hours * _HOUR_S) for hours in apart)
