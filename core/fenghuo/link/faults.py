"""What a far end does not take, as a compact frame that says so, and what such a frame means to whoever sent the message. Pure.

Source: docs/compact-frame.md §4 and §7.
"""

from __future__ import annotations

from fenghuo.errors import FrameError
from fenghuo.formats import compact
from fenghuo.formats.compact import Fault, ReceiptNote
from fenghuo.link.events import Delivered
from fenghuo.link.naming import message_name
from fenghuo.model.delivery import Permanent, Scope
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic

__all__ = ["WRONG_TRAFFIC", "failure_of", "fault_body", "fault_in", "is_message", "name_in", "plain_body", "reason_of"]

WRONG_TRAFFIC = "wrong-traffic"
"""Why a frame whose head says another traffic than its seal is not taken."""
_FAULTS = {"unknown-dictionary": Fault.UNKNOWN_DICTIONARY, WRONG_TRAFFIC: Fault.WRONG_TRAFFIC, "expired": Fault.EXPIRED}
_UNREADABLE = ("truncated", "trailing", "bad-value", "bad-area", "bad-text", "bad-code", "too-many", "too-long", "unknown-kind")
_PLAIN = 0  # the dictionary that any receiver reads
_NOBODY = (0, 0, 0)


def is_message(body: bytes) -> bool:
    """Whether these octets are to be a message: an answer that says nothing is not answered, or two ends would answer each other."""
    return bool(body) and compact.Frame.from_octets(body).kind.is_message


def fault_body(body: bytes, why: str, traffic: Traffic) -> bytes:
    """The compact frame that says that the message in `body` is not taken. `why`: a code of FrameError or of intake. What is too short
    to have a name is answered under none."""
    try:
        key, number, revision = compact.named(compact.Frame.from_octets(body))
    except FrameError:
        key, number, revision = _NOBODY
    fault = _FAULTS.get(why, Fault.UNREADABLE if why in _UNREADABLE else Fault.REFUSED)
    note = ReceiptNote(key, number, revision, Evidence.STORED, fault, text="" if why in _FAULTS else why)
    return compact.encode_answer(note, traffic, words=_PLAIN).octets()


def fault_in(delivered: Delivered) -> ReceiptNote | None:
    """What a far end says of a message of ours that it does not take; None: it says something else."""
    try:
        frame = compact.Frame.from_octets(delivered.body)
        note = compact.decode_answer(frame)
    except FrameError:
        return None
    is_fault = isinstance(note, ReceiptNote) and note.fault is not Fault.NONE and frame.traffic is delivered.traffic
    return note if is_fault and isinstance(note, ReceiptNote) else None


def name_in(note: ReceiptNote) -> str:
    """What both ends call the message that a note is about."""
    return message_name(note.key, note.number, note.revision)


def failure_of(note: ReceiptNote) -> Permanent:
    """What a fault is to the delivery: nothing that is said again would be taken."""
    return Permanent(Scope.MESSAGE, note.fault.name.lower())


def reason_of(note: ReceiptNote) -> str:
    """Why a far end does not take a message, in words."""
    return note.fault.name.lower().replace("_", " ") + (f" ({note.text})" if note.text else "")


def plain_body(body: bytes) -> bytes:
    """The same message without a dictionary. Raises: FrameError: it says more than a frame may hold."""
    return compact.in_words(compact.Frame.from_octets(body), _PLAIN).octets()
