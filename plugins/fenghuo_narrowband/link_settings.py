"""Settings of the narrow link over a TNC: `[channels.NAME.settings]` with type "radio.link"."""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo_adapters.ax25_framing import Address
from fenghuo_narrowband.settings import TncSettings

__all__ = ["GroupTable", "LinkSettings", "PostTable", "behind_of"]


# One bit each: what an aggregate receipt of one frame has room for beside its head.
_MOST_BEHIND = 256


class PostTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another post: its node code, the key shared with it, and what its receipt means.

    `is_head`: it is the upper one of the two (the key comes from there); `relays`: it keeps messages for a next hop, so that its own
    receipt is RELAYED and the end's comes later. `since`: UTC seconds when the key was put in. `behind`: callsigns that are reached through
    the lower one of the two, in the order of the bits of its aggregate receipt; the same at both ends. `commands`: it has devices that
    start by what it is sent, so that alerts and orders go to it as commands, to it alone.
    """

    code: int
    key_id: int
    secret_file: str
    is_head: bool = False
    relays: bool = False
    since: float = 0.0
    behind: tuple[str, ...] = ()
    commands: bool = False


class GroupTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Posts that are called together: the group's own code and key, the code of the head that calls, and the members' codes in the
    order of their slots."""

    code: int
    key_id: int
    secret_file: str
    head: int
    members: tuple[int, ...]
    since: float = 0.0


class LinkSettings(TncSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TNC under the sealed link. docs/reference/radio-link.md.

    `code`: our node code, 1-255; `net`: the callsign that all frames of this net are addressed to; `posts.CALLSIGN`: who else is on it;
    `groups.NAME`: who is called together; `suite`: "intl" or "gm". `octets`: longest message in a compact frame; what is longer is
    said at the next rung down. `access_s`: how long the TNC may take to get a free channel; `fragment_s`: longest single frame.
    Airtime in each `span_s`: `hard_cap` for everybody, above `soft_cap` P3 and P4 wait, `reserve` is for P0 and P1, receipts have
    `receipt_share`. The other keys are those of every TNC.
    """

    code: int
    posts: dict[str, PostTable] = msgspec.field(default_factory=dict)
    groups: dict[str, GroupTable] = msgspec.field(default_factory=dict)
    net: str = "FHLINK"
    suite: Literal["intl", "gm"] = "intl"
    octets: int = 480
    access_s: float = 0.5
    turnaround_s: float = 0.3
    fragment_s: float = 2.0
    receipt_share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 64 <= self.octets <= 4096:
            raise ValueError(f"octets {self.octets} is not one of 64 to 4096")
        if self.full_duplex:
            raise ValueError("full_duplex cannot be true: answers in slots need a modem that listens before it sends")
        codes = [self.code, *(post.code for post in self.posts.values()), *(group.code for group in self.groups.values())]
        wrong = [code for code in codes if not 1 <= code <= 255]
        if wrong:
            raise ValueError(f"code {wrong[0]} is not one of 1 to 255")
        if len(set(codes)) < len(codes):
            raise ValueError("a node code is used twice; every post and every group has one of its own")
        self._check_behind()
        self._check_commands()
        if not 0 < self.receipt_share <= 1:
            raise ValueError(f"receipt_share {self.receipt_share:g} must be above 0 and at most 1")

    def _calls(self) -> tuple[str, ...]:
        return (self.mycall, self.net, *self.posts, *(call for post in self.posts.values() for call in post.behind))

    def _check_behind(self) -> None:
        for call, post in self.posts.items():
            if post.behind and not (post.relays or post.is_head):
                raise ValueError(f"posts.{call}.behind names whom it passes messages on to, but it has no relays = true")
            if len(set(map(Address.parse, post.behind))) < len(post.behind) or len(post.behind) > _MOST_BEHIND:
                raise ValueError(f"posts.{call}.behind names up to {_MOST_BEHIND} callsigns, each once")

    def _check_commands(self) -> None:
        called = {member for group in self.groups.values() if group.head == self.code for member in group.members}
        for call, post in self.posts.items():
            if post.commands and post.is_head:
                raise ValueError(f"posts.{call}.commands is true, and that post is above this one (is_head): commands go down")
            if post.commands and post.code in called:
                sentence = "a group's key starts nothing; what has devices is a post of its own, with a code in no group"
                raise ValueError(f"posts.{call}.commands is true, and its code {post.code} is a member of a group: {sentence}")

    def commanded(self) -> frozenset[int]:
        """The node codes of posts to which alerts and orders go as commands."""
        return frozenset(post.code for post in self.posts.values() if post.commands)

    def relays_of(self) -> dict[str, str]:
        """Callsign of whoever is reached through a post below us → callsign of that post, both written the one right way."""
        below = {call: post for call, post in self.posts.items() if not post.is_head}
        return {str(Address.parse(each)): str(Address.parse(call)) for call, post in below.items() for each in post.behind}

    def calls_of(self) -> dict[int, str]:
        """Node code → callsign, written the one right way."""
        return {post.code: str(Address.parse(call)) for call, post in self.posts.items()}


def behind_of(post: PostTable) -> tuple[str, ...]:
    """Who is behind a post, written the one right way, in the order of bits."""
    return tuple(str(Address.parse(call)) for call in post.behind)
