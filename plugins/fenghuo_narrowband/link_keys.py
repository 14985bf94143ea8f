"""The key ring of a post, from its settings and secret files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo.link import KeyRing, Root, SoftwareKeys
from fenghuo.link.keys import secret_octets
from fenghuo_narrowband.link_settings import LinkSettings

__all__ = ["check", "ring_of"]

_Secret = Callable[[str], str]


def ring_of(settings: LinkSettings, secret: _Secret) -> KeyRing:
    """The lanes of this post. Raises: ConfigError with a sentence: a secret that cannot be used, or keys that cannot be told apart."""
    secrets: dict[str, bytes] = {}
    roots: list[Root] = []
    for call, post in settings.posts.items():
        secrets[call] = secret_octets(secret(post.secret_file), f"posts.{call}")
        head, device = (post.code, settings.code) if post.is_head else (settings.code, post.code)
        roots.append(Root(post.key_id, head, device, call, since=post.since))
    for name, group in settings.groups.items():
        secrets[f"group {name}"] = secret_octets(secret(group.secret_file), f"groups.{name}")
        roots.append(Root(group.key_id, group.head, group.code, f"group {name}", members=group.members, since=group.since))
    return KeyRing(settings.code, SoftwareKeys(secrets, suite=settings.suite), roots)


def check(settings: LinkSettings, secret: _Secret) -> Mapping[str, str]:
    """What start() would refuse, before anything is opened."""
    if not settings.posts:
        return {"posts": "is empty; it must hold at least one table posts.CALLSIGN with code, key_id and secret_file"}
    try:
        ring_of(settings, secret)
    except ConfigError as fault:
        return {"posts": f"cannot be used: {fault}"}
    return {}
