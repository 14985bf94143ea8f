"""How much of one thing that came in is taken, whatever channel heard it: what is larger is refused, and its text is bounded. Pure.

Whoever answers over a channel is a device in a field, and what it can make this node write, hold in memory or show must end somewhere: what
was too large once would come again at every start. Source: wire-formats.md §1.3, the longest document; delivery.md, T5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from fenghuo.plugin.ports import Inbound, InboundKind

__all__ = ["KEPT_OCTETS", "MOST_ANSWER_OCTETS", "MOST_CHARACTERS", "MOST_OCTETS", "bounded", "shortened"]

MOST_OCTETS = 4 * 1024 * 1024
"""Of one thing that came in. Source: wire-formats.md §1.3."""
MOST_ANSWER_OCTETS = 65_536
"""Of what a person answered: three times the longest text in parts that a telephone sends."""
MOST_CHARACTERS = 2_000
"""Of a text that goes into events, alarms and pages; the whole lies in the inbox."""
KEPT_OCTETS = 4_096
"""Of what is refused for its size: enough to see what it was, beside the digest of all of it."""
_MOST_NAMES = 262_144
_MOST_ADDRESS = 200


def bounded(inbound: Inbound) -> Inbound:
    """As it came where it is within bounds; else something that is refused, acked away and told with whoever sent it."""
    most = MOST_ANSWER_OCTETS if inbound.kind is InboundKind.ANSWER else MOST_OCTETS
    size, names = len(inbound.raw), _characters_of_names(inbound)
    if size <= most and names <= _MOST_NAMES and len(inbound.text) <= MOST_CHARACTERS:
        return inbound
    if size <= most and names <= _MOST_NAMES:
        return msgspec.structs.replace(inbound, text=shortened(inbound.text))
    what = f"{size} octets" if size > most else f"{names} characters of addresses and references"
    digest = hashlib.sha256(inbound.raw).hexdigest()
    text = (
        f"{inbound.kind.value} of {what} is refused: at most {most if size > most else _MOST_NAMES} are taken; "
        f"the first {min(size, KEPT_OCTETS)} octets are kept, the whole has SHA-256 {digest}"
    )
    return Inbound(
        InboundKind.REFUSED,
        inbound.raw[:KEPT_OCTETS],
        _told_off(inbound),
        address_kind=inbound.address_kind[:_MOST_ADDRESS],
        address=inbound.address[:_MOST_ADDRESS],
        text=text,
    )


def shortened(text: str) -> str:
    """The text as far as events carry it; where it is cut, it says how much there was."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]} [… {len(text)} characters; the whole is kept in the inbox]"


def _characters_of_names(inbound: Inbound) -> int:
    """What is written of it beside its octets and its text."""
    listed = (*inbound.alternate_refs, *inbound.addresses, inbound.address_kind, inbound.address, inbound.ref, inbound.media_type)
    return sum(map(len, listed))


def _told_off(inbound: Inbound) -> Callable[[], Awaitable[None]]:
    """The acknowledgement, or the word of refusal where the far end can be told."""
    return partial(inbound.refuse, "too-large") if inbound.refuse is not None else inbound.ack
