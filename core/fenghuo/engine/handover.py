"""The order by which a centre whose battery is nearly empty gives command to another (移交指挥): what it must say, in one short text. Pure.

Source: failover.md, Modes; scenarios.md S10, Hand-over.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fenghuo.model.traffic import Priority

__all__ = ["Handing", "OpenLine", "handover_text"]

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
    head = f"【移交指挥】{handing.node}{left}，请接替指挥。未结{len(open_ones)}条"
    tail = f"。名册{handing.directory[:8]}，审计{seq}:{audit[:16]}"
    said, room = "", LONGEST - len(head) - len(tail) - len("；另9999条")
    for place, one in enumerate(sorted(open_ones)):
        line = f"{'：' if not said else '；'}#{one.number:04d}{one.priority.name}{_short(one.text)}"
        if len(said) + len(line) > room:
            return f"{head}{said}；另{len(open_ones) - place}条{tail}"
        said += line
    return f"{head}{said}{tail}"


def _short(text: str) -> str:
    bare = "".join(text.split())
    return bare if len(bare) <= LONGEST_LINE else f"{bare[: LONGEST_LINE - 1]}…"
