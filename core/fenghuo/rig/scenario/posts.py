"""What posts on a called radio say to each other beside orders of ours: what comes from above and below, and what goes back up.

What is said is the compact frame of the real link; sealing and pieces are the stations' own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from fenghuo.errors import FormatError, FrameError
from fenghuo.formats import compact
from fenghuo.formats.decode import decode
from fenghuo.link import Delivered
from fenghuo.link.naming import carried_kind, message_name, name_of, receipt_ref
from fenghuo.link.seal import sealed_octets
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import Message, MessageId, content_hash
from fenghuo.model.rendition import COMPACT
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Inbound, InboundKind
from fenghuo.rig.world.clients import Letter

__all__ = ["KIND", "Utterance", "Word", "characters_of", "inbound_of", "octets_of", "tally_body", "told_by"]

KIND = "callsign"
BITS, MARK = 15, 1
"""A sealed frame in a short message: so many bits in each character, behind one that marks it (docs/reference/tiantong.md)."""


class Utterance(msgspec.Struct, frozen=True):
    """What a post said: by which name both ends know it, in how many pieces of the radio, in how many characters of a short message."""

    name: str
    pieces: int
    characters: int


class Word(msgspec.Struct, frozen=True):
    """What a post was told of a message: by which name both ends call it, how sure, and by how many of how many."""

    name: str
    level: Evidence
    reached: int
    total: int


def octets_of(letter: Letter, wall: float, *, number: int) -> tuple[bytes, str]:
    """The compact frame by which another post says a letter, and the name both ends have for it. Raises: FormatError, FrameError."""
    (decoded,) = decode(letter.raw)
    if decoded.content is None:
        raise FormatError(f"the letter of {letter.tag} is none", code="bad-field")
    ident, content = MessageId(f"{letter.actor}-{letter.key}"), decoded.content
    message = Message(ident, 1, content, letter.priority, content_hash(content), wall, letter.expires_at, number=number)
    _, frame = compact.compact(message, compact.Rung.FULL)
    octets = frame.octets()
    return octets, name_of(octets)


def characters_of(body: bytes) -> int:
    """How many characters a short message takes for this, sealed: frame, padding bit and mark."""
    return MARK + -(-(8 * sealed_octets(carried_kind(body), len(body)) + 1) // BITS)


def inbound_of(delivered: Delivered, call: str, ack: Callable[[], Awaitable[None]], *, is_above: bool) -> Inbound:
    """A message from the post at `call`, as the channel of the real link gives it to the core. Raises: FrameError."""
    ref = receipt_ref(call, name_of(delivered.body))
    return Inbound(
        InboundKind.MESSAGE,
        delivered.body,
        ack,
        address_kind=KIND,
        address=call,
        ref=ref,
        media_type=COMPACT,
        proven=True,
        is_above=is_above,
        is_command=delivered.is_command,
        is_shared=delivered.is_shared,
    )


def told_by(body: bytes) -> Word | None:
    """What a receipt from below says of a message of the post above; None: it is none."""
    try:
        answer = compact.decode_answer(compact.Frame.from_octets(body))
    except FrameError:
        return None
    name = message_name(answer.key, answer.number, answer.revision)
    slots = answer.slots if isinstance(answer, compact.Bitmap) else (True,)
    return Word(name, Evidence(answer.level), sum(slots), len(slots))


def tally_body(name: str, level: Evidence, reached: Sequence[bool], traffic: Traffic) -> bytes:
    """The compact frame that says of each in a row whether it has the message of this name."""
    key, number, revision = name.split(".")
    bitmap = compact.Bitmap(int(key, 16), int(number), int(revision), level, 0, tuple(reached))
    return compact.encode_answer(bitmap, traffic, words=compact.NEWEST).octets()
