"""Who shares which secret with whom, and the lanes that follow: one key, counter and window for each of them.

One secret for each device; one for each group, whose holders can all speak for its head and which therefore carries text only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from hashlib import sha256

import msgspec

from fenghuo.errors import ConfigError, KeyUnusable
from fenghuo.link.frame import FrameKind, Head, Purpose, purpose_of
from fenghuo.link.suite import FrameCipher, KeyProvider

__all__ = ["Direction", "KeyRing", "Lane", "Root", "claims_of", "secret_octets"]

_LABEL = b"fenghuo link 1"
_LEAST_SECRET = 16  # octets
# Purposes whose frames are pieces of transfers.
_CARRY = (Purpose.MESSAGE, Purpose.COMMAND)


def claims_of(secrets: Mapping[str, bytes]) -> dict[str, str]:
    """What a channel claims for itself of its secrets, by where they stand in its settings."""
    return {f"{where}.secret_file": sha256(b"fenghuo link claim" + octets).hexdigest() for where, octets in secrets.items()}


def secret_octets(text: str, where: str) -> bytes:
    """A secret as its file writes it: hexadecimal, at least 16 octets, as `openssl rand -hex 32` makes it. Raises: ConfigError naming
    `where` it stands in the settings."""
    try:
        octets = bytes.fromhex(text.strip())
    except ValueError:
        octets = b""
    if len(octets) < _LEAST_SECRET:
        raise ConfigError(f"{where}.secret_file holds no key; it must be at least {2 * _LEAST_SECRET} hexadecimal digits")
    return octets


class Direction(IntEnum):
    """Down from the head of a root to its device or group, up from the device."""

    DOWN = 0
    UP = 1


class Root(msgspec.Struct, frozen=True):
    """One shared secret. `key_id`: 0-255, used once among all roots of a head, so that id and source name it on the air;
    `head`, `device`: node codes 1-255 (for a group the group's own code, which no node has); `secret`: its name at the
    provider; `members`: node codes of a group in the order of their slots, empty for a device; `since`: UTC seconds when
    the key was put in, 0 if nobody noted it.
    """

    key_id: int
    head: int
    device: int
    secret: str
    members: tuple[int, ...] = ()
    since: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.key_id <= 255:
            raise ConfigError(f"key id {self.key_id} is not one of 0 to 255")
        if not all(1 <= code <= 255 for code in (self.head, self.device, *self.members)):
            raise ConfigError(f"key {self.key_id}: a node code is not one of 1 to 255")
        if self.head == self.device or self.device in self.members or self.head in self.members:
            raise ConfigError(f"key {self.key_id}: head, device and members must have different codes")
        if len(self.members) > 64 or len(set(self.members)) != len(self.members):
            raise ConfigError(f"key {self.key_id}: a group has up to 64 members, each named once")

    @property
    def is_group(self) -> bool:
        return bool(self.members)


class Lane(msgspec.Struct, frozen=True):
    """One way for one purpose under one secret. `name` is its key in the store: a new secret begins a new lane."""

    name: str
    key_id: int
    source: int
    destination: int
    direction: Direction
    purpose: Purpose
    is_group: bool
    since: float
    cipher: FrameCipher

    def known(self, head: bytes) -> bytes:
        """What the tag covers beside the payload: the head as sent, and what both ends know without sending it."""
        return head + bytes((self.direction, self.destination))

    def nonce(self, counter: int) -> bytes:
        """Key id, source, direction, counter. Never the time, never chance: only a durable counter does not repeat."""
        return bytes((self.key_id, self.source, self.direction)) + bytes(6) + counter.to_bytes(4, "big")


class KeyRing:
    """The lanes of node `own`. Raises: ConfigError: two roots that cannot be told apart or share a secret."""

    def __init__(self, own: int, provider: KeyProvider, roots: Iterable[Root]) -> None:
        self.own = own
        self._roots = [root for root in roots if own in (root.head, root.device, *root.members)]
        self._sending: dict[tuple[int, Purpose], Lane] = {}
        self._hearing: dict[tuple[int, int, Purpose], Lane] = {}
        self._members = {root.device: root.members for root in self._roots if root.is_group}
        self._check(provider)
        for root in sorted(self._roots, key=lambda root: (root.since, root.key_id)):
            self._add(root, provider)

    def sending(self, destination: int, kind: FrameKind) -> Lane:
        """The newest lane to a device or group. Raises: KeyUnusable: there is none, or a group was to be given a command."""
        lane = self._sending.get((destination, purpose_of(kind)))
        if lane is None:
            raise KeyUnusable(f"{self.own}>{destination}", f"there is no key to send {kind.name} frames")
        return lane

    def hearing(self, head: Head) -> Lane | None:
        """The lane a frame claims to be of; None: it is not for us."""
        return self.hearing_by(head.key_id, head.source, purpose_of(head.kind))

    def hearing_by(self, key_id: int, source: int, purpose: Purpose) -> Lane | None:
        return self._hearing.get((key_id, source, purpose))

    def lanes(self) -> tuple[Lane, ...]:
        """All of them, both ways."""
        return (*self._sending.values(), *self._hearing.values())

    def is_group(self, code: int) -> bool:
        return code in self._members

    def by_id(self, key_id: int, purpose: Purpose) -> Lane | None:
        """The lane we send in under this key; None: there is none."""
        lanes = (lane for lane in self._sending.values() if (lane.key_id, lane.purpose) == (key_id, purpose))
        return next(lanes, None)

    def transferring(self, source: int, destination: int, key_id: int) -> list[str]:
        """The names of the lanes in which transfers may come from a post that spoke under `key_id`: to a group under the group's own."""
        heard = (lane for lane in self._hearing.values() if (lane.source, lane.destination) == (source, destination))
        return [lane.name for lane in heard if lane.purpose in _CARRY and (lane.is_group or lane.key_id == key_id)]

    def members(self, group: int) -> tuple[int, ...]:
        """Who is in a group, in the order of slots. Raises: KeyUnusable: no such group here."""
        if group not in self._members:
            raise KeyUnusable(f"{self.own}>{group}", "there is no such group")
        return self._members[group]

    def peers(self) -> tuple[int, ...]:
        """Node codes with which a key of their own is shared."""
        return tuple(sorted({destination for destination, purpose in self._sending if purpose is Purpose.COMMAND}))

    def _check(self, provider: KeyProvider) -> None:
        ids: dict[tuple[int, int], str] = {}
        secrets: dict[str, str] = {}
        for root in self._roots:
            key, value = (root.head, root.key_id), provider.check_value(root.secret)
            if key in ids:
                twice = f"by node {root.head}, for {ids[key]} and for {root.secret}"
                raise ConfigError(f"key id {root.key_id} is used twice {twice}: on the air nobody could tell which")
            if value in secrets:
                raise ConfigError(f"{secrets[value]} and {root.secret} share one secret: each device and group needs one of its own")
            ids[key] = secrets[value] = root.secret

    def _add(self, root: Root, provider: KeyProvider) -> None:
        if root.is_group:
            self._add_lane(root, provider, Direction.DOWN, Purpose.MESSAGE)
            return
        for purpose in Purpose:
            self._add_lane(root, provider, Direction.DOWN, purpose)
            self._add_lane(root, provider, Direction.UP, purpose)

    def _add_lane(self, root: Root, provider: KeyProvider, direction: Direction, purpose: Purpose) -> None:
        is_down = direction is Direction.DOWN
        source, destination = (root.head, root.device) if is_down else (root.device, root.head)
        info = b"\0".join((_LABEL, provider.suite.encode(), bytes((root.key_id, source, destination, direction, purpose))))
        name = f"{root.key_id}-{provider.check_value(root.secret)}/{source}>{destination}/{purpose.name.lower()}"
        lane = Lane(
            name, root.key_id, source, destination, direction, purpose, root.is_group, root.since, provider.cipher(root.secret, info)
        )
        if source == self.own:
            self._sending[(destination, purpose)] = lane
        else:
            self._hearing[(root.key_id, source, purpose)] = lane
