"""The orders by which a centre whose battery is nearly empty gives command to another (移交指挥): one that says so in short, and one for
each open order of its own, from which the other side goes on with whoever was not reached. Pure.

Source: failover.md, Modes; scenarios.md S10, Hand-over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from fenghuo.errors import FormatError
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Priority

__all__ = [
    "COMMAND",
    "MOST_TO",
    "Carried",
    "Handing",
    "OpenLine",
    "carried_text",
    "handover_text",
    "is_carried",
    "read_carried",
    "roster_of",
]

COMMAND = "【移交指挥】"
"""What the order begins with that gives command."""
_ORDER = "【移交】"
_ROSTER = re.compile(r"。名册([0-9a-f]{8})，审计\d+:")
MOST_TO = 30
"""Recipients that one open order may still have for its way over a narrow link; a public is told from its own end."""

LONGEST = 360
"""Characters: some ten fragments of a narrow link, half a minute on the air of the battery's last hours."""
LONGEST_LINE = 16


class OpenLine(msgspec.Struct, frozen=True, order=True):
    """One message with something open: the most urgent first, then the oldest."""

    priority: Priority
    number: int
    text: str


class Handing(msgspec.Struct, frozen=True):
    """Who hands over, and by what the other side can check later that nothing was changed: `directory`: the digest of who is who;
    `audit`: the number and hash (hex) of the newest record."""

    node: str
    charge_pct: float
    left_s: float
    directory: str
    audit: tuple[int, str]


def handover_text(handing: Handing, open_ones: Sequence[OpenLine]) -> str:
    """What does not fit is counted, the least urgent first; the numbers are those that everybody was told."""
    seq, audit = handing.audit
    left = f"电量{handing.charge_pct:.0f}%，约可维持{handing.left_s / 3600:.1f}小时"
    head = f"{COMMAND}{handing.node}{left}，请接替指挥。未结{len(open_ones)}条"
    tail = f"。名册{handing.directory[:8]}，审计{seq}:{audit[:16]}"
    said, room = "", LONGEST - len(head) - len(tail) - len("；另9999条")
    for place, one in enumerate(sorted(open_ones)):
        line = f"{'：' if not said else '；'}#{one.number:04d}{one.priority.name}{_short(one.text)}"
        if len(said) + len(line) > room:
            return f"{head}{said}；另{len(open_ones) - place}条{tail}"
        said += line
    return f"{head}{said}{tail}"


def roster_of(text: str) -> str:
    """The first digits of the digest of who is who at whoever gave this command; empty where it says none."""
    found = _ROSTER.search(text)
    return found[1] if found else ""


class Carried(msgspec.Struct, frozen=True):
    """One order of ours that is open. `identifier`, `sender`, `sent`: by which both sides know it as the same; `to`: audiences of whoever
    did not have it as `needed` wants; `expires_at`: UTC seconds."""

    number: int
    priority: Priority
    needed: Evidence
    identifier: str
    sender: str
    sent: datetime
    expires_at: float
    to: tuple[str, ...]
    text: str


def carried_text(one: Carried) -> str:
    """One line that a machine can read back, and a person too; its text is cut so that it stays short."""
    names = (one.identifier, one.sender, one.sent.isoformat(), one.needed.name, f"{one.expires_at:.0f}", ",".join(one.to))
    head = f"{_ORDER}#{one.number:04d}{one.priority.name}|{'|'.join(map(_escaped, names))}|"
    room = max(LONGEST_LINE, LONGEST - len(head))
    return head + (one.text if len(one.text) <= room else f"{one.text[: room - 1]}…")


def is_carried(text: str) -> bool:
    """Whether a text is one of these lines."""
    return text.startswith(_ORDER)


def read_carried(text: str) -> Carried:
    """What carried_text wrote. Raises: FormatError: it says something else."""
    parts = text.removeprefix(_ORDER).split("|", 7)
    try:
        head, identifier, sender, sent, needed, expires, to = (_unescaped(part) for part in parts[:7])
        says = parts[7]
        at = datetime.fromisoformat(sent)
        if not (is_carried(text) and head[:1] == "#" and at.tzinfo is not None and identifier and to and says):
            raise ValueError(head)
        audiences = tuple(to.split(","))
        return Carried(int(head[1:5]), Priority[head[5:]], Evidence[needed], identifier, sender, at, float(expires), audiences, says)
    except (ValueError, KeyError, IndexError) as error:
        raise FormatError(f"no open order: {text[:60]!r}", code="bad-handover", where="text") from error


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("|", "%7C")


def _unescaped(text: str) -> str:
    return text.replace("%7C", "|").replace("%25", "%")


def _short(text: str) -> str:
    bare = "".join(text.split())
    return bare if len(bare) <= LONGEST_LINE else f"{bare[: LONGEST_LINE - 1]}…"
