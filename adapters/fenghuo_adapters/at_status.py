"""What a modem's error says of a submission: whose fault it is, and whether it may have left all the same.

Pure. Source: 3GPP TS 27.005 §3.2.5; TS 24.011 Annex E (1 to 127), TS 23.040 §9.2.3.22 (128 to 255).
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Blame", "blame_of", "error_name"]


class Blame(StrEnum):
    """RECIPIENT: this number, for good. MESSAGE: this text, for good. LATER: not now, and nobody's fault. CHANNEL: our modem, SIM or
    network. DOUBT: it may have left. UNSURE: the modem does not say; one is tried again, many in a row are the modem's own."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    LATER = "later"
    CHANNEL = "channel"
    DOUBT = "doubt"
    UNSURE = "unsure"


_NAMES = {
    1: "unassigned number",
    8: "barred by the operator",
    10: "call barred",
    21: "transfer rejected",
    27: "destination out of service",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable",
    50: "facility not subscribed",
    69: "facility not implemented",
    192: "centre busy",
    193: "no subscription at the centre",
    194: "centre out of order",
    195: "invalid address",
    196: "destination barred",
    208: "SIM storage full",
    300: "modem failure",
    302: "not allowed",
    304: "invalid PDU",
    305: "invalid text",
    310: "no SIM",
    311: "SIM wants its PIN",
    313: "SIM failure",
    314: "SIM busy",
    316: "SIM wants its PUK",
    320: "memory failure",
    322: "memory full",
    330: "number of the centre unknown",
    331: "no network",
    332: "network timed out",
    500: "unknown error",
}
_RECIPIENT = frozenset({1, 28, 30, 195, 196})
_MESSAGE = frozenset({304, 305})
_LATER = frozenset({21, 27, 41, 42, 47, 192})
_CHANNEL = frozenset({8, 10, 29, 38, 50, 69, 193, 194, 300, 301, 302, 303, *range(310, 319), 320, 322, 330, 331})
_DOUBT = frozenset({332})


def blame_of(code: str) -> Blame:
    """Whose fault a Final.code is, when it answers AT+CMGS."""
    kind, _, number = code.partition("-")
    if kind == "cme":
        return Blame.CHANNEL
    value = int(number) if number.isdigit() else -1
    for blame, codes in (
        (Blame.RECIPIENT, _RECIPIENT),
        (Blame.MESSAGE, _MESSAGE),
        (Blame.LATER, _LATER),
        (Blame.CHANNEL, _CHANNEL),
        (Blame.DOUBT, _DOUBT),
    ):
        if value in codes:
            return blame
    return Blame.UNSURE


def error_name(code: str) -> str:
    """A code with its meaning, for an operator: `cms-331 (no network)`."""
    number = code.rpartition("-")[2]
    meaning = _NAMES.get(int(number)) if number.isdigit() and code.startswith("cms") else None
    return f"{code} ({meaning})" if meaning else code
