"""Delivery reports as short message centres really write them: read from text and optional parameters, never failing.

Pure: no I/O. Source: SMPP 3.4 Appendix B (the text is "typically" so), §5.2.28 (message_state).
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from fenghuo_adapters.short_message_framing import decode_text
from fenghuo_adapters.smpp_framing import Delivered

__all__ = ["Report", "id_forms", "is_report", "read_report"]

# Source: §5.2.28; the words are those of Appendix B.
_STATES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}
_FAILURES = frozenset({"EXPIRED", "DELETED", "UNDELIV", "UNKNOWN", "REJECTD"})
_SPELLINGS = {"DELIVERED": "DELIVRD", "ACCEPTED": "ACCEPTD", "REJECTED": "REJECTD", "UNDELIVERED": "UNDELIV", "UNDELIVERABLE": "UNDELIV"}

# A gateway that speaks CMPP behind passes its codes on where the word should be (MK:0005, DB:0141): all of them are failures.
_GATEWAY_CODE = re.compile(r"[A-Z]{2}:\w{4}")

_FIELD = re.compile(r"\b(id|sub|dlvrd|submit date|done date|stat|err):\s*(\S*)", re.IGNORECASE)

# Types of esm_class that report on one of ours: receipt (1), delivery and user acknowledgement (2, 4), intermediate (8).
_RECEIPT, _INTERMEDIATE = 1, 8


class Report(msgspec.Struct, frozen=True):
    """What a report says. `ids`: every id it names us by, best first; `state`: a word of Appendix B, upper case, or what stood there;
    `error`: the network's own code as text, since not every one is a number; `done`: its digits, 10 or 12 of them, as they came;
    `submitted`: when it was handed in, by the centre's local time, read as if that were UTC (seconds)."""

    ids: tuple[str, ...]
    state: str
    error: str = ""
    done: str = ""
    submitted: float | None = None
    is_delivered: bool = False
    is_failed: bool = False


def is_report(delivered: Delivered) -> bool:
    """Whether a deliver_sm reports on one of ours instead of bringing a message."""
    return delivered.message_type in (_RECEIPT, _INTERMEDIATE) or bool(delivered.receipted_id)


def read_report(delivered: Delivered) -> Report:
    """What a report says, as far as it says anything. Delivered only if text and parameter do not contradict each other."""
    fields = {name.lower(): value for name, value in _FIELD.findall(_text(delivered))}
    words = {word for word in (_word(fields.get("stat", "")), _STATES.get(delivered.message_state, "")) if word}
    failed = sorted(word for word in words if word in _FAILURES or _GATEWAY_CODE.fullmatch(word))
    final = delivered.message_type != _INTERMEDIATE
    state = failed[0] if failed else min(words - {"DELIVRD"}, default="DELIVRD" if words else "")
    return Report(
        ids=tuple(dict.fromkeys(ref for ref in (delivered.receipted_id, fields.get("id", "")) if ref)),
        state=state,
        error=fields.get("err", ""),
        done=fields.get("done date", ""),
        submitted=_moment(fields.get("submit date", "")),
        is_delivered=final and words == {"DELIVRD"},
        is_failed=final and bool(failed),
    )


def _moment(digits: str) -> float | None:
    """`YYMMDDhhmm`, or with the seconds behind; None for anything else."""
    form = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}.get(len(digits))
    if form is None or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return dt.datetime.strptime(digits, form).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None


def _word(stat: str) -> str:
    upper = stat.upper()
    return _SPELLINGS.get(upper, upper)


def _text(delivered: Delivered) -> str:
    """The text of a report up to the words of the message it quotes, which may say anything."""
    coding = delivered.data_coding
    text = decode_text(delivered.user_data, coding) if coding == 8 else delivered.user_data.decode("latin-1")
    return re.split(r"\btext:", text, maxsplit=1, flags=re.IGNORECASE)[0]


def id_forms(ref: str) -> tuple[str, ...]:
    """The other ways the same id is written: case, leading zeros, hexadecimal against decimal. The given form is not among them.

    Centres in China often answer a submission in hexadecimal and report in decimal, or the other way round (peers.md).
    """
    bare = ref.lstrip("0") or ref
    forms = [ref.lower(), ref.upper(), bare, bare.lower(), bare.upper()]
    if bare.isascii() and bare.isdigit():
        forms += [f"{int(bare):x}", f"{int(bare):X}"]
    if re.fullmatch(r"[0-9a-fA-F]{1,32}", bare):
        forms.append(str(int(bare, 16)))
    return tuple(form for form in dict.fromkeys(forms) if form != ref)
