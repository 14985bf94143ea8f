"""The key ring of a post, from its settings and secret files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo.link import KeyRing, Root, SoftwareKeys
from fenghuo.link.keys import claims_of, secret_octets
from fenghuo_narrowband.link_settings import LinkSettings

__all__ = ["check", "claims", "ring_of"]

_Secret = Callable[[str], str]


def ring_of(settings: LinkSettings, secret: _Secret) -> KeyRing:
    """The lanes of this post. Raises: ConfigError with a sentence: a secret that cannot be used, or keys that cannot be told apart."""
    roots: list[Root] = []
    for call, post in settings.posts.items():
        head, device = (post.code, settings.code) if post.is_head else (settings.code, post.code)
        roots.append(Root(post.key_id, head, device, f"posts.{call}", since=post.since))
    for name, group in settings.groups.items():
        roots.append(Root(group.key_id, group.head, group.code, f"groups.{name}", members=group.members, since=group.since))
    return KeyRing(settings.code, SoftwareKeys(_secrets(settings, secret), suite=settings.suite), roots)


def claims(settings: LinkSettings, secret: _Secret) -> Mapping[str, str]:
    """The keys, which no second channel of this node may have: what was said and heard under one is kept by one. Raises: ConfigError."""
    return claims_of(_secrets(settings, secret))


def _secrets(settings: LinkSettings, secret: _Secret) -> dict[str, bytes]:
    tables = {f"posts.{call}": post.secret_file for call, post in settings.posts.items()}
    tables |= {f"groups.{name}": group.secret_file for name, group in settings.groups.items()}
    return {where: secret_octets(secret(file), where) for where, file in tables.items()}


def check(settings: LinkSettings, secret: _Secret) -> Mapping[str, str]:
    """What start() would refuse, before anything is opened."""
    if not settings.posts:
        return {"posts": "is empty; it must hold at least one table posts.CALLSIGN with code, key_id and secret_file"}
    try:
        ring_of(settings, secret)
    except ConfigError as fault:
        return {"posts": f"cannot be used: {fault}"}
    return {}
