"""What a check is: a claim, the grade it belongs to, for whom it holds, and the story that tries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from fenghuo.plugin.conformance import Ability, ConformancePeer
from fenghuo.plugin.ports import Capabilities
from fenghuo.rig.kit.bench import Bench
from fenghuo.rig.kit.grades import Grade

__all__ = ["Check", "everybody", "half_duplex", "listening", "over_a_line", "shared"]

Story = Callable[[Bench], Awaitable[None]]


def everybody(capabilities: Capabilities, peer: ConformancePeer) -> str:
    """Holds for every channel."""
    return ""


def listening(capabilities: Capabilities, peer: ConformancePeer) -> str:
    """Holds for channels that hear anything."""
    return "" if capabilities.inbound else "nothing comes in over this channel"


def half_duplex(capabilities: Capabilities, peer: ConformancePeer) -> str:
    """Holds where only one can speak at a time."""
    return "" if capabilities.half_duplex else "its medium is not half-duplex"


def shared(capabilities: Capabilities, peer: ConformancePeer) -> str:
    """Holds where only one can speak at a time, whoever sees to that."""
    return "" if peer.is_shared else half_duplex(capabilities, peer)


def over_a_line(capabilities: Capabilities, peer: ConformancePeer) -> str:
    """Holds where something lies between the channel and its far end."""
    return "" if not peer.is_local else "there is no line to it that could break"


class Check(msgspec.Struct, frozen=True):
    """`claim`: a sentence. `inapplicable`: why a channel has nothing of the kind, empty if it has. `needs`: what the far end must be able
    to do, else the check stays unshown. `is_alone`: it changes or counts what other checks at the same far end would notice.

    The story raises Broken, or any other error, when the claim does not hold.
    """

    claim: str
    grade: Grade
    story: Story
    inapplicable: Callable[[Capabilities, ConformancePeer], str] = everybody
    needs: frozenset[Ability] = frozenset()
    is_alone: bool = False
