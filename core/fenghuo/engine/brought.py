"""A message that came over a channel: in whose name it speaks here, and what whoever sent it is told. Pure."""

from __future__ import annotations

from fenghuo.engine.authority import Post, Standing, areas_behind
from fenghuo.engine.judging import Origin, authority_against
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.directory import Directory
from fenghuo.model.message import MessageState
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Inbound

__all__ = ["origin_of", "why_untold"]


def origin_of(channel: str, inbound: Inbound, directory: Directory) -> Origin:
    """A far end that proved who it is, or the channel, which speaks for nobody."""
    if not inbound.proven:
        return Origin(f"channel:{channel}", traffic=())
    areas = areas_behind(directory, inbound.address_kind, inbound.address)
    standing = Standing.ABOVE if inbound.is_above else Standing.BELOW
    post = Post(standing, areas, is_command=inbound.is_command, is_shared=inbound.is_shared)
    return Origin(f"post:{inbound.address}", traffic=tuple(Traffic), is_timed=True, post=post)


def why_untold(taken: Accepted | Refused) -> str:
    """Why nobody here is told of a message, or not before a person has judged whether its sender may say it; empty: somebody is, or was."""
    if isinstance(taken, Refused):
        return taken.code
    if taken.state == MessageState.HELD and (against := authority_against(taken.verdicts)):
        return f"held-{against.value}"
    return "expired" if taken.state == MessageState.EXPIRED else ""
