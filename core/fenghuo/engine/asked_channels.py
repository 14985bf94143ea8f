"""Which channels a message's own `via` names that are none of ours: a slip of the pen must not leave everybody untold in silence. Pure."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from fenghuo.model.delivery import Verdict
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action

__all__ = ["strange", "via"]


def strange(message: Message, channels: Collection[str]) -> tuple[str, ...]:
    """The names in `via` that no installed channel has. A Cancel goes by whatever carried what it ends, whatever it says there."""
    if message.action not in (Action.NEW, Action.UPDATE):
        return ()
    return tuple(name for name in dict.fromkeys(message.content.via) if name not in channels)


def via(message: Message, channels: Collection[str]) -> tuple[Verdict, ...]:
    """What intake says of them; nothing when all are known."""
    names = strange(message, channels)
    if not names:
        return ()
    told = "; ".join(f"{name}: {_advice(name, channels)}" for name in names)
    return (Verdict("via", "unknown", False, f"{len(names)} of {len(message.content.via)} in `via` are no channels of ours: {told}"),)


def _advice(name: str, channels: Collection[str]) -> str:
    near = get_close_matches(name, sorted(channels), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(channels)[:10]) or 'none'}"
